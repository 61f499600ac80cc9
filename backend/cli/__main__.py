"""`python -m backend.cli` is `we-upload`."""

from backend.cli import main

main()
