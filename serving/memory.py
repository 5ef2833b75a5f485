"""Memory that glibc's allocator keeps from the system; with another C library nothing is done."""

import ctypes
import os

ARENAS = 2
M_ARENA_MAX = -8  # of malloc.h
_LIBRARY = ctypes.CDLL(None)


def share_arenas():
    """Let all threads share ARENAS arenas, unless MALLOC_ARENA_MAX says otherwise; before threads are started.

    glibc gives up to eight per core to threads, and each keeps pieces that no other one can use.
    """
    if "MALLOC_ARENA_MAX" not in os.environ and hasattr(_LIBRARY, "mallopt"):
        _LIBRARY.mallopt(M_ARENA_MAX, ARENAS)


def give_back():
    """Hand freed memory to the system: an arena keeps what large requests had taken."""
    if hasattr(_LIBRARY, "malloc_trim"):
        _LIBRARY.malloc_trim(0)
