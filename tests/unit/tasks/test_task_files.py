"""The recordings and the work directories."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest
from task_lab import make_task

from voxq.core.outcome import Incident
from voxq.storage.recordings import Recordings
from voxq.storage.scratch import LeftRunning, WorkFiles


@pytest.fixture
def recordings(tmp_path: Path) -> Recordings:
    return Recordings(tmp_path / "recordings", tmp_path / "incoming")


def keep(recordings: Recordings, name: str) -> Path:
    part = recordings.part("x")
    part.write_bytes(b"sound")
    recordings.keep(part, name, fsync=True)
    return recordings.path(name)


def test_an_upload_becomes_a_recording(recordings: Recordings) -> None:
    name = make_task().file
    assert not recordings.exists(name)
    path = keep(recordings, name)
    assert path.read_bytes() == b"sound"
    assert recordings.exists(name)
    assert not recordings.part("x").exists()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    recordings.remove(name)
    recordings.remove(name)
    assert not recordings.exists(name)


def test_a_recording_is_as_old_as_its_keeping(recordings: Recordings) -> None:
    part = recordings.part("x")
    part.write_bytes(b"sound")
    os.utime(part, (1, 1))  # probing took its time
    name = make_task().file
    recordings.keep(part, name, fsync=False)
    assert recordings.all()[0].modified > time.time() - 60


@pytest.mark.parametrize(
    "name",
    [
        "",
        "x.wav",
        "../recordings/2025-12-01_001_abcdef.wav",
        "2025-12-01_001_abcdef",
        "2025-12-01_001_abcdef.",
        "2025-12-01_001_abcdef.w/v",
        "2025-12-01_001_abcdef.tar.gz",
        "2025-12-01_001_abcdef.ｗａｖ",
    ],
)
def test_only_stored_names_become_paths(recordings: Recordings, name: str) -> None:
    with pytest.raises(ValueError):
        recordings.path(name)
    assert not recordings.exists(name)
    recordings.remove(name)


def test_strangers_in_the_directory_are_left_alone(recordings: Recordings, tmp_path: Path) -> None:
    (tmp_path / "recordings/notes.txt").touch()
    (tmp_path / "recordings/2025-12-01_001_abcdef.wav").symlink_to(tmp_path / "recordings/notes.txt")
    (tmp_path / "recordings/2025-12-01_002_abcdef.wav").mkdir()
    assert recordings.all() == []


def test_what_is_no_file_is_no_recording(recordings: Recordings, tmp_path: Path) -> None:
    """Opening a FIFO takes a thread until somebody writes to it; a link could lead anywhere."""
    fifo, link = make_task().file, make_task().file
    os.mkfifo(recordings.path(fifo))
    (tmp_path / "secret").write_bytes(b"sound")
    recordings.path(link).symlink_to(tmp_path / "secret")
    for name in (fifo, link):
        assert not recordings.exists(name)
        with pytest.raises(FileNotFoundError):
            recordings.stat(name)


def test_a_task_takes_its_recording_along_whatever_its_format(recordings: Recordings) -> None:
    task, other = make_task(), make_task()
    keep(recordings, task.file)
    keep(recordings, other.file)
    recordings.remove_of("*")
    recordings.remove_of(task.id)
    assert [each.name for each in recordings.all()] == [other.file]


def test_uploads_that_were_cut_off_are_swept(recordings: Recordings) -> None:
    old, new = recordings.part("old"), recordings.part("new")
    for part in (old, new):
        part.touch()
    os.utime(old, (1, 1))
    assert recordings.sweep(before=time.time() - 3600) == 1
    assert new.exists()


def test_finished_chunks_are_found_again_under_the_same_conditions(tmp_path: Path) -> None:
    work = WorkFiles(tmp_path / "work").open(make_task())
    work.add_chunk("base|en", 0, 16000, {"t": "eins"})
    work.add_chunk("base|de", 16000, 32000, {"t": "zwei"})
    work.add_chunk("base|en", 0, 16000, {"t": "eins, besser"})
    assert work.chunks("base|en") == {(0, 16000): {"t": "eins, besser"}}
    assert work.chunks("large|en") == {}


@pytest.mark.parametrize(
    "damage", [b'{"conditions": "c", "sta', b"null\n", b'{"conditions": "c"}\n', b"\xff\n"]
)
def test_a_torn_chunk_is_done_again(tmp_path: Path, damage: bytes) -> None:
    task = make_task()
    work = WorkFiles(tmp_path).open(task)
    work.add_chunk("c", 0, 1, {"t": "a"})
    with (tmp_path / f"{task.id}.1/chunks.jsonl").open("ab") as file:
        file.write(damage)
    work.add_chunk("c", 1, 2, {"t": "b"})
    assert work.chunks("c") == {(0, 1): {"t": "a"}, (1, 2): {"t": "b"}}


def test_incidents_and_blames_are_remembered(tmp_path: Path) -> None:
    task = make_task()
    work = WorkFiles(tmp_path).open(task)
    assert work.incidents() == ([], 0)
    crash, slow = Incident(1.0, "engine_crashed", "x"), Incident(2.0, "timeout", "y")
    work.add_incident(crash, blamed=True)
    with (tmp_path / f"{task.id}.1/incidents.jsonl").open("ab") as file:
        file.write(b'{"mood": "bad"}\n{"at": 1')
    work.add_incident(slow, blamed=False)
    assert work.incidents() == ([crash, slow], 1)


def test_what_runs_is_marked_until_it_has_ended(tmp_path: Path) -> None:
    files, task = WorkFiles(tmp_path), make_task()
    work = files.open(task)
    assert work.left_running() == LeftRunning()
    work.mark_running([(0, 16000), (16000, 20000)])
    spans = frozenset({(0, 16000), (16000, 20000)})
    assert files.open(task).left_running() == LeftRunning(spans)
    work.mark_running([(0, 16000)], alone=True)
    assert files.open(task).left_running() == LeftRunning(frozenset({(0, 16000)}), alone=True)
    work.mark_running([])
    work.mark_running([])
    assert work.left_running() == LeftRunning()


GARBAGE = [b"", b"[[1", b"7", b'{"a": 1}', b"[[1, 2, 3]]", b'[["a", "b"]]', b"x" * 100_000]


@pytest.mark.parametrize("garbage", GARBAGE)
def test_an_unreadable_mark_is_none(tmp_path: Path, garbage: bytes) -> None:
    task = make_task()
    work = WorkFiles(tmp_path).open(task)
    mark = tmp_path / f"{task.id}.1/running.json"
    mark.write_bytes(garbage)
    assert work.left_running() == LeftRunning()
    work.mark_running([(1, 2)])
    assert work.left_running() == LeftRunning(frozenset({(1, 2)}))
    assert mark.stat().st_size < 1000, "and nothing of it stays"


def test_work_directories_go_with_their_run(tmp_path: Path) -> None:
    files, task = WorkFiles(tmp_path), make_task()
    files.open(task)
    files.open(task.evolve(run=2))
    files.remove(task)
    files.remove(task)
    assert list(files.names()) == [f"{task.id}.2"]
    files.remove_named(f"{task.id}.2")
    assert list(files.names()) == []
