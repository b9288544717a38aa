"""Memory that the app has no use for any more is the system's again."""

import subprocess
import sys

import pytest

PICTURES = """
import sys
import numpy as np
from psutil import Process

if sys.argv[1] == "little":
    from phenolens.app.memory import keep_little_memory

    keep_little_memory()
np.ones(2**16)
before = Process().memory_info().rss
for _ in range(3):
    pictures = [np.ones((5, 2**20), np.uint8) for _ in range(6)]
    mark = np.ones(2**16)  # what comes after the pictures and stays, as it does in an app
    del pictures
print((Process().memory_info().rss - before) // 2**20)
"""


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="other systems' C libraries keep memory otherwise"
)
def test_large_pictures_leave_none_of_their_room_behind():
    assert _kept("little") < 5
    assert _kept("as it comes") > 20  # else this can't fail


def _kept(how: str) -> int:
    """Megabytes, after pictures of 5 MB were made and freed."""
    told = subprocess.run([sys.executable, "-c", PICTURES, how], capture_output=True, text=True, check=True)
    return int(told.stdout)
