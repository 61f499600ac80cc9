"""Quota against a small model, and against many at once."""

import asyncio
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select, update

from backend.core.errors import ApiError, QuotaExceeded
from backend.core.services import Services
from backend.models import Space
from backend.rules import quota
from tests.rules.world import World, join, outcome_of
from tests.support.people import Register

sizes = st.sampled_from([0, 1, 10, 60, 100, 101])


class QuotaMachine(RuleBasedStateMachine):
    """Reserves, settles, releases, charges and refunds, and lets the quota change meanwhile."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.owner = self.world.run(lambda tx: join(tx, "ada", 100)).user_id
        self.limit = 100
        self.reserved: list[int] = []
        self.used: list[int] = []

    def _try_to_take(self, take, size: int, into: list[int]) -> None:
        fits = size == 0 or sum(self.reserved) + sum(self.used) + size <= self.limit
        _, refusal = outcome_of(
            lambda: self.world.run(lambda tx: take(tx, self.owner, size)), ApiError
        )
        assert refusal == (None if fits else "quota_exceeded")
        if fits:
            into.append(size)

    @rule(size=sizes)
    def reserve(self, size):
        self._try_to_take(quota.reserve, size, self.reserved)

    @rule(size=sizes)
    def charge(self, size):
        self._try_to_take(quota.charge, size, self.used)

    @precondition(lambda self: self.reserved)
    @rule()
    def settle(self):
        size = self.reserved.pop()
        self.used.append(size)
        self.world.run(lambda tx: quota.settle(tx, self.owner, size))

    @precondition(lambda self: self.reserved)
    @rule()
    def release(self):
        size = self.reserved.pop()
        self.world.run(lambda tx: quota.release(tx, self.owner, size, sent=size))

    @precondition(lambda self: self.used)
    @rule()
    def refund(self):
        size = self.used.pop()
        self.world.run(lambda tx: quota.refund(tx, self.owner, size))

    @rule(limit=sizes)
    def change_the_limit(self, limit):
        self.limit = limit
        changed = update(Space).where(Space.id == self.owner).values(quota_bytes=limit)
        self.world.run(lambda tx: tx.execute(changed))

    @invariant()
    def counts_are_the_same(self):
        query = select(Space.used_bytes, Space.reserved_bytes).where(Space.id == self.owner)
        row = self.world.run(lambda tx: tx.execute(query)).one()
        assert (row.used_bytes, row.reserved_bytes) == (sum(self.used), sum(self.reserved))


def test_quota_is_what_the_model_says(world: World) -> None:
    QuotaMachine.world = world
    run_state_machine_as_test(
        QuotaMachine,
        settings=settings(
            max_examples=25,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


class TestConcurrency:
    async def test_the_last_bytes_go_to_exactly_one(self, register: Register, services: Services):
        ada = await register()
        owner = UUID(ada.id)
        db = services.database
        await db.autocommit.execute(update(Space).where(Space.id == owner).values(quota_bytes=100))

        async def take() -> bool:
            try:
                async with db.transaction() as tx:
                    await quota.charge(tx, owner, 60)
            except QuotaExceeded:
                return False
            return True

        assert sum(await asyncio.gather(*(take() for _ in range(20)))) == 1
