"""Memory: give back what is no longer needed."""

import ctypes
import gc

M_MMAP_THRESHOLD = -3  # mallopt(3)
LARGE = 4 * 2**20
"""Bytes. argon2 takes 19 MiB for each password; glibc would keep such blocks once it has freed one,
so that a burst of sign-ins would cost as much memory for good."""


def return_large_blocks() -> None:
    """Let large blocks go back to the system when they are freed, where the C library is glibc."""
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(M_MMAP_THRESHOLD, LARGE)


def settle() -> None:
    """Let the collector pass over what is there for good: looking at all of it took 30 ms."""
    gc.collect()
    gc.freeze()
