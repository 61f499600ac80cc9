"""Roles against a model of ten lines: whatever is granted and ended, in whatever order."""

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.people import Person, Register, Verify
from tests.support.sharing import path_of, share
from tests.support.trees import make_folder

TREE = {"top": None, "left": "top", "right": "top", "leaf": "left"}
ROLES = ["viewer", "editor", "owner"]

grants = st.tuples(st.sampled_from(list(TREE)), st.integers(0, 1), st.sampled_from([*ROLES, None]))


class Model:
    """What was granted where, and what follows from it."""

    def __init__(self) -> None:
        self.granted: dict[tuple[str, int], str] = {}

    def role(self, place: str | None, person: int) -> str | None:
        """The strongest role granted at the place or above it."""
        above = self.role(TREE[place], person) if place and TREE[place] else None
        here = self.granted.get((place or "", person))
        return max(here, above, key=lambda role: ROLES.index(role) if role else -1)


@pytest.fixture
async def crew(register: Register, verify: Verify) -> list[Person]:
    """An owner and two others."""
    people = [await register(name) for name in ("ada", "ben", "cleo")]
    for person in people[1:]:
        await verify(person)
    return people


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=st.lists(grants, max_size=8))
async def test_everyone_has_the_strongest_role_granted_above(
    crew: list[Person], changes: list[tuple[str, int, str | None]]
) -> None:
    ada, *others = crew
    model = Model()
    shares: dict[tuple[str, int], str] = {}
    folders: dict[str, Any] = {}
    for place, parent in TREE.items():
        folders[place] = await make_folder(
            ada, f"{place} {uuid4()}", folders[parent] if parent else None
        )

    for place, who, role in changes:
        if role is not None:
            answer = await share(ada, folders[place], others[who].email, role)
            shares[place, who] = answer.json()["id"]
            model.granted[place, who] = role
        elif model.granted.pop((place, who), None):
            await ada.http.delete(f"/v1/shares/{shares[place, who]}")

    for place, folder in folders.items():
        for who, person in enumerate(others):
            answer = await person.http.get(path_of(folder))
            seen = answer.json()["role"] if answer.status_code == 200 else None
            assert seen == model.role(place, who), (place, who)
