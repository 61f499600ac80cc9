"""Fault points: named steps at which a test can kill the process.

In production nothing is armed, and a fault point is a call that returns.
"""

from collections.abc import Callable


def _nothing(_name: str) -> None:
    """What happens at a fault point unless a test arms it."""


_armed: Callable[[str], None] = _nothing


def arm(action: Callable[[str], None]) -> None:
    """Call `action` with the name of every fault point reached from now on."""
    global _armed  # noqa: PLW0603 - one process has one trap
    _armed = action


def reach(name: str) -> None:
    """Report that the step `name` (such as `complete.claimed`) is done."""
    _armed(name)
