"""What is written about an error, and what never is."""

import os
import re
import subprocess
import sys

import pytest

from backend import cli

SECRET = "wu_9f8e7d6c5b4a39281706"
LINK = "/s/Zm9vYmFyYmF6cXV4MTIzNDU2"
SIGNED = "https://s3.example/b/k?X-Amz-Expires=300&X-Amz-Signature=0123abcd"
PROGRAM = """
import logging, sys
import structlog
from backend.core.observability.logs import configure_logs
from backend.core.settings import Settings

def fail(headers, message):
    api_key = headers["authorization"]
    raise ValueError(message)

configure_logs(Settings())
try:
    fail({"authorization": sys.argv[1]}, sys.argv[2])
except ValueError as error:
    structlog.stdlib.get_logger().exception("ours")
    logging.getLogger("theirs").exception("theirs")
    try:
        raise ExceptionGroup("several", [error])
    except ExceptionGroup:
        structlog.stdlib.get_logger().exception("group")
"""


def written(message: str = "on purpose", **environment: str) -> str:
    """What the program writes when it fails with a secret in its local variables."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, SECRET, message],
        env={**os.environ, "FORCE_COLOR": "1", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("form", ["json", "console"])
class TestAnError:
    def test_is_written_without_local_variables(self, form: str) -> None:
        output = written(LOG_FORMAT=form)

        assert output.count("on purpose") >= 3
        assert SECRET not in output
        assert "locals" not in output

    @pytest.mark.parametrize("address", [f"http://x{LINK}", LINK, SIGNED])
    def test_is_written_without_what_opens_a_file(self, form: str, address: str) -> None:
        output = written(f"no answer from {address}", LOG_FORMAT=form)

        plain = re.sub(r"\x1b\[[0-9;]*m", "", output)
        assert plain.count("no answer from ") == plain.count("[redacted]") >= 3
        assert LINK.removeprefix("/s/") not in plain
        assert "0123abcd" not in plain


class TestColour:
    def test_is_for_eyes(self) -> None:
        assert "\x1b[" in written(LOG_FORMAT="console")
        assert "\x1b[" not in written(LOG_FORMAT="json")

    @pytest.mark.parametrize("no", [{"NO_COLOR": "1"}, {"FORCE_COLOR": ""}])
    def test_stays_out_of_files_and_of_the_way(self, no: dict[str, str]) -> None:
        assert "\x1b[" not in written(LOG_FORMAT="console", **no)


def test_what_ends_a_command_is_told_without_local_variables() -> None:
    assert cli.app.pretty_exceptions_show_locals is False
