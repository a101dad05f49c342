"""Conformance tests of adapters of the journal port, including the guarantees of the write order."""

from __future__ import annotations

import multiprocessing
import os
import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from task_lab import done, failed, make_task

from voxq.core.task import Task
from voxq.storage.journal.files import FileJournal
from voxq.storage.journal.port import Journal

spawn = multiprocessing.get_context("spawn")

Opener = Callable[[Path], Journal]
"""Function that opens the journal of a storage; defined in this module, so that it can be pickled."""


def files(root: Path) -> Journal:
    return FileJournal(root / "journal")


def durable_files(root: Path) -> Journal:
    return FileJournal(root / "journal", fsync=True)


ADAPTERS = [files, durable_files]


@pytest.fixture(params=ADAPTERS, ids=lambda adapter: adapter.__name__)
def opener(request: pytest.FixtureRequest) -> Opener:
    return request.param


@pytest.fixture
def journal(opener: Opener, tmp_path: Path) -> Journal:
    return opener(tmp_path)


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
    journal.close([task.id])
    journal.close([task.id])
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


def test_only_an_open_task_can_end(journal: Journal) -> None:
    """Try to end a task that is not open, and an earlier run of an open one."""
    task = make_task()
    assert not journal.end(task, done())
    journal.accept(task.evolve(run=2))
    assert not journal.end(task, done())
    assert list(journal.ended_runs()) == []


def test_open_tasks_come_oldest_first(journal: Journal) -> None:
    ids = [f"2025-12-01_{number}_abcdef" for number in ("998", "999", "1000", "1001")]
    for task_id in reversed(ids):
        journal.accept(make_task(id=task_id))
    assert journal.open_ids() == ids


def test_only_one_of_two_retries_is_accepted(journal: Journal, opener: Opener, tmp_path: Path) -> None:
    task = make_task()
    again = task.evolve(run=2)
    assert journal.accept_again(again)
    assert not opener(tmp_path).accept_again(again.evolve(owner="another"))
    assert journal.open_task(task.id) == again
    journal.close([task.id])
    assert journal.accept_again(again.evolve(run=3))


def test_a_withdrawn_task_is_unknown(journal: Journal) -> None:
    task = make_task()
    journal.accept(task)
    journal.withdraw(task.id)
    journal.withdraw(task.id)
    assert journal.open_task(task.id) is None
    assert not journal.is_known(task)
    assert not journal.end(task, done())


def test_the_last_end_is_that_of_the_latest_run(journal: Journal) -> None:
    task = make_task()
    assert journal.last_end(task.id) is None
    for run, outcome in ((1, failed()), (2, done("again"))):
        journal.accept(task.evolve(run=run))
        assert journal.end(task.evolve(run=run), outcome)
    end = journal.last_end(task.id)
    assert end is not None
    assert (end.task.run, end.outcome.text) == (2, "again")
    journal.forget(task.id, 2)
    end = journal.last_end(task.id)
    assert end is not None
    assert end.task.run == 1
    journal.forget(task.id, 1)
    assert journal.last_end(task.id) is None
    assert list(journal.ended_runs()) == []


@pytest.mark.parametrize("has_ended", [False, True])
def test_a_task_is_found_by_its_key(journal: Journal, has_ended: bool) -> None:
    task = make_task(idempotency="key")
    journal.accept(task)
    if has_ended:
        assert journal.end(task, done())
        journal.close([task.id])
    assert journal.find(task.kind, "key", task.accepted_at) == task.id
    assert journal.find(task.kind, "another", task.accepted_at) is None
    assert journal.find("another", "key", task.accepted_at) is None
    assert (journal.find(task.kind, "key", task.accepted_at - 1) is None) is not has_ended


def test_a_notification_mark_lasts_as_long_as_its_run(journal: Journal) -> None:
    task = make_task()
    journal.mark_notified(task.id, 1)
    assert not journal.was_notified(task.id, 1)
    journal.accept(task)
    assert journal.end(task, done())
    assert not journal.was_notified(task.id, 1)
    journal.mark_notified(task.id, 1)
    journal.mark_notified(task.id, 1)
    journal.sweep(0)
    assert journal.was_notified(task.id, 1)
    journal.forget(task.id, 1)
    journal.forget(task.id, 1)
    assert not journal.was_notified(task.id, 1)


def test_all_processes_read_the_same_storage_id(journal: Journal, opener: Opener, tmp_path: Path) -> None:
    assert journal.storage == opener(tmp_path).storage != opener(tmp_path / "other").storage


def _race(opener: Opener, root: Path, records: list[dict[str, Any]], number: int, start, wins) -> None:
    journal = opener(root)
    start.wait(120)
    for task in map(Task.from_json, records):
        if journal.end(task, done(text=str(number))):
            wins.put((task.id, number))
    wins.put(None)


@pytest.mark.slow
def test_of_several_processes_one_wins_each_end(opener: Opener, tmp_path: Path) -> None:
    journal, tasks = opener(tmp_path), [make_task() for _ in range(50)]
    for task in tasks:
        journal.accept(task)
    start, wins = spawn.Barrier(3), spawn.Queue()
    records = [task.to_json() for task in tasks]
    racers = [
        spawn.Process(target=_race, args=(opener, tmp_path, records, number, start, wins))
        for number in range(3)
    ]
    for racer in racers:
        racer.start()
    reports = list(_until_all_are_done(wins, len(racers)))
    for racer in racers:
        racer.join(120)
    assert sorted(task_id for task_id, _ in reports) == sorted(task.id for task in tasks)
    for task_id, winner in reports:
        end = journal.ended(task_id, 1)
        assert end is not None
        assert end.outcome.text == str(winner)
    assert not list(tmp_path.rglob(".*.tmp"))


def _until_all_are_done(queue, count: int) -> Iterator[tuple[str, int]]:
    while count:
        item = queue.get(timeout=120)
        if item is None:
            count -= 1
        else:
            yield item


def _fill_the_disk(
    opener: Opener, root: Path, open_record: dict[str, Any], new_record: dict[str, Any]
) -> None:
    journal, task, new = opener(root), Task.from_json(open_record), Task.from_json(new_record)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
    for write in (lambda: journal.accept(new), lambda: journal.end(task, done())):
        try:
            write()
        except OSError:
            continue
        os._exit(1)
    os._exit(0)


@pytest.mark.slow
@pytest.mark.parametrize("opener", [files, durable_files])
def test_a_full_disk_leaves_nothing_half_done(opener: Opener, tmp_path: Path) -> None:
    journal, task, new = opener(tmp_path), make_task(), make_task()
    journal.accept(task)
    process = spawn.Process(target=_fill_the_disk, args=(opener, tmp_path, task.to_json(), new.to_json()))
    process.start()
    process.join(120)
    assert process.exitcode == 0
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [f"{task.id}.json"]
    assert journal.is_open(task)
