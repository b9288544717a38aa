"""The history of jobs on the disk."""

import sqlite3
import stat

import pytest
from phenolens.engine.errors import OutputError
from phenolens.engine.service.jobs.database import Database
from phenolens.engine.service.jobs.states import Job, JobProgress, State


def a_job(number):
    return Job(f"{number:016x}", "note", {"out": f"{number}.txt", "text": "ä"}, priority=number)


def test_what_is_kept_is_read_back_alike(tmp_path):
    database = Database(tmp_path / "jobs.sqlite")
    job = database.add(a_job(1)).running()
    database.save(job)
    ended = job.ended(State.FAILED, error={"code": "input", "cause": "x", "value": None, "remedy": ""})
    second = database.add(a_job(2))
    database.save(ended)
    database.close()
    again = Database(tmp_path / "jobs.sqlite")
    assert again.jobs() == [second, ended]
    assert again.get(ended.id) == ended
    assert again.get("unknown") is None
    assert again.counts() == {"failed": 1, "queued": 1}
    again.delete(ended)
    assert again.jobs() == [second]
    again.close()


def test_progress_is_kept_too(tmp_path):
    from dataclasses import replace

    database = Database(tmp_path / "jobs.sqlite")
    job = replace(database.add(a_job(1)).running(), progress=JobProgress("embed", 1, 9, None))
    database.save(job)
    assert database.get(job.id) == job
    database.close()


def test_the_file_is_for_this_user_alone(tmp_path):
    database = Database(tmp_path / "jobs.sqlite")
    database.add(a_job(1))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    database.close()
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize("damage", [b"no database at all" * 100, None])
def test_a_damaged_history_is_set_aside_and_a_new_one_begun(tmp_path, damage):
    path = tmp_path / "jobs.sqlite"
    database = Database(path)
    for number in range(300):
        database.add(a_job(number))
    database.close()
    content = bytearray(path.read_bytes())
    content[4096:-4096] = b"\xff" * (len(content) - 8192)  # the first page stays: it still looks like one
    path.write_bytes(damage or bytes(content))
    for _ in range(2):
        again = Database(path)
        assert again.jobs() == []
        assert again.set_aside is not None
        assert again.set_aside.exists()
        again.close()
        path.write_bytes(b"broken again" * 1000)
    assert len(list(tmp_path.glob("*.damaged*"))) == 2


def changed(path, statement):
    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "update jobs set content = 'no JSON'",
        "update jobs set content = '[]'",
        "update jobs set state = 'dreaming'",
        "update jobs set id = cast(x'80' as text)",
        "alter table jobs rename column content to contents",
    ],
)
def test_a_history_of_something_else_is_set_aside_at_the_start_not_found_out_in_use(tmp_path, statement):
    path = tmp_path / "jobs.sqlite"
    database = Database(path)
    database.add(a_job(1))
    database.close()
    changed(path, statement)
    again = Database(path)
    assert (again.jobs(), again.set_aside) == ([], tmp_path / "jobs.sqlite.damaged")
    again.close()


def test_what_a_newer_engine_keeps_of_a_job_is_passed_over(tmp_path):
    path = tmp_path / "jobs.sqlite"
    database = Database(path)
    job = database.add(a_job(1))
    database.close()
    changed(path, "update jobs set content = json_set(content, '$.mood', 'fine')")
    again = Database(path)
    assert again.jobs() == [job]
    again.close()


def test_where_the_disk_refuses_it_is_said(tmp_path):
    (tmp_path / "jobs.sqlite").mkdir()
    with pytest.raises(OutputError, match="history"):
        Database(tmp_path / "jobs.sqlite")
