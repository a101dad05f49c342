"""Work directories."""

from __future__ import annotations

from pathlib import Path

import pytest
from task_lab import make_task

from voxq.core.outcome import Incident
from voxq.storage.scratch import LeftRunning, WorkFiles


def test_finished_chunks_are_found_again_under_the_same_conditions(tmp_path: Path) -> None:
    work = WorkFiles(tmp_path / "work").open(make_task())
    work.add_chunk("base|en", 0, 16000, {"t": "eins"})
    work.add_chunk("base|de", 16000, 32000, {"t": "zwei"})
    work.add_chunk("base|en", 0, 16000, {"t": "eins, besser"})
    assert work.chunks(["base|en"]) == {(0, 16000): {"t": "eins, besser"}}
    assert work.chunks(["large|en"]) == {}


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
    assert work.chunks(["c"]) == {(0, 1): {"t": "a"}, (1, 2): {"t": "b"}}


def test_incidents_and_blames_are_remembered(tmp_path: Path) -> None:
    task = make_task()
    work = WorkFiles(tmp_path).open(task)
    assert work.incidents() == ([], {})
    crash, slow = Incident(1.0, "engine_crashed", "x"), Incident(2.0, "timeout", "y")
    work.add_incident(crash, blamed=True)
    with (tmp_path / f"{task.id}.1/incidents.jsonl").open("ab") as file:
        file.write(b'{"mood": "bad"}\n{"at": 1')
    work.add_incident(slow, blamed=False)
    assert work.incidents() == ([crash, slow], {None: 1})


def test_running_work_is_marked_until_it_has_ended(tmp_path: Path) -> None:
    files, task = WorkFiles(tmp_path), make_task()
    work = files.open(task)
    assert work.left_running() == LeftRunning()
    work.mark_running({None: [(0, 16000), (16000, 20000)]})
    spans = frozenset({(0, 16000, None), (16000, 20000, None)})
    assert files.open(task).left_running() == LeftRunning(spans)
    work.mark_running({None: [(0, 16000)]}, alone=True)
    assert files.open(task).left_running() == LeftRunning(frozenset({(0, 16000, None)}), alone=True)
    work.mark_running({None: []})
    work.mark_running({None: []})
    assert work.left_running() == LeftRunning()


GARBAGE = [b"", b"[[1", b"7", b'{"a": 1}', b"[[1, 2, 3]]", b'[["a", "b"]]', b"x" * 100_000]


@pytest.mark.parametrize("garbage", GARBAGE)
def test_an_unreadable_mark_is_ignored(tmp_path: Path, garbage: bytes) -> None:
    task = make_task()
    work = WorkFiles(tmp_path).open(task)
    mark = tmp_path / f"{task.id}.1/running.json"
    mark.write_bytes(garbage)
    assert work.left_running() == LeftRunning()
    work.mark_running({None: [(1, 2)]})
    assert work.left_running() == LeftRunning(frozenset({(1, 2, None)}))
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
