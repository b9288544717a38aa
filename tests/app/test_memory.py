"""Pictures take the room of those before them, and it is the system's again once the app isn't in use."""

import subprocess
import sys

import pytest
from phenolens.app import application
from PySide6.QtCore import Qt

PICTURES = """
import resource
import sys
import numpy as np
from psutil import Process
from phenolens.app.memory import give_back_room, keep_room_for_pictures


def pages():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    pictures = [np.ones((5, 2**20), np.uint8) for _ in range(6)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


if sys.argv[1] == "with room":
    keep_room_for_pictures()
np.ones(2**16)
before = Process().memory_info().rss
first, again = pages(), pages()
mark = np.ones(2**16)  # what comes after the pictures and stays, as it does in an app
pages()
give_back_room()
print(first, again, (Process().memory_info().rss - before) // 2**20)
"""


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="other systems' C libraries keep memory otherwise"
)
def test_pictures_take_the_room_of_those_before_until_the_app_is_out_of_use():
    first, again, kept = _pages_and_megabytes("with room")
    assert again < first / 10
    assert kept < 5
    first, again, _ = _pages_and_megabytes("as it comes")
    assert again > first / 2  # else this can't fail


def test_room_is_given_back_as_the_user_goes_on_to_another_program(monkeypatch):
    given: list[None] = []
    monkeypatch.setattr(application, "give_back_room", lambda: given.append(None))
    application._state_changed(Qt.ApplicationState.ApplicationActive)
    assert not given
    application._state_changed(Qt.ApplicationState.ApplicationInactive)
    assert len(given) == 1


def _pages_and_megabytes(how: str) -> list[int]:
    """Pages fetched for 30 MB of pictures, then for as many again; megabytes that stay of them in the end."""
    told = subprocess.run([sys.executable, "-c", PICTURES, how], capture_output=True, text=True, check=True)
    return [int(one) for one in told.stdout.split()]
