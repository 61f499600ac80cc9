"""Deleting bytes: enqueued in the transaction that ended the last row that knew of them."""

from collections.abc import Sequence
from itertools import islice

from sqlalchemy import String, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from backend.core.db import Db, Transaction
from backend.core.queue import enqueue
from backend.models import FileVersion

MAX_KEYS = 1000
"""What one DeleteObjects call takes (S3)."""


async def discard_objects(tx: Transaction, keys: Sequence[str]) -> None:
    """Have the worker delete these objects once `tx` has committed, unless a copy shares them."""
    left = iter(keys)
    while chunk := list(islice(left, MAX_KEYS)):
        await enqueue(tx, "objects.delete", {"keys": chunk})


async def unreferenced(db: Db, keys: Sequence[str]) -> list[str]:
    """Those of `keys` that no version holds.

    No row can come to hold such a key again: only a version that has it can be copied.
    """
    query = select(FileVersion.object_key).where(
        FileVersion.object_key == any_(literal(list(keys), ARRAY(String)))
    )
    held = set((await db.execute(query)).scalars())
    return [key for key in keys if key not in held]
