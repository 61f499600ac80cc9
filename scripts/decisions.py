"""Write docs/decisions/README.md, the index of the decision records, from their headings."""

import re
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "docs/decisions"
INDEX = FOLDER / "README.md"
HEADING = re.compile(r"# ([1-9]\d*)\. (.+)")

INTRODUCTION = """\
# Decisions

One page for each decision that someone could question: why (Context), what (Decision), what it
costs (Consequences), and what fails when it no longer holds (Check). A record describes the current
state: when a decision changes, its page changes with it.

A new record takes the next free number. Its heading is "# N. What it says"; its file is named after
the number, in four digits, and the subject. `make decisions` writes this list.

"""


def records() -> list[Path]:
    """The records, by number."""
    return sorted(path for path in FOLDER.glob("*.md") if path != INDEX)


def index() -> str:
    """The text of the index.

    Raises:
        ValueError: a heading is of another form.
    """
    return INTRODUCTION + "".join(f"{_line(path)}\n" for path in records())


def _line(record: Path) -> str:
    first = record.read_text().partition("\n")[0]
    heading = HEADING.fullmatch(first)
    if heading is None:
        raise ValueError(f"{record.name} begins with {first!r}, and not with '# N. What it says'")
    number, title = heading.groups()
    return f"- [{number}. {title}]({record.name})"


if __name__ == "__main__":
    INDEX.write_text(index())
