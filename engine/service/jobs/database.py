"""The history of jobs in SQLite: written before anything happens, so that a crash or a power cut loses none."""

import json
import logging
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from pathlib import Path

from ...errors import OutputError
from ...output import output_error
from .states import Job, JobProgress, State

log = logging.getLogger(__name__)

_TABLE = """
create table if not exists jobs (
    number integer primary key autoincrement,
    id text not null unique,
    kind text not null,
    state text not null,
    content text not null
)
"""
_SYNC = {False: "full", True: "normal"}
_OUT_OF_THE_COLUMNS = ("number", "id", "kind", "state")
_COLUMNS = (*_OUT_OF_THE_COLUMNS, "content")
_OF_THE_DISK = {
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_AUTH,
}
"""Kinds of errors that say nothing against the file's content."""
_FULL = ("full", "disk I/O", "readonly", "unable to open")


class Database:
    """Jobs by id, newest last; for one process, which the workspace's lock sees to."""

    def __init__(self, path: Path) -> None:
        """Open or make the file; a damaged one is set aside as `NAME.damaged`, never thrown away."""
        self.path = path
        self.set_aside: Path | None = None
        try:
            self._connection = self._open()
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _OF_THE_DISK:  # the file may be whole
                raise _refused(error, path) from error
            self.set_aside = _set_aside(path)
            log.warning("the history of jobs is damaged; it was set aside as %s", self.set_aside)
            self._connection = self._open()

    def _open(self) -> sqlite3.Connection:
        self._touch()
        connection = sqlite3.connect(self.path, isolation_level=None)
        try:
            # alone: write-ahead logging then needs no shared memory, which network file systems lack
            connection.execute("pragma locking_mode = exclusive")
            connection.execute("pragma journal_mode = wal")
            connection.execute(
                "pragma synchronous = full"
            )  # a job that was answered for survives a power cut
            if connection.execute("pragma quick_check").fetchone() != ("ok",):
                raise sqlite3.DatabaseError("quick_check")
            connection.execute(_TABLE)
            _check_content(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _touch(self) -> None:
        """SQLite gives its other files the mode that this one has."""
        try:
            self.path.touch(mode=0o600)
        except OSError as error:
            raise output_error(error, self.path) from error

    def close(self) -> None:
        self._connection.close()

    def add(self, job: Job) -> Job:
        """Keep a new job; the same with its number. `OutputError` where the disk refuses."""
        with self._writing():
            self._connection.execute(f"pragma synchronous = {_SYNC[False]}")
            done = self._connection.execute(
                "insert into jobs (id, kind, state, content) values (?, ?, ?, ?)", _columns(job)
            )
        return replace(job, number=done.lastrowid or 0)

    def save(self, job: Job) -> None:
        """Keep what became of a job; `OutputError` where the disk refuses.

        That it runs, and how far it is, may be lost in a power cut, as waiting for the disk takes some 20 ms;
        what was answered for, and how a job ended, is not."""
        with self._writing():
            self._connection.execute(f"pragma synchronous = {_SYNC[job.state is State.RUNNING]}")
            self._connection.execute(
                "update jobs set id = ?, kind = ?, state = ?, content = ? where number = ?",
                (*_columns(job), job.number),
            )

    def delete(self, job: Job) -> None:
        with self._writing():
            self._connection.execute("delete from jobs where number = ?", (job.number,))

    def get(self, identity: str) -> Job | None:
        rows = self._select("where id = ?", (identity,))
        return next(rows, None)

    def jobs(self, states: Iterable[State] = (), *, limit: int = -1, before: int | None = None) -> list[Job]:
        """Newest first; of some states, below a number."""
        wanted = list(states)
        clauses, values = ["1 = 1"], [*wanted]
        if wanted:
            clauses.append(f"state in ({', '.join('?' * len(wanted))})")
        numbers: list[int] = [] if before is None else [before]
        clauses += ["number < ?"] * len(numbers)
        where = f"where {' and '.join(clauses)} order by number desc limit ?"
        return list(self._select(where, (*values, *numbers, limit)))

    def oldest_ended(self, beyond: int) -> list[Job]:
        """Jobs that have ended, but for the `beyond` newest of them."""
        ended = [state for state in State if state.ended]
        places = ", ".join("?" * len(ended))
        where = f"where state in ({places}) order by number desc limit -1 offset ?"
        return list(self._select(where, (*ended, beyond)))

    def counts(self) -> dict[str, int]:
        """Number of jobs by state; states without one are absent."""
        return dict(self._connection.execute("select state, count(*) from jobs group by state"))

    def _select(self, where: str, values: tuple[object, ...]) -> Iterator[Job]:
        found = self._connection.execute(f"select number, id, kind, state, content from jobs {where}", values)
        return (_job(*row) for row in found)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise _refused(error, self.path) from error


def _check_content(connection: sqlite3.Connection) -> None:
    """`DatabaseError` for a table or a row that says something else than a job: found at the start, not in use."""
    columns = [row[1] for row in connection.execute("pragma table_info(jobs)")]
    if columns != list(_COLUMNS):
        raise sqlite3.DatabaseError(f"other columns: {columns}")
    for row in connection.execute(f"select {', '.join(_COLUMNS)} from jobs"):
        try:
            _job(*row)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise sqlite3.DatabaseError(f"job {row[0]}") from error


def _refused(error: sqlite3.Error, path: Path) -> OutputError:
    full = any(word in str(error) for word in _FULL)
    cause = "the history of jobs can't be written" + (": the disk is full or read-only" if full else "")
    return OutputError(cause, value=path, remedy="free some space, then try again" if full else str(error))


def _set_aside(path: Path) -> Path:
    numbers = (f".damaged{n or ''}" for n in range(1000))
    aside = next(p for n in numbers if not (p := path.with_name(path.name + n)).exists())
    os.replace(path, aside)
    log_of_it = path.with_name(f"{path.name}-wal")
    if log_of_it.exists():  # else the new file would take it for its own
        os.replace(log_of_it, aside.with_name(f"{aside.name}-wal"))
    return aside


def _columns(job: Job) -> tuple[str, str, str, str]:
    content = {name: value for name, value in asdict(job).items() if name not in _OUT_OF_THE_COLUMNS}
    return job.id, job.kind, job.state.value, json.dumps(content)


_KEPT = {field.name for field in fields(Job)} - {*_OUT_OF_THE_COLUMNS, "progress"}


def _job(number: int, identity: str, kind: str, state: str, content: str) -> Job:
    values = json.loads(content)
    progress = values.pop("progress")
    return Job(
        **{name: value for name, value in values.items() if name in _KEPT},  # a newer engine may keep more
        number=number,
        id=identity,
        kind=kind,
        state=State(state),
        progress=None if progress is None else JobProgress(**progress),
    )
