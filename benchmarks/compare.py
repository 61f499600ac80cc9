"""`make bench-compare REF=<commit>`: this tree's figures as ratios of another commit's.

The other commit runs from a worktree of its own with this environment's packages, right before
this one, so that both see the same machine.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

Figures = dict[tuple[str, int], dict[str, Any]]


def main() -> None:
    """Measure both, print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ref")
    parser.add_argument("--seconds", type=int, default=4)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="we-upload-compare-") as folder:
        other = Path(folder) / "tree"
        _git("worktree", "add", "--detach", str(other), arguments.ref)
        try:
            theirs = _measure(other, Path(folder) / "theirs.json", arguments.seconds)
        finally:
            _git("worktree", "remove", "--force", str(other))
        ours = _measure(Path.cwd(), Path(folder) / "ours.json", arguments.seconds)
    _print(arguments.ref, ours, theirs)


def _git(*words: str) -> None:
    subprocess.run(["git", *words], check=True)


def _measure(tree: Path, output: Path, seconds: int) -> Figures:
    command = [sys.executable, "-m", "benchmarks.run", "--seconds", str(seconds)]
    # -m puts the current folder first on the path: each tree runs its own code.
    subprocess.run([*command, "--output", str(output)], cwd=tree, check=True)
    rows = json.loads(output.read_text())["operations"]
    return {(row["operation"], row["clients"]): row["api"] for row in rows}


def _print(ref: str, ours: Figures, theirs: Figures) -> None:
    table = Table("operation", "clients", title=f"this tree / {ref}: above 1 is better")
    for heading in ("req/s", "1 / p99", "1 / CPU"):
        table.add_column(heading, justify="right")
    for key in sorted(ours.keys() & theirs.keys()):
        new, old = ours[key], theirs[key]
        ratios = (new["rate"] / old["rate"], old["p99"] / new["p99"], old["cpu_ms"] / new["cpu_ms"])
        table.add_row(key[0], str(key[1]), *(f"{ratio:.2f}" for ratio in ratios))
    Console().print(table)


if __name__ == "__main__":
    main()
