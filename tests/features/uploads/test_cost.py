"""What an operation costs: round trips to PostgreSQL and calls to S3, counted."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import pytest
from prometheus_client import REGISTRY

from tests.support.people import Register
from tests.support.transfer import (
    begin,
    send,
    send_parts,
    upload_file,
)

HELLO = b"hello, world"


@dataclass
class Cost:
    """Statements by their first word, and the number of S3 calls."""

    statements: list[str] = field(default_factory=list)
    s3_calls: int = 0


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cost]:
    """Count what the API, which runs in this process, sends meanwhile."""
    cost, before = Cost(), _s3_calls()
    connection: Any = asyncpg.Connection  # whose stubs do not know what is private
    prepared, plain = connection._do_execute, connection.execute

    async def spy_prepared(self: Any, query: Any, *rest: Any, **options: Any) -> Any:
        cost.statements.append(str(query).split()[0])
        return await prepared(self, query, *rest, **options)

    async def spy_plain(self: Any, query: str, *rest: Any, **options: Any) -> Any:
        if not rest and query.strip(";") != "SELECT":  # the listener's own
            cost.statements.append(query.split(maxsplit=1)[0])
        return await plain(self, query, *rest, **options)

    with monkeypatch.context() as patched:
        patched.setattr(asyncpg.Connection, "_do_execute", spy_prepared)
        patched.setattr(asyncpg.Connection, "execute", spy_plain)
        yield cost
    cost.s3_calls = _s3_calls() - before


def _s3_calls() -> int:
    name = "dependency_call_duration_seconds"
    metric = next(metric for metric in REGISTRY.collect() if metric.name == name)
    counts = [sample for sample in metric.samples if sample.name == f"{name}_count"]
    return int(sum(sample.value for sample in counts if sample.labels.get("service") == "s3"))


class TestCost:
    async def test_beginning_a_put_is_one_statement_and_no_call(
        self, register: Register, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ada = await register()
        await begin(ada, HELLO)

        with counted(monkeypatch) as cost:
            await begin(ada, HELLO)

        assert (len(cost.statements), cost.s3_calls) == (1, 0), cost.statements

    async def test_a_download_url_is_one_statement_and_no_call(
        self, register: Register, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ada = await register()
        file = await upload_file(ada, HELLO)

        with counted(monkeypatch) as cost:
            answer = await ada.http.post(f"/v1/files/{file['id']}/download-url")

        assert answer.status_code == 200
        assert (len(cost.statements), cost.s3_calls) == (1, 0), cost.statements

    async def test_a_listing_is_one_statement(
        self, register: Register, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ada = await register()
        file = await upload_file(ada, HELLO)

        with counted(monkeypatch) as cost:
            await ada.http.get(f"/v1/folders/{file['folder_id']}/children")

        assert len(cost.statements) == 1, cost.statements

    async def test_completing_a_put_is_two_calls_at_most(
        self, register: Register, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ada = await register()
        upload = await begin(ada, HELLO)
        await send(upload["request"], HELLO)

        with counted(monkeypatch) as cost:
            answer = await ada.http.post(f"/v1/uploads/{upload['id']}/complete")

        assert answer.status_code == 200
        assert 1 <= cost.s3_calls <= 2
        assert len(cost.statements) <= 5, cost.statements

    async def test_completing_parts_is_three_calls_at_most(
        self, register: Register, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ada = await register()
        upload = await begin(ada, HELLO, method="multipart")
        await send_parts(upload, HELLO)

        with counted(monkeypatch) as cost:
            answer = await ada.http.post(f"/v1/uploads/{upload['id']}/complete")

        assert answer.status_code == 200
        assert 2 <= cost.s3_calls <= 3
