"""The pages: links and paths lead somewhere, and each decision has one record in one index."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import decisions

ROOT = Path(__file__).parents[1]
PAGES = [
    page
    for pattern in ("*.md", "docs/**/*.md", "benchmarks/**/*.md", "terraform/**/*.md")
    for page in sorted(ROOT.glob(pattern))
    if ".terraform" not in page.parts
]
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s#]*)(?:#([^)\s]+))?\)")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """The headings of a page as GitHub makes links of them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
class TestEveryPage:
    def test_its_links_lead_somewhere(self, page: Path) -> None:
        for path, anchor in LINK.findall(page.read_text()):
            target = (page.parent / path).resolve() if path else page

            assert target.exists(), path
            assert not anchor or anchor in anchors(target), f"{path}#{anchor}"

    def test_the_paths_it_names_exist(self, page: Path) -> None:
        missing = {path for path in paths_in(page.read_text()) if not exists(path, page.parent)}

        assert missing == set(), "renamed or gone: name the file that has it now"


SUFFIXES = (".py", ".md", ".sql", ".toml", ".tf", ".tfvars", ".yml", ".html", ".css", ".txt")
FOLDERS = {
    folder.name
    for parent in (ROOT, ROOT / "backend", ROOT / "tests")
    for folder in parent.iterdir()
    if folder.is_dir() and not folder.name.startswith((".", "__"))
}
FILES = {
    path.name
    for folder in ("backend", "tests", "docs", "alembic", "benchmarks", "terraform", ".github")
    for path in (ROOT / folder).rglob("*")
    if ".terraform" not in path.parts
} | {path.name for path in ROOT.iterdir()}


def paths_in(text: str) -> Iterator[str]:
    """What stands in backquotes and is a path: `core/s3/storage.py`, `test_docs.py::TestX`."""
    for quoted in re.findall(r"`([\w.:/-]+)`", text):
        path = quoted.partition("::")[0]
        first, is_long, _ = path.partition("/")
        if (is_long and first in FOLDERS) or path.endswith(SUFFIXES) or path.startswith("test_"):
            yield quoted


def exists(quoted: str, beside: Path) -> bool:
    """Whether there is such a file or folder, and in it the test that is named after `::`.

    Paths begin at the root, in `backend`, in `tests` or beside the page; a name alone may be any
    file's. `ENV` stands for one of Terraform's environments; tests go without `.py`, too.
    """
    path, *names = quoted.split("::")
    path = path.replace("/ENV", "/dev")
    if "/" not in path:
        return path in FILES or f"{path}.py" in FILES or is_test(path)
    bases = (ROOT, ROOT / "backend", ROOT / "tests", ROOT / "terraform", beside)
    found = [base / f"{path}{suffix}" for base in bases for suffix in ("", ".py")]
    files = [file for file in found if file.exists()]
    return bool(files) and all(name in files[0].read_text() for name in names)


def is_test(name: str) -> bool:
    """Whether a test function is called so."""
    return any(f"def {name}(" in path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))


class TestDecisions:
    @pytest.mark.parametrize("record", decisions.records(), ids=lambda record: record.stem)
    def test_has_its_number_and_the_four_parts(self, record: Path) -> None:
        text = record.read_text()
        heading = decisions.HEADING.match(text)

        assert heading, "begin with '# N. What it says'"
        assert record.name.startswith(f"{int(heading[1]):04d}-")
        assert re.findall(r"^#+ (.+)$", text, re.MULTILINE)[1:] == [
            *("Context", "Decision", "Consequences", "Check"),
        ]

    def test_have_a_number_each(self) -> None:
        numbers = [record.name[:4] for record in decisions.records()]

        assert len(numbers) == len(set(numbers))

    def test_are_all_in_the_index(self) -> None:
        assert decisions.INDEX.read_text() == decisions.index(), "run: make decisions"
