"""What the data of an event would disclose about files and folders, and how to leave it out.

A field that is left out is null, so that its absence can be told from an event that has no such
field.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

NAMES = frozenset({"name", "old_name"})
"""The fields that hold the name of a file or folder, in events whose kind is in `NAMED_KINDS`."""
NAMED_KINDS = frozenset({"file", "folder", "upload"})
NODES = frozenset({"folder_id", "source_id"})
"""The fields that hold the id of another file or folder than the one the event is about."""


def nodes(data: dict[str, Any]) -> Iterator[UUID]:
    """The other files and folders that the data identifies."""
    yield from (UUID(data[field]) for field in NODES & data.keys() if data[field] is not None)


def without_nodes(data: dict[str, Any], hidden: set[str]) -> dict[str, Any]:
    """The data without the ids in `hidden`."""
    return {
        field: None if field in NODES and value in hidden else value
        for field, value in data.items()
    }


def without_names(data: dict[str, Any]) -> dict[str, Any]:
    """The data without names."""
    return {field: None if field in NAMES else value for field, value in data.items()}
