"""How much memory the C library keeps for the app."""

import ctypes
import sys
from collections.abc import Callable

HEAPS = 2
KEPT, LARGEST_KEPT = 64 * 2**20, 32 * 2**20 - 1
"""Bytes, of all that is free at the end of a heap and of one array or picture; the C library's own limit for one is
32 MB."""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # malloc.h


def keep_room_for_pictures() -> None:
    """Let threads share heaps, and a picture take the room of the one before; before any thread is started.

    By itself glibc gives each thread a heap of its own, from which little goes back, and fetches each large picture
    from the system, page by page: three quarters of the app's page faults. Does nothing where it isn't glibc's."""
    set_option = _of_glibc("mallopt")
    if set_option is not None:
        set_option(_M_ARENA_MAX, HEAPS)
        set_option(_M_MMAP_THRESHOLD, LARGEST_KEPT)
        set_option(_M_TRIM_THRESHOLD, KEPT)


def give_back_room() -> None:
    """Hand what is free to the system, wherever in the heaps it lies. Does nothing where it isn't glibc's."""
    trim = _of_glibc("malloc_trim")
    if trim is not None:
        trim(0)


def _of_glibc(name: str) -> Callable[..., int] | None:
    return getattr(ctypes.CDLL(None), name, None) if sys.platform.startswith("linux") else None
