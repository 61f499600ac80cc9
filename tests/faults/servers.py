"""A PostgreSQL of a test's own, to be stopped and started: others need theirs."""

import os
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import MappingProxyType

from backend.dev.home import open_home
from backend.dev.postgres import postgres
from tests.support.dev_stack import free_port


class Server:
    """Its files are in `folder`, its address stays the same."""

    def __init__(self, folder: Path, options: Mapping[str, str] = MappingProxyType({})) -> None:
        self.url = f"postgresql://postgres:embedded@127.0.0.1:{free_port()}/postgres"
        self.folder = folder
        self._options = options
        self._running = AsyncExitStack()

    async def start(self) -> None:
        """Run it until `stop`."""
        home = self._running.enter_context(open_home(self.folder))
        server = postgres(home, self.url, os.environ, self._options)
        await self._running.enter_async_context(server)

    async def stop(self) -> None:
        """Stop it, cutting connections."""
        await self._running.aclose()
