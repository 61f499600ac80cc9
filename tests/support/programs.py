"""Programs that some tests need and not every machine has. As root, `.ci/run` installs them."""

import os
import shutil


def installed(*names: str) -> str | None:
    """Where the first of these lies that is here.

    Without it tests are skipped, except where REQUIRE_TEST_PROGRAMS is set: there that is an error.
    """
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None and os.environ.get("REQUIRE_TEST_PROGRAMS"):
        raise FileNotFoundError(
            f"REQUIRE_TEST_PROGRAMS is set, and {' or '.join(names)} is missing"
        )
    return found
