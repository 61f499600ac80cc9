"""What both platforms share."""

import time
from collections.abc import Callable

POLL = 10  # seconds
NO_IMAGE = "none"  # what Terraform writes before the first deployment


class DeploymentError(Exception):
    """The image did not come into service; the one before it still serves."""


def wait_until(done: Callable[[], bool]) -> None:
    """Ask again and again; the job's own time limit ends what never ends."""
    while not done():
        time.sleep(POLL)
