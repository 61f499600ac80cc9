"""Whose an object is decides what fsck does with it."""

from collections.abc import AsyncIterator, Sequence
from uuid import uuid4

import orjson
import pytest

from backend.core.database.rows import Db
from backend.core.s3.objects import ForeignKeys
from backend.core.services import Services
from backend.features.fsck import objects, prefixes, repair_limits
from backend.features.fsck.prefixes import PREFIXES, Prefix
from backend.features.tree.jobs import delete_objects
from tests.features.fsck.conftest import Run


async def store(services: Services, key: str) -> str:
    await services.streams.put(key, b"?", size=1, content_type="a/b", cache_control="")
    return key


async def found(run: Run, *options: str) -> list[tuple[str, str, bool]]:
    """Kind, subject and whether it was repaired, of each finding."""
    result = await run("--json", "--older-than", "0", *options)
    lines = [orjson.loads(line) for line in result.stdout.splitlines()]
    return [(line["kind"], line["subject"], line["repaired"]) for line in lines[:-1]]


@pytest.fixture
async def foreign(services: Services) -> AsyncIterator[str]:
    """An object below a prefix of nobody's."""
    key = await store(services, f"backups/{uuid4()}")
    yield key
    await services.storage.delete([key], prefix="backups/")


class TestForeignObjects:
    @pytest.mark.parametrize("option", [(), ("--repair",), ("--repair-all",)])
    async def test_are_told_of_and_survive_every_repair(
        self, services: Services, run: Run, foreign: str, option: tuple[str, ...]
    ) -> None:
        assert await found(run, *option) == [("foreign_object", foreign, False)]
        assert await services.storage.head(foreign) is not None

    async def test_are_also_those_without_any_prefix(self, services: Services, run: Run) -> None:
        key = await store(services, "objects-of-mine")

        assert await found(run, "--repair-all") == [("foreign_object", key, False)]

        await services.storage.delete([key], prefix=key)

    async def test_do_not_count_when_a_repair_asks_what_it_may_delete(
        self, services: Services, run: Run
    ) -> None:
        keys = [await store(services, f"backups/{uuid4()}") for _ in range(12)]
        orphan = await store(services, f"objects/20261121/{uuid4()}")

        assert ("orphan_object", orphan, True) in await found(run, "--repair")

        await services.storage.delete(keys, prefix="backups/")

    async def test_are_never_deleted_by_the_job_that_deletes_objects(
        self, services: Services, foreign: str
    ) -> None:
        mine = await store(services, f"objects/20261121/{uuid4()}")

        with pytest.raises(ForeignKeys):
            await delete_objects(services, keys=[mine, foreign])

        assert await services.storage.head(foreign) is not None
        await services.storage.delete([mine])


class TestOneLineMore:
    @pytest.fixture
    async def kept(self, services: Services, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
        """`derived/` belongs to a feature that holds one object there."""
        kept = await store(services, f"derived/{uuid4()}")

        async def held(_db: Db, keys: Sequence[str]) -> set[str]:
            return {kept}.intersection(keys)

        more = (*PREFIXES, Prefix("derived/", "contents", held))
        for module in (prefixes, objects, repair_limits):
            monkeypatch.setattr(module, "PREFIXES", more)
        yield kept
        await services.storage.delete([kept], prefix="derived/")

    async def test_makes_a_prefix_known(self, services: Services, run: Run, kept: str) -> None:
        assert await found(run) == []

        orphan = await store(services, f"derived/{uuid4()}")

        assert await found(run) == [("orphan_object", orphan, False)]
        assert await found(run, "--repair") == [("orphan_object", orphan, True)]
        assert await services.storage.head(orphan) is None
        assert await services.storage.head(kept) is not None
        assert await found(run) == []


def test_every_prefix_is_one_folder_at_the_top_and_the_only_one_of_its_name() -> None:
    names = [prefix.prefix for prefix in PREFIXES]

    assert len(set(names)) == len(names)
    assert all(name.index("/") == len(name) - 1 for name in names)
