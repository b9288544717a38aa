"""Memory that reads don't need any more goes back to the system; libraries are loaded without what they don't need."""

import ctypes
import gc
import sys
from collections.abc import Callable
from functools import cache
from threading import Lock

_loading = Lock()
_M_ARENA_MAX, ARENAS = -8, 2


def few_arenas() -> None:
    """Let threads share the C library's heaps: each has one of its own otherwise, of which little goes back.

    Does nothing where it isn't glibc's, and to heaps that are there already."""
    set_option = _of_glibc("mallopt")
    if set_option is not None:
        set_option(_M_ARENA_MAX, ARENAS)


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
        if "sklearn" in sys.modules or "pandas" in sys.modules:
            return
        sys.modules["pandas"] = None  # type: ignore[assignment]  # Python's way to say that there is none
        try:
            import sklearn.utils.fixes  # noqa: F401, PLC0415
        finally:
            del sys.modules["pandas"]
