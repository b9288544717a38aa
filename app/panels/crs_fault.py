"""What is wrong with a CRS as somebody types it."""

from __future__ import annotations

from pyproj import CRS
from pyproj.exceptions import CRSError
from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate  # by this name translators' tools find its texts


def crs_fault(text: str) -> str:
    """As one sentence; empty where it is a CRS in which places on the ground can be told."""
    try:
        crs = CRS.from_user_input(text)
    except CRSError:
        return translate("CrsFault", "No CRS is called {0}: write it as EPSG:32631.").format(text)
    if crs.is_projected or crs.is_geographic:
        return ""
    return translate(
        "CrsFault", "{0} ({1}) tells no places on a map: write one that does, as EPSG:32631."
    ).format(text, crs.name)
