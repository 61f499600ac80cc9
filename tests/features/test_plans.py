"""No hot read looks at a whole table: their plans on 100,000 files, whatever is asked.

Every paged list of the OpenAPI document is looked at as well, as PostgreSQL plans it for an API.
"""

from collections import namedtuple
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import Executable, Result, ReturnsRows, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from backend.core.database.engine import Database
from backend.core.database.prepared import Prepared
from backend.core.database.rows import Db
from backend.core.secrets.passwords import HASHER
from backend.core.settings import DatabaseSettings, Settings
from backend.features.files.downloads import find_download, find_downloads
from backend.features.files.versions import list_versions
from backend.features.shares.received import shared_with_me
from backend.features.spaces.service import get_space, list_spaces
from backend.features.tree.children import KEYS, list_children
from backend.features.tree.nodes import get_node, get_root_folder
from backend.features.tree.search import search_files
from backend.features.tree.trash import list_trash
from backend.kit.cursors import encode_cursor
from backend.kit.vocabulary import NodeKind, Role, SpaceKind, UserRole
from backend.models import Node, User
from backend.rules import access
from tests.conftest import new_database, serve
from tests.support.operations import PAGED, parameters
from tests.support.people import PASSWORD, plain_client, sign_in
from tests.support.plans import Plan, explaining, scanned_tables, told_plans

MODES = ("force_custom_plan", "force_generic_plan")
BIG = {"nodes", "file_versions", "grants", "users", "spaces"}


def made_id(kind: str, number: int) -> UUID:
    """The ids of crowd.sql."""
    return UUID(f"00000000-0000-7000-{kind}000-{number:012x}")


ME, ROOT, FILE = made_id("8", 500), made_id("9", 500), made_id("a", 500_001)
KEY = made_id("d", 5_001)
SHARED_FILE, SHARED_ROOT = made_id("a", 499_001), made_id("9", 493)
FILES = [made_id("a", 500_000 + number) for number in range(1, 96)]


class Explained:
    """A database that looks at the plan of whatever it is asked, then answers.

    PostgreSQL makes a plan for the values at hand, or one for any values once a statement was
    prepared and run a few times: both have to do.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.scanned: set[str] = set()

    async def execute(self, statement: Executable, parameters: Any = None, /) -> Result[Any]:
        raw = (await self._connection.get_raw_connection()).driver_connection
        assert raw is not None
        assert isinstance(statement, ReturnsRows)
        row = namedtuple("row", [column.key for column in statement.exported_columns])  # type: ignore[misc]
        prepared = Prepared(row, statement)
        for mode in MODES:
            await raw.execute(f"SET plan_cache_mode = {mode}")
            plan = await raw.fetchval(
                f"EXPLAIN (FORMAT JSON) {prepared.sql}", *prepared.arguments(parameters or {})
            )
            self.scanned |= BIG & set(scanned_tables(plan[0]["Plan"]))
        return await self._connection.execute(statement, parameters)


@pytest.fixture(scope="module")
async def crowd_url(postgres_url: str) -> str:
    return await new_database(postgres_url)


@pytest.fixture(scope="module")
async def crowd(crowd_url: str) -> AsyncIterator[Database]:
    """A database of its own with 1,000 people, 100,000 files and 10,000 grants."""
    database = Database(DatabaseSettings(url=SecretStr(crowd_url)))
    connection = await database.connect()
    await connection.execute("SET statement_timeout = 0")
    await connection.execute(Path(__file__).with_name("crowd.sql").read_text(), timeout=90)
    await connection.close()
    yield database
    await database.close()


@pytest.fixture
async def explained(crowd: Database) -> AsyncIterator[Explained]:
    async with crowd.engine.connect() as connection:
        yield Explained(connection)


Ask = Callable[[Db], Awaitable[Any]]


def children(folder: UUID = ROOT, **how: Any) -> Ask:
    return lambda db: list_children(db, ME, folder, limit=100, **how)


def search(**what: Any) -> Ask:
    return lambda db: search_files(db, ME, limit=100, **what)


NAMED = encode_cursor("report 5", FILE)
OWN_SPACE = encode_cursor(SpaceKind.PERSONAL.value, ME)

READS: dict[str, Ask] = {
    **{f"children by {key}": children(sort=key) for key in KEYS},
    **{f"children by {key}, backwards": children(sort=f"-{key}") for key in KEYS},
    "children, the next page": children(cursor=encode_cursor("name", "report 5")),
    "children, only folders": children(kind=NodeKind.FOLDER),
    "children of a shared folder": children(folder=SHARED_ROOT),
    "search, everything": search(),
    "search, a word": search(q="report"),
    "search, nothing like it": search(q="zzzzzz"),
    "search, one character": search(q="a"),
    "search, without a trigram": search(q="5 %"),
    "search, a type": search(content_type="image/*"),
    "search, the next page": search(q="report", cursor=NAMED),
    "a file": lambda db: get_node(db, ME, FILE, NodeKind.FILE),
    "a shared file": lambda db: get_node(db, ME, SHARED_FILE, NodeKind.FILE),
    "access": lambda db: access.require(db, ME, SHARED_FILE, Role.EDITOR),
    "a download": lambda db: find_download(db, ME, FILE, None),
    "many downloads": lambda db: find_downloads(db, ME, FILES),
    "versions": lambda db: list_versions(db, ME, FILE, limit=100, cursor=None),
    "the trash": lambda db: list_trash(db, ME, limit=100, cursor=None),
    "spaces": lambda db: list_spaces(db, ME, limit=100, cursor=None),
    "spaces, the next page": lambda db: list_spaces(db, ME, limit=100, cursor=OWN_SPACE),
    "a space": lambda db: get_space(db, ME, ME),
    "a root": lambda db: get_root_folder(db, ME, ME),
    "shared with me": lambda db: shared_with_me(db, ME, 100, None),
}


@pytest.mark.parametrize("read", READS)
async def test_reads_only_what_it_needs(explained: Explained, read: str) -> None:
    await READS[read](explained)
    assert explained.scanned == set()


async def test_a_scan_would_be_noticed(explained: Explained) -> None:
    await explained.execute(select(Node.id).where(Node.size == 5))
    assert explained.scanned == {"nodes"}


class Lists:
    """An API whose statements leave their plans, and somebody who has three of everything."""

    def __init__(self, http: httpx.AsyncClient, plans: list[Plan]) -> None:
        self._http = http
        self._plans = plans
        self._token = ""

    async def sign_in(self) -> None:
        """As ME, who also gets a link to show."""
        tokens = (await sign_in(self._http, "500@example.com")).raise_for_status().json()
        self._http.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        link = await self._http.post(f"/v1/folders/{ROOT}/links", json={})
        self._token = link.raise_for_status().json()["token"]

    async def scanned_by(self, operation: str) -> set[str]:
        """The tables that the first two pages of a list read from end to end."""
        self._plans.clear()
        ids = {"folder_id": ROOT, "file_id": FILE, "key_id": KEY, "token": self._token}
        unknown = parameters(operation, "path") - ids.keys()
        assert not unknown, f"say in `ids` which {unknown} of crowd.sql has three of it"
        path = operation.removeprefix("GET ").format_map(ids)
        first = await self._http.get(path, params={"limit": 2})
        cursor = first.raise_for_status().json()["next_cursor"]
        assert cursor, f"too short to have pages: give everyone three in crowd.sql: {first.text}"
        second = await self._http.get(path, params={"limit": 2, "cursor": cursor})
        second.raise_for_status()
        assert self._plans
        return {table for plan in self._plans for table in scanned_tables(plan)}


@pytest.fixture(scope="module", params=MODES)
async def lists(
    request: pytest.FixtureRequest, crowd: Database, crowd_url: str, settings: Settings
) -> AsyncIterator[Lists]:
    async with crowd.transaction() as tx:
        known = {"password_hash": HASHER.hash(PASSWORD), "role": UserRole.ADMIN}
        await tx.execute(update(User).where(User.id == ME).values(known))
    url = SecretStr(explaining(crowd_url, request.param))
    database = settings.database.model_copy(update={"url": url})
    with told_plans() as plans:
        async with (
            serve(settings.model_copy(update={"database": database})) as api,
            plain_client(base_url=api, timeout=30) as http,
        ):
            lists = Lists(http, plans)
            await lists.sign_in()
            yield lists


@pytest.mark.parametrize("operation", PAGED)
async def test_a_list_reads_only_what_it_shows(lists: Lists, operation: str) -> None:
    assert await lists.scanned_by(operation) == set()
