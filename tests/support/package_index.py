"""A package index in a directory: every package of a lock has a newer release, which is broken."""

import hashlib
import re
import zipfile
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import NamedTuple

PIN = re.compile(r"^(?P<name>[\w.-]+)(?P<extras>\[.+?\])?==(?P<version>\S+)", re.MULTILINE)
HASHES = re.compile(r"(?: \\\n +--hash=\S+)+")
NEWEST = "9999"
"""The version that nobody may take: its file is no wheel, and no lock has its hash."""


class Pin(NamedTuple):
    """One package of a lock."""

    name: str
    version: str


def pins(lock: str) -> set[Pin]:
    """What a lock file's text pins; a package may have several versions, by Python or platform."""
    return {Pin(found["name"], found["version"]) for found in PIN.finditer(lock)}


class PackageIndex:
    """The simple repository API (PEP 503) over `file://`, and locks whose hashes fit it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.url = (root / "simple").as_uri()
        (root / "requirements").mkdir(parents=True)

    def offer(self, path: Path) -> None:
        """Make a wheel for each pin of the lock at `path`, and the same lock with their hashes.

        The lock changes in its hashes alone, and stands under `root` as it does in the repository.
        """
        kept = []
        for line in HASHES.split(path.read_text()):
            found = list(PIN.finditer(line))
            digest = self._release(Pin(found[-1]["name"], found[-1]["version"])) if found else None
            kept.append(f"{line} --hash=sha256:{digest}" if digest else line)
        (self.root / "requirements" / path.name).write_text("".join(kept))

    def _release(self, pin: Pin) -> str:
        """Publish `pin` and a broken newer release; return the digest of what is pinned."""
        page = self.root / "simple" / pin.name
        page.mkdir(parents=True, exist_ok=True)
        stem = pin.name.replace("-", "_").replace(".", "_")
        wheel = page / f"{stem}-{pin.version}-py3-none-any.whl"
        _write_wheel(wheel, stem, pin)
        (page / f"{stem}-{NEWEST}-py3-none-any.whl").write_bytes(b"broken")
        links = (f'<a href="{file.name}">{file.name}</a>\n' for file in page.glob("*.whl"))
        (page / "index.html").write_text("<!DOCTYPE html>\n" + "".join(links))
        return hashlib.sha256(wheel.read_bytes()).hexdigest()


def _write_wheel(path: Path, stem: str, pin: Pin) -> None:
    """An empty wheel that wants what the real package wants, where it is installed to be asked."""
    try:
        real = metadata(pin.name)
        wants = [
            f"{field}: {value}"
            for field in ("Requires-Dist", "Provides-Extra")
            for value in real.get_all(field, [])
        ]
    except PackageNotFoundError:
        wants = []
    about = ["Metadata-Version: 2.1", f"Name: {pin.name}", f"Version: {pin.version}", *wants, ""]
    wheel = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    # Always the same bytes, since several locks pin the same release: a ZipInfo is dated 1980.
    with zipfile.ZipFile(path, "w") as archive:
        folder = f"{stem}-{pin.version}.dist-info"
        for name, text in (("METADATA", "\n".join(about)), ("WHEEL", wheel), ("RECORD", "")):
            archive.writestr(zipfile.ZipInfo(f"{folder}/{name}"), text)
