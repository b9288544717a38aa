"""How much memory the C library keeps for the app."""

import ctypes
import sys

HEAPS = 2
LARGE = 2**20
"""Bytes. Arrays and pictures above go straight back to the system once they're freed."""
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8  # malloc.h


def keep_little_memory() -> None:
    """Let threads share heaps, and large pictures leave none of their room behind; before any thread is started.

    By itself glibc gives each thread a heap of its own, from which little goes back, and once it has freed a large
    picture keeps the room of all that follow. Does nothing where the C library isn't glibc."""
    set_option = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform.startswith("linux") else None
    if set_option is not None:
        set_option(_M_ARENA_MAX, HEAPS)
        set_option(_M_MMAP_THRESHOLD, LARGE)
