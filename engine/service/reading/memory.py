"""Memory that reads don't need any more goes back to the system, though not between two of them; libraries are loaded
without what they don't need."""

import ctypes
import gc
import sys
from collections.abc import Callable
from functools import cache
from importlib.abc import MetaPathFinder
from threading import Lock, get_ident

_loading = Lock()
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # malloc.h
ARENAS = 2
KEPT_BYTES, LARGEST_KEPT = 256 * 2**20, 32 * 2**20 - 1
"""The C library's own limit is 32 MB for one array."""


def keep_for_reads() -> None:
    """Let the C library keep what a read has freed for the next, until `give_back`, in heaps that threads share.

    By itself it fetches every large array from the system, page by page: a third of the time of a map of 1,000² px.
    And a heap for each thread is one of which little goes back. Does nothing where it isn't glibc's."""
    set_option = _of_glibc("mallopt")
    if set_option is not None:
        set_option(_M_ARENA_MAX, ARENAS)
        set_option(_M_MMAP_THRESHOLD, LARGEST_KEPT)
        set_option(_M_TRIM_THRESHOLD, KEPT_BYTES)


def give_back() -> None:
    """Hand freed memory to the system: the C library keeps the arrays of maps for later ones (100 MB and more).

    Does nothing where it isn't glibc's."""
    gc.collect()
    trim = _of_glibc("malloc_trim")
    if trim is not None:
        trim(0)


@cache
def _of_glibc(name: str) -> Callable[..., int] | None:
    if not sys.platform.startswith("linux"):
        return None
    found: Callable[..., int] | None = getattr(ctypes.CDLL(None), name, None)
    return found


def load_sklearn() -> None:
    """Load scikit-learn, as the first to do so, without pandas.

    It imports pandas (80 MB with pyarrow) for data frames alone, where it is installed; here there are none."""
    with _loading:
        if "sklearn" in sys.modules:
            return
        blind = _WithoutPandas()
        sys.meta_path.insert(0, blind)
        try:
            import sklearn.utils.fixes  # noqa: F401, PLC0415
        finally:
            sys.meta_path.remove(blind)


class _WithoutPandas(MetaPathFinder):
    """Keeps pandas from being found by the thread that made it; others may import it meanwhile."""

    def __init__(self) -> None:
        self._thread = get_ident()

    def find_spec(self, name: str, _path: object, _target: object = None) -> None:
        if name == "pandas" and get_ident() == self._thread:
            raise ImportError("pandas is left out", name=name)
