"""Modules that only tests have, for code that imports by name."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import invalidate_caches
from pathlib import Path


@contextmanager
def importable(folder: Path) -> Iterator[None]:
    """Import from a folder meanwhile. Takes away what it added and no more, so several may end in any order:
    `MonkeyPatch.syspath_prepend` puts back the whole of `sys.path`, without what others have added since."""
    sys.path.insert(0, str(folder))
    invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
