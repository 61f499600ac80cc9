"""Memory: give back what is no longer needed. Where the C library is not glibc, nothing changes."""

import ctypes
import gc

M_MMAP_THRESHOLD = -3  # mallopt(3)
LARGE = 4 * 2**20
"""Bytes. argon2 takes 19 MiB for each password; glibc would keep such blocks once it has freed one,
so that a burst of sign-ins would cost as much memory for good."""

_libc = ctypes.CDLL(None)


def return_large_blocks() -> None:
    """Let large blocks go back to the system when they are freed."""
    if hasattr(_libc, "mallopt"):
        _libc.mallopt(M_MMAP_THRESHOLD, LARGE)


def settle() -> None:
    """Give back what only starting needed, and let the collector pass over what is there for good.

    Looking at all of it took 30 ms every few seconds.
    """
    gc.collect()
    gc.freeze()
    if hasattr(_libc, "malloc_trim"):
        _libc.malloc_trim(0)
