"""Tracebacks for people: in colour, with our own lines in full and library frames by name only.

Never with the values of local variables, which include API keys, cookies and passwords.
"""

import sysconfig
from collections.abc import Callable
from io import StringIO

from rich.console import Console
from rich.traceback import Trace, Traceback
from structlog.typing import ExcInfo

WIDTH = 100
UNBROKEN = 10_000
"""Columns for messages: a signed URL broken into lines could not be found and redacted."""
LIBRARIES = (sysconfig.get_path("purelib"), sysconfig.get_path("stdlib"))

Clean = Callable[[str], str]


class Renderer:
    """Renders an exception as text, with its messages cleaned by `clean`."""

    def __init__(self, clean: Clean, *, colours: bool) -> None:
        self._clean = clean
        self._colours = colours

    def __call__(self, exc_info: ExcInfo) -> str:
        """Called by structlog's `ExceptionRenderer`."""
        trace = Traceback.extract(*exc_info, show_locals=False)
        self._clean_messages(trace)
        traceback = Traceback(trace, width=WIDTH, extra_lines=1, suppress=LIBRARIES)
        text = StringIO()
        console = Console(
            file=text, width=UNBROKEN, color_system="standard" if self._colours else None
        )
        console.print(traceback)
        return text.getvalue().rstrip()

    def _clean_messages(self, trace: Trace) -> None:
        """Clean messages before colour codes split up what must be found."""
        for stack in trace.stacks:
            stack.exc_value = self._clean(stack.exc_value)
            stack.notes = [self._clean(note) for note in stack.notes]
            for member in stack.exceptions:
                self._clean_messages(member)
