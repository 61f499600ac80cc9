"""Memory: return what is no longer needed. No effect unless the C library is glibc."""

import ctypes
import gc

M_MMAP_THRESHOLD = -3  # mallopt(3)
LARGE = 4 * 2**20
"""Bytes. argon2 takes 19 MiB for each password; once glibc has freed one such block it would keep
the others, so a burst of sign-ins would raise memory use permanently."""

_libc = ctypes.CDLL(None)


def return_large_blocks() -> None:
    """Make freed large blocks go back to the system."""
    if hasattr(_libc, "mallopt"):
        _libc.mallopt(M_MMAP_THRESHOLD, LARGE)


def settle() -> None:
    """Return what only start-up needed, and let the garbage collector skip permanent objects.

    Scanning all of them took 30 ms every few seconds.
    """
    gc.collect()
    gc.freeze()
    if hasattr(_libc, "malloc_trim"):
        _libc.malloc_trim(0)
