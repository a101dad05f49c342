from __future__ import annotations

import multiprocessing
import os
import resource
import stat
from pathlib import Path

import pytest
from task_lab import done, failed, make_task

from voxq.core.task import Task
from voxq.storage.journal import Journal

spawn = multiprocessing.get_context("spawn")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture(params=[False, True], ids=["", "fsync"])
def journal(root: Path, request: pytest.FixtureRequest) -> Journal:
    return Journal(root, fsync=request.param)


def test_a_task_is_open_until_it_is_closed(journal: Journal) -> None:
    task = make_task()
    assert journal.open_task(task.id) is None
    assert not journal.is_known(task)
    journal.accept(task)
    assert journal.open_task(task.id) == task
    assert journal.open_ids() == [task.id]
    outcome = done("straße 街")
    assert journal.end(task, outcome)
    assert journal.open_task(task.id) == task
    journal.close(task.id)
    journal.close(task.id)
    assert journal.open_task(task.id) is None
    assert journal.is_known(task)
    end = journal.ended(task.id, 1)
    assert end is not None
    assert (end.task, end.outcome) == (task, outcome)


def test_the_first_end_counts(journal: Journal) -> None:
    task = make_task()
    journal.accept(task)
    assert journal.is_open(task)
    assert journal.end(task, done("first"))
    assert not journal.is_open(task)
    assert not journal.end(task, failed())
    end = journal.ended(task.id, 1)
    assert end is not None
    assert end.outcome.text == "first"


def test_each_run_has_an_end_of_its_own(journal: Journal) -> None:
    first = make_task()
    second = first.evolve(run=2)
    journal.accept(first)
    assert journal.end(first, failed())
    journal.accept(second)
    assert journal.is_open(second)
    assert not journal.is_open(first)
    assert journal.end(second, done())
    assert journal.runs_of(first.id) == [1, 2]


def test_what_is_not_open_cannot_end(journal: Journal, root: Path) -> None:
    """It has ended and was forgotten, or is a later run by now."""
    task = make_task()
    assert not journal.end(task, done())
    journal.accept(task.evolve(run=2))
    assert not journal.end(task, done())
    assert not list((root / "ended").iterdir())


def test_open_tasks_come_oldest_first(journal: Journal) -> None:
    ids = [f"2025-12-01_{number}_abcdef" for number in ("998", "999", "1000", "1001")]
    for task_id in reversed(ids):
        journal.accept(make_task(id=task_id))
    assert journal.open_ids() == ids


def test_nothing_unfinished_is_ever_seen(journal: Journal, root: Path) -> None:
    for directory in ("", "open", "ended"):
        (root / directory / ".0123.tmp").write_text("{")
    assert journal.open_ids() == []
    assert list(journal.ended_runs()) == []
    journal.sweep(before=0)
    assert len(list(root.rglob(".*.tmp"))) == 3
    journal.sweep(before=2**33)
    assert not list(root.rglob(".*.tmp"))


def test_only_the_owner_can_read_it(journal: Journal, root: Path) -> None:
    task = make_task()
    journal.accept(task)
    journal.end(task, done())
    for path in root.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


GARBAGE = [
    b"",
    b"{",
    b"null",
    b"[]",
    b"{}",
    b"\xff\xfe\x00",
    b'{"id": "x"}',
    b'{"task": {}, "outcome": {}}',
    b"[" * 100_000,
    b"9" * 10_000,
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=lambda garbage: repr(garbage[:12]))
def test_garbage_is_set_aside(journal: Journal, root: Path, garbage: bytes) -> None:
    task = make_task()
    for name in (f"open/{task.id}.json", f"ended/{task.id}.1.json"):
        (root / name).write_bytes(garbage)
    assert journal.open_task(task.id) is None
    assert journal.ended(task.id, 1) is None
    assert journal.open_ids() == []
    assert list(journal.ended_runs()) == []
    assert len(list((root / "broken").iterdir())) == 2
    assert set(journal.unreadable_ids()) == {task.id}
    journal.accept(task)
    assert journal.end(task, done())


def test_a_directory_is_no_record(journal: Journal, root: Path) -> None:
    task = make_task()
    (root / f"open/{task.id}.json").mkdir()
    assert journal.open_task(task.id) is None
    assert journal.open_ids() == []


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_record_is_set_aside(journal: Journal, root: Path, share: float) -> None:
    task = make_task()
    journal.accept(task)
    journal.end(task, done())
    path = root / f"ended/{task.id}.1.json"
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    assert journal.ended(task.id, 1) is None


def test_names_that_are_none_of_ours_are_left_alone(journal: Journal, root: Path) -> None:
    strangers = ["open/readme.json", "open/x.txt", "ended/2025-12-01_001_abcdef.json", "ended/a.1.json"]
    for name in strangers:
        (root / name).write_text("{}")
    assert journal.open_ids() == []
    assert list(journal.ended_runs()) == []
    assert all((root / name).exists() for name in strangers)


def _race(root: str, records: list[dict[str, object]], number: int, start, wins) -> None:
    journal = Journal(Path(root))
    start.wait(120)
    for task in map(Task.from_json, records):
        if journal.end(task, done(text=str(number))):
            wins.put((task.id, number))
    wins.put(None)


def test_of_several_processes_one_wins_each_end(root: Path) -> None:
    journal, tasks = Journal(root), [make_task() for _ in range(50)]
    for task in tasks:
        journal.accept(task)
    start, wins = spawn.Barrier(3), spawn.Queue()
    records = [task.to_json() for task in tasks]
    racers = [
        spawn.Process(target=_race, args=(str(root), records, number, start, wins)) for number in range(3)
    ]
    for racer in racers:
        racer.start()
    reports = list(iter_until_all_are_done(wins, len(racers)))
    for racer in racers:
        racer.join(120)
    assert sorted(task_id for task_id, _ in reports) == sorted(task.id for task in tasks)
    for task_id, winner in reports:
        end = journal.ended(task_id, 1)
        assert end is not None
        assert end.outcome.text == str(winner)
    assert not list(root.glob("ended/.*.tmp"))


def iter_until_all_are_done(queue, count: int):
    while count:
        item = queue.get(timeout=120)
        if item is None:
            count -= 1
        else:
            yield item


def _fill_the_disk(root: str, open_record: dict[str, object], new_record: dict[str, object]) -> None:
    journal, task, new = Journal(Path(root)), Task.from_json(open_record), Task.from_json(new_record)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
    for write in (lambda: journal.accept(new), lambda: journal.end(task, done())):
        try:
            write()
        except OSError:
            continue
        os._exit(1)
    os._exit(0)


def test_a_full_disk_leaves_nothing_half_done(root: Path) -> None:
    journal, task, new = Journal(root), make_task(), make_task()
    journal.accept(task)
    process = spawn.Process(target=_fill_the_disk, args=(str(root), task.to_json(), new.to_json()))
    process.start()
    process.join(120)
    assert process.exitcode == 0
    assert [path.name for path in root.rglob("*") if path.is_file()] == [f"{task.id}.json"]
    assert journal.is_open(task)


def test_marks_of_runs_that_are_gone_are_swept(tmp_path: Path) -> None:
    """Whoever forgot a run may have been killed between its record and its mark."""
    journal = Journal(tmp_path)
    kept, gone = make_task(), make_task()
    for task in (kept, gone):
        journal.accept(task)
        assert journal.end(task, done())
        journal.mark_told(task.id, 1)
    (tmp_path / "ended" / f"{gone.id}.1.json").unlink()
    journal.sweep(0)
    assert journal.was_told(kept.id, 1)
    assert not journal.was_told(gone.id, 1)
