"""Write docs/events.md, the page of all events, from the catalogue."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

from backend.kit.events import Audience, Entry, accounts, catalogue, sharing, spaces, tree
from backend.kit.vocabulary import Role, UserRole

PAGE = Path(__file__).parents[1] / "docs/events.md"
SECTIONS = {
    "Files, folders, and uploads": tree,
    "Shares and links": sharing,
    "Spaces": spaces,
    "Accounts and credentials": accounts,
}

INTRODUCTION = """\
# Events

Every change to data or access rights leaves one event, written in the transaction that made it. The
table `events` is append-only; the activity of files, one's own activity, and the audit trail
(`GET /v1/admin/events`) all read it. `make events` writes this page from the catalogue,
`backend/kit/events`.

Every event has:

| Field | What it says |
|---|---|
| `action` | The type, as listed below. A type is never renamed. |
| `subject_kind`, `subject_id` | What it is about: the first part of the type, and its id. |
| `actor_kind` | Who did it: `user`, `api_key`, `link`, `anonymous`, or `system` (the worker). |
| `actor_id` | The id of the user (also of an API key's owner) or of the link. |
| `node_id` | The file or folder that it concerns, if any. Null in older events. |
| `space_id` | The space in which it happened, if any. Null in older events. |
| `ip`, `request_id` | The request's address and its `X-Request-ID`. Null for the worker. |
| `data` | The fields listed below, never a secret. A field never changes its meaning. |
| `created_at` | When it happened. |

Administrators see every event, without the names of files and folders, and everybody sees what they
did themselves. Who else sees one:

| Audience | Who |
|---|---|
| `viewers` | Everybody who may see the file or folder. |
| `owners` | The owners of the file, folder, or space. |
| `account` | The person whose account it is about. |

A field is null for a reader who may not learn it: `folder_id` and `source_id` for those who cannot
see that folder or file now; `name` and `old_name` for administrators and, in events from before
they could see the file, for all but its owners.
"""

HEADER = """
| Type | What happened | Data | Audience |
|---|---|---|---|
"""


def page() -> str:
    """The text of the page."""
    return INTRODUCTION + "".join(_section(title, module) for title, module in SECTIONS.items())


def _section(title: str, module: ModuleType) -> str:
    entries = dict.fromkeys(entry for _, entry in catalogue())
    own = [entry for entry in entries if entry.__module__ == module.__name__]
    return f"\n## {title}\n{HEADER}" + "".join(map(_row, own))


def _row(entry: type[Entry]) -> str:
    types = ", ".join(f"`{kind}`" for kind in entry.types)
    data = ", ".join(_data(entry)) or "-"
    return f"| {types} | {entry.__doc__} | {data} | `{Audience(entry.audience)}` |\n"


def _data(entry: type[Entry]) -> Iterator[str]:
    for name, kind in entry.data_fields():
        yield TEXTS[kind].format(name=f"`{name}`")


TEXTS: dict[Any, str] = {
    str: "{name}: string",
    int: "{name}: integer",
    UUID: "{name}: id",
    UUID | None: "{name}: id or null",
    tuple[str, ...]: "{name}: list of strings",
    Role: "{name}: " + ", ".join(f"`{role.name.lower()}`" for role in Role),
    UserRole: "{name}: " + ", ".join(f"`{role}`" for role in UserRole),
    dict[str, Any]: "the fields that were set",
}


if __name__ == "__main__":
    PAGE.write_text(page())
