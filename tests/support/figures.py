"""Prints the figures that docs/reliability.md quotes, at the end of a run."""

import textwrap

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests have recorded under `figures`."""
    figures = [
        str(value)
        for report in terminalreporter.getreports("passed")
        for name, value in report.user_properties
        if name == "figures"
    ]
    if figures:
        terminalreporter.section("reliability")
    for line in figures:
        terminalreporter.write_line(textwrap.fill(line, 100, subsequent_indent="    "))
