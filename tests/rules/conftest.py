from collections.abc import Iterator

import pytest

from backend.core.settings import Settings
from tests.rules.world import World


@pytest.fixture
def world(settings: Settings) -> Iterator[World]:
    world = World(settings)
    yield world
    world.close()
