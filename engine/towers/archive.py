"""Tower files as the networks hand them out: a CSV, or a zip with several of them."""

import io
import re
import zipfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

import pandas as pd

from ..errors import TowerError
from ..tablefile import read_csv

SITE_ID = r"[A-Z]{2}-[A-Za-z0-9]{3}"
_FLUX_NAME = re.compile(rf"(?:^|_)(?P<site>{SITE_ID})_.*_(?P<step>DD|HH|HR)(?:_|\.)")
_OTHERS = ("AUX", "ERAI", "ERA5", "VARINFO", "BIF", "SITEINFO", "METEO_", "_MET_")
_BETTER = ("DD", "HH", "HR")  # the network's own days first


@dataclass(frozen=True)
class Member:
    """One CSV: a file of its own, or a member of a zip."""

    path: Path
    inner: str | None = None

    @property
    def name(self) -> str:
        return self.path.name if self.inner is None else PurePosixPath(self.inner).name

    @property
    def label(self) -> str:
        return str(self.path) if self.inner is None else f"{self.path}:{self.name}"

    @property
    def site(self) -> str | None:
        """Site id of a name such as `FLX_DE-Tha_FLUXNET2015_FULLSET_DD_1996-2014_1-4.csv`."""
        match = re.search(rf"(?:^|_)({SITE_ID})_", self.name)
        return match[1] if match else None

    def columns(self) -> list[str]:
        """Names of the header; `TowerError` where the file can't be read."""
        return [str(name) for name in self._read(head=True).columns]

    def read(self, only: Collection[str]) -> pd.DataFrame:
        return self._read(only=only)

    def table(self) -> pd.DataFrame:
        return self._read()

    def _read(self, only: Collection[str] | None = None, head: bool = False) -> pd.DataFrame:
        try:
            with self._opened() as file:
                data = io.BytesIO(file.readline() if head else file.read())
            return read_csv(data, only=only)
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            raise TowerError("the tower file can't be read", value=self.label, remedy=str(error)) from error

    @contextmanager
    def _opened(self) -> Iterator[IO[bytes]]:
        if self.inner is None:
            with self.path.open("rb") as file:
                yield file
            return
        with zipfile.ZipFile(self.path) as archive, archive.open(self.inner) as member:
            yield member


@dataclass(frozen=True)
class Archive:
    """What a file given by the user holds."""

    fluxes: tuple[Member, ...]
    """One per site."""
    sites: tuple[Member, ...]
    """Site tables (BIF, SITEINFO)."""


def open_archive(path: Path) -> Archive:
    """The flux and site tables of a CSV or zip; of a site's daily and half-hourly files the daily one.

    `TowerError`: no such file, no zip, or a zip without fluxes."""
    if not path.is_file():
        raise TowerError("there is no such file", value=path, remedy="check the path")
    if path.suffix.lower() != ".zip":
        return Archive((Member(path),), ())
    members = tuple(_members(path))
    chosen: dict[str, Member] = {}
    for step in _BETTER:
        for member in members:
            match = _FLUX_NAME.search(member.name)
            if match and match["step"] == step and not _is_other(member.name):
                chosen.setdefault(match["site"], member)
    if not chosen:
        value = f"{path}: {', '.join(member.name for member in members) or 'no CSV'}"
        raise TowerError(
            "the zip holds no fluxes", value=value, remedy="a member named …_DD_… or …_HH_… is needed"
        )
    tables = ("_BIF_", "SITEINFO")
    return Archive(
        tuple(chosen.values()),
        tuple(m for m in members if any(t in m.name for t in tables) and "VARINFO" not in m.name),
    )


def _is_other(name: str) -> bool:
    return any(mark in name.upper() for mark in _OTHERS)


def _members(path: Path) -> Iterator[Member]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield from (Member(path, name) for name in archive.namelist() if name.lower().endswith(".csv"))
    except (OSError, zipfile.BadZipFile) as error:
        raise TowerError("the zip can't be read", value=path, remedy=f"fetch it again ({error})") from error
