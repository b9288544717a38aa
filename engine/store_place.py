"""Where an embedding store lies: a folder on a disk, or objects in a bucket that speak S3.

A disk is told to append a line and to rename a whole folder; a bucket can do neither, but puts each object whole or not
at all. What differs for a writer and a reader is here, and nowhere else. A bucket needs obstore
(`pip install 'phenolens[cluster]'`), which takes address, region and credentials from the environment of each process
(`AWS_ENDPOINT_URL`, `AWS_REGION`, `AWS_ACCESS_KEY_ID` …): none of them is sent to workers or written to a store.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from io import FileIO
from pathlib import Path
from typing import Any, TextIO

from zarr.storage import ObjectStore

from .errors import InputError, OutputError, ResourceError
from .output import output_error

METADATA = "zarr.json"
"""Of the group; a store is there once this is."""
SCHEME = "s3://"
LONGEST_ANSWER = 400
"""Letters of what a server says that an error tells."""


def _settled(file: TextIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _on_disk(files: Iterable[Path]) -> None:
    """Wait until files, and their names, are on the disk itself."""
    folders = set()
    for path in files:
        with path.open("rb") as file:
            os.fsync(file.fileno())
        folders.add(path.parent)
    if os.name != "posix":  # elsewhere a folder can't be opened, and names are kept without it
        return
    for folder in folders:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@dataclass(frozen=True)
class Folder:
    """A store on a file system."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    @property
    def opened(self) -> Path:
        """What zarr opens."""
        return self.path

    def exists(self) -> bool:
        return self.path.exists()

    def read(self, name: str) -> str:
        return (self.path / name).read_text(encoding="utf-8")

    def replace(self, name: str, text: str) -> None:
        """Put a whole text in the place of another."""
        partial = (self.path / name).with_suffix(".partial")
        with partial.open("w", encoding="utf-8") as file:
            file.write(text)
            _settled(file)
        os.replace(partial, self.path / name)

    def extend(self, name: str, _before: Sequence[str], line: str) -> None:
        """Put a line below those that are there."""
        with (self.path / name).open("a", encoding="utf-8") as file:
            file.write(line)
            _settled(file)

    def settle(self, keys: Iterable[str]) -> None:
        """Wait until shards lie on the disk itself, so that not even a loss of power takes them; what holds nothing
        but the fill value has none."""
        _on_disk(path for path in (self.path / key for key in keys) if path.exists())

    def create(self, make: Callable[[Any], None], journal: str) -> None:
        """A store with what `make` writes and an empty journal: all of it, or nothing."""
        beside = self.path.with_name(f".{self.path.name}.new")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(beside, ignore_errors=True)
        try:
            make(beside)
            (beside / journal).touch()
            _on_disk(path for path in beside.rglob("*") if path.is_file())
            os.rename(beside, self.path)
        finally:
            shutil.rmtree(beside, ignore_errors=True)

    def sweep(self) -> None:
        """Take away what processes that were killed while they wrote have left."""
        for leftover in self.path.rglob("*.partial"):
            leftover.unlink(missing_ok=True)

    def remove(self) -> None:
        shutil.rmtree(self.path)

    def shard(self, key: str) -> FileIO:
        """A file of the store, unbuffered; `FileNotFoundError` where there is none."""
        return FileIO(f"{self.path}/{key}")

    @property
    def faults(self) -> tuple[type[Exception], ...]:
        """What goes wrong there, as Python says it."""
        return (OSError,)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Turn what goes wrong on the disk into an `OutputError` that names it."""
        try:
            yield
        except OSError as error:
            raise output_error(error, self.path) from error


@dataclass(frozen=True)
class Bucket:
    """A store in a bucket, `s3://bucket/folder/area.zarr`; can be sent to workers."""

    url: str

    @classmethod
    def at(cls, url: str) -> "Bucket":
        """`InputError` unless it is `s3://` with a bucket and a name, `ResourceError` without obstore."""
        bucket, _, name = url.removeprefix(SCHEME).partition("/")
        if not url.startswith(SCHEME) or not bucket or not name.strip("/"):
            remedy = "give a folder, or s3://bucket/area.zarr"
            raise InputError("no store can be at this address", value=url, remedy=remedy)
        found = cls(url.rstrip("/"))
        _ = found.objects  # now rather than after hours
        return found

    def __str__(self) -> str:
        return self.url

    @property
    def name(self) -> str:
        return self.url.rpartition("/")[2]

    @cached_property
    def objects(self) -> Any:
        """The bucket below the address."""
        try:
            return import_module("obstore.store").from_url(self.url)
        except ImportError as error:
            raise ResourceError(
                "a package for stores in buckets is not installed",
                value="obstore",
                remedy="pip install 'phenolens[cluster]'",
            ) from error

    def __getstate__(self) -> dict[str, str]:
        return {"url": self.url}

    @property
    def opened(self) -> "ObjectStore[Any]":
        return ObjectStore(self.objects)

    def exists(self) -> bool:
        return any(batch for batch in self.objects.list(chunk_size=1))

    def read(self, name: str) -> str:
        return bytes(self.objects.get(name).bytes()).decode()

    def replace(self, name: str, text: str) -> None:
        self.objects.put(name, text.encode())

    def extend(self, name: str, before: Sequence[str], line: str) -> None:
        # an object can't grow. All lines of a Sentinel-2 tile-year are 30 kB: they are put once more
        self.replace(name, "".join([*before, line]))

    def create(self, make: Callable[[Any], None], journal: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            here = Path(folder) / "store"
            make(here)
            self.replace(journal, "")
            files = sorted(path for path in here.rglob("*") if path.is_file())
            for path in sorted(files, key=(here / METADATA).__eq__):  # the group's own is put last
                self.objects.put(path.relative_to(here).as_posix(), path.read_bytes())

    def settle(self, keys: Iterable[str]) -> None:
        """Nothing to do: a bucket has answered that it holds them."""

    def sweep(self) -> None:
        """Nothing to do: an object is put whole, and what never became one can't be seen."""

    def remove(self) -> None:
        for batch in self.objects.list():
            self.objects.delete([entry["path"] for entry in batch])

    def shard(self, key: str) -> "RemoteFile":
        return RemoteFile(self, key)

    @contextmanager
    def writing(self) -> Iterator[None]:
        try:
            yield
        except self.faults as error:
            said = " ".join(str(error).split())[:LONGEST_ANSWER]
            raise OutputError("the bucket can't be written to", value=self, remedy=said) from error

    @property
    def faults(self) -> tuple[type[Exception], ...]:
        return (OSError, import_module("obstore.exceptions").BaseError)


class RemoteFile:
    """An object that is read as a file is: a request for each part, or one for all that are announced together."""

    def __init__(self, bucket: Bucket, key: str) -> None:
        """`FileNotFoundError` where there is none."""
        self.name = f"{bucket}/{key}"
        self._objects, self._key = bucket.objects, key
        self._size: int = self._objects.head(key)["size"]
        self._at = 0
        self._parts: dict[int, memoryview] = {}

    def __enter__(self) -> "RemoteFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._parts.clear()

    def announce(self, begins: Sequence[int], lengths: Sequence[int]) -> None:
        """Fetch parts that are going to be read; those that lie together come in one request."""
        parts = self._objects.get_ranges(self._key, starts=begins, lengths=lengths)
        self._parts = {begin: memoryview(part) for begin, part in zip(begins, parts, strict=True)}

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = self._size + offset if whence == os.SEEK_END else offset
        return self._at

    def readinto(self, target: memoryview) -> int:
        part = self._parts.get(self._at)
        if part is None or len(part) != len(target):
            length = min(len(target), self._size - self._at)
            part = memoryview(self._objects.get_range(self._key, start=self._at, length=length))
        target[: len(part)] = part
        self._at += len(part)
        return len(part)


Place = Folder | Bucket


def place_of(where: "Path | str | Place") -> Place:
    """Where a store lies, of a path, an `s3://` address or a place."""
    if isinstance(where, (Folder, Bucket)):
        return where
    return Bucket.at(where) if isinstance(where, str) and "://" in where else Folder(Path(where))
