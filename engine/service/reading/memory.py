"""Memory that reads don't need any more goes back to the system; libraries are loaded without what they don't need."""

import ctypes
import gc
import sys
from collections.abc import Callable
from functools import cache
from importlib.abc import MetaPathFinder
from threading import Lock, get_ident

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
