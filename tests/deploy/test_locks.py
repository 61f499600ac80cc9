"""Installing a lock never looks at what the index calls newest.

pip that resolves refuses a complete lock as soon as a package that another one wants with an extra
has a newer release (pypa/pip#9644). Here every package has one, and it is broken.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.package_index import NEWEST, PackageIndex, Pin, pins

ROOT = Path(__file__).parents[2]
LOCKS = {path.stem: path for path in sorted((ROOT / "requirements").glob("*.txt"))}
OLDEST_PIP = {"3.11": "22.3", "3.13": "23.1"}
"""What the Makefile asks for, by Python: 22.3 has `--python`, 23.1 also runs on 3.12 and later."""
each_lock = pytest.mark.parametrize("lock", LOCKS)
each_python = pytest.mark.parametrize("python", OLDEST_PIP)
each_pip = pytest.mark.parametrize("pip", ["oldest", "newest"])


@cache
def interpreter(version: str) -> str:
    """A Python of that version that runs: pyenv's shims stand on PATH and may refuse to."""
    name = f"python{version}"
    on_path = (shutil.which(name, path=directory) for directory in os.get_exec_path())
    of_pyenv = (str(path) for path in Path.home().glob(f".pyenv/versions/{version}.*/bin/{name}"))
    for candidate in filter(None, (sys.executable, *on_path, *of_pyenv)):
        tell = "import sys; print('%d.%d' % sys.version_info[:2])"
        done = subprocess.run([candidate, "-c", tell], capture_output=True, text=True, check=False)
        if done.stdout.strip() == version:
            return candidate
    pytest.skip(f"2026-11-26: this machine has no Python {version}")


@cache
def commands() -> dict[str, str]:
    """The command that installs each lock, as the Makefile, the image and the pipeline run it."""
    targets = ("venv/.dev", "venv/.embedded", ".venv-checkov/.installed")
    make = ("make", "--always-make", "--dry-run", "PYTHON=python", "VENV=venv", *targets)
    made = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    image = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    pipeline = (ROOT / ".github/actions/deploy/action.yml").read_text()
    installing = re.compile(r"\bpip [^&\n]*\brequirements/(\w+)\.txt")
    found = installing.finditer("\n".join((made, image, pipeline)))
    return {command[1]: command[0] for command in found}


class Outcome(NamedTuple):
    """What pip said, and what it would have installed."""

    errors: str
    chosen: set[Pin]


class Installer:
    """Runs the commands against an index of its own, with the pip and the Python that are asked."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._index = PackageIndex(home / "index")
        for path in LOCKS.values():
            self._index.offer(path)

    def run(self, command: str, pip: str, python: str) -> Outcome:
        """Run `command`, all but the writing."""
        executable = self._environment(python)
        report = self._home / "report.json"
        report.unlink(missing_ok=True)
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(self._pip(pip, python)),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": self._index.url,
            "PIP_NO_CACHE_DIR": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_DRY_RUN": "1",
            "PIP_REPORT": str(report),
        }
        # Any environment is the one made here; it holds no pip, as in the Makefile.
        words = [
            str(executable) if word.endswith("/bin/python") else word
            for word in shlex.split(command)
        ]
        done = subprocess.run(
            [executable, "-m", *words],
            cwd=self._index.root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            return Outcome(done.stderr, set())
        installed = json.loads(report.read_text())["install"]
        found = (each["metadata"] for each in installed)
        return Outcome("", {Pin(each["name"], each["version"]) for each in found})

    def _environment(self, python: str) -> Path:
        executable = self._home / f"python-{python}" / "bin" / "python"
        if not executable.exists():
            make = (interpreter(python), "-m", "venv", "--without-pip", executable.parents[1])
            subprocess.run(make, check=True)
        return executable

    def _pip(self, pip: str, python: str) -> Path:
        """Where that pip lies, fetched once from the index that this machine uses."""
        wanted = "pip" if pip == "newest" else f"pip=={OLDEST_PIP[python]}"
        target = self._home / wanted
        if not target.exists():
            # The environment that runs the tests has no pip; the Python it was made from has.
            own = Path(sys.base_prefix, "bin", f"python{sys.version_info.major}")
            fetch = ("install", "-qq", "--no-deps", "--no-cache-dir", "--target", target, wanted)
            subprocess.run([own, "-m", "pip", *fetch], check=True)
        return target


@pytest.fixture(scope="module")
def installer(tmp_path_factory: pytest.TempPathFactory) -> Installer:
    return Installer(tmp_path_factory.mktemp("locks"))


@each_python
def test_the_makefile_asks_for_the_oldest_pip_that_is_tried_here(python: str) -> None:
    make = ("make", "--dry-run", f"PYTHON={interpreter(python)}", "VENV=nowhere", "nowhere/.dev")
    done = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True)
    assert f"We-Upload needs pip {OLDEST_PIP[python]} or newer" in done.stdout


def test_every_lock_is_installed_somewhere() -> None:
    assert commands().keys() == LOCKS.keys()


@each_python
@each_pip
@each_lock
def test_a_newer_release_disturbs_no_lock(
    installer: Installer, lock: str, pip: str, python: str
) -> None:
    outcome = installer.run(commands()[lock], pip, python)
    assert outcome.errors == ""
    assert outcome.chosen
    assert outcome.chosen <= pins(LOCKS[lock].read_text())


@each_python
def test_without_no_deps_a_newer_release_disturbs(installer: Installer, python: str) -> None:
    """The checks above can fail."""
    resolving = commands()["dev"].replace(" --no-deps", "")
    outcome = installer.run(resolving, "oldest", python)
    assert "all requirements must have their versions pinned" in outcome.errors
    assert NEWEST in outcome.errors


@each_lock
def test_no_lock_names_an_index(lock: str) -> None:
    """Who installs says from where; a lock that names a host works only where that host does."""
    text = LOCKS[lock].read_text()
    assert not re.search(r"://|^-", text, re.MULTILINE)
