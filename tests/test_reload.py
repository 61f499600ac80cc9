"""`make dev`: a saved file is served, and nothing but the API and the worker starts anew."""

import os
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from tests.support.dev_stack import Stack, stack

ROOT = Path(__file__).parents[1]
PATIENCE = 60
SUMMARY = "Check liveness"
FILES = {
    "routes": "features/health/routes.py",
    "styles": "features/pages/static/pages.css",
    "template": "features/pages/templates/base.html",
}


@dataclass
class Checkout:
    """A running stack and the code it runs."""

    stack: Stack
    code: Path
    saves: int = 0
    said: str = ""

    def save(self, **changes: tuple[str, str]) -> None:
        """Replace text in files as an editor does, each by a rename, and all at once."""
        drafts = [self._draft(FILES[name], *change) for name, change in changes.items()]
        for draft, path in drafts:
            draft.rename(path)
        self.saves += 1

    def _draft(self, path: str, old: str, new: str) -> tuple[Path, Path]:
        file = self.code / path
        text = file.read_text()
        assert old in text
        draft = file.with_name(f".{file.name}.swp")
        draft.write_text(text.replace(old, new))
        return draft, file

    def pids(self, program: str) -> set[int]:
        """The processes below the stack that run `program`."""
        return {
            part.pid
            for part in self.stack.parts
            if any(argument.endswith(program) for argument in part.cmdline())
        }

    def until(self, path: str, text: str) -> None:
        """Wait until the API's answer holds `text`."""
        deadline = time.monotonic() + PATIENCE
        while text not in self._get(path):
            assert self.stack.process.poll() is None, "the stack has ended"
            assert time.monotonic() < deadline, f"{text} is not served"
            time.sleep(0.05)

    def hear(self, words: str) -> None:
        """Wait until the stack says so."""
        assert self.stack.process.stdout
        for line in self.stack.process.stdout:
            self.said += line
            if words in line:
                return

    def _get(self, path: str) -> str:
        try:
            return httpx.get(f"{self.stack.url}{path}", timeout=5).text
        except httpx.TransportError:
            return ""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    root = tmp_path_factory.mktemp("checkout")
    for name in ("backend", "alembic"):
        shutil.copytree(ROOT / name, root / name)
    shutil.copy(ROOT / "alembic.ini", root)
    path = os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])
    # Not the code of the working directory. At `warning` the pipe does not fill while nobody reads.
    environment = {"PYTHONPATH": path, "PYTHONSAFEPATH": "1", "LOG_LEVEL": "warning"}
    with stack(root / ".data", None, (), "--reload", **environment) as running:
        yield Checkout(running, root / "backend")


def test_a_save_is_served_while_the_services_stay(checkout: Checkout) -> None:
    services = checkout.pids("/postgres"), checkout.pids("backend.dev.store")
    ours = checkout.pids("serve") | checkout.pids("worker")
    assert all((*services, ours))

    checkout.save(routes=(SUMMARY, "Saved once"))
    checkout.until("/openapi.json", "Saved once")
    checkout.save(routes=("Saved once", SUMMARY))
    checkout.until("/openapi.json", SUMMARY)

    assert (checkout.pids("/postgres"), checkout.pids("backend.dev.store")) == services
    # The first ones and those that stood by for them are gone.
    psutil.wait_procs([psutil.Process(pid) for pid in ours if psutil.pid_exists(pid)], 30)
    assert not ours & (checkout.pids("serve") | checkout.pids("worker"))


def test_a_broken_file_ends_nothing_and_the_next_save_heals_it(checkout: Checkout) -> None:
    checkout.save(routes=(f'"{SUMMARY}"', "]"))
    checkout.hear("The API stopped unexpectedly (exit code 1). The next save restarts it.")

    checkout.save(routes=("summary=]", 'summary="Healed"'))
    checkout.until("/openapi.json", "Healed")

    checkout.save(routes=("Healed", SUMMARY))
    checkout.until("/openapi.json", SUMMARY)


def test_styles_and_templates_are_code_too(checkout: Checkout) -> None:
    checkout.save(styles=("\n}", "\n}\n/* saved */"), template=("<title>", "<title>Saved: "))

    checkout.hear("Saved backend/features/pages/static/pages.css and 1 more")
    checkout.hear("Served after")

    checkout.until("/", "<title>Saved: ")
    checkout.until("/static/pages.css", "/* saved */")


def test_what_is_said_and_how_often(checkout: Checkout) -> None:
    said = checkout.said + checkout.stack.stop()

    assert checkout.stack.process.returncode == 0
    assert said.count("Saved backend/") == checkout.saves, said
    assert "SyntaxError" in said
    assert "routes.py" in said
    assert re.search(r"Served after \d+\.\d s", said)
    assert "are kept in" in said
