from __future__ import annotations

import json
import multiprocessing
import os
import resource
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from task_lab import cancelled, done, failed, make_task

from voxq.core.outcome import Outcome
from voxq.core.task import Task
from voxq.storage.history_log import HistoryLog, record_of
from voxq.storage.journal.files import FileJournal
from voxq.storage.journal.port import Ended

spawn = multiprocessing.get_context("spawn")


class Desk:
    """History log with its journal."""

    def __init__(self, root: Path, *, fsync: bool = False) -> None:
        self.path = root / "logs" / "asr_history.jsonl"
        self.journal = FileJournal(root / "journal")
        self.log = HistoryLog(self.path, fsync=fsync)

    def settle(self, outcome: Outcome | None = None, task: Task | None = None) -> Ended:
        end = Ended(task or make_task(), outcome or done())
        self.journal.accept(end.task)
        self.log.settle([end], self.journal, maybe_logged=False)
        return end


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_line_has_the_documented_fields(desk: Desk) -> None:
    end = desk.settle(failed(worker_id=2, duration=12.34567, model="sensevoice"))
    [line] = desk.path.read_text().splitlines()
    assert json.loads(line) == {
        "task_id": end.task.id,
        "run": 1,
        "owner": "anna",
        "file": end.task.file,
        "text": "",
        "created_at": record_of(end)["created_at"],
        "duration": 12.346,
        "status": "failed",
        "worker_id": 2,
        "model": "sensevoice",
        "error": "Processing timeout (600s exceeded)",
    }
    assert stat.S_IMODE(desk.path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("outcome", "word"), [(done(), "success"), (failed(), "failed"), (cancelled(), "cancelled")]
)
def test_done_is_called_success(desk: Desk, outcome: Outcome, word: str) -> None:
    desk.settle(outcome)
    assert desk.log.tail(1)[0]["status"] == word


def test_a_task_is_settled_once(desk: Desk) -> None:
    end = desk.settle()
    assert desk.journal.open_ids() == []
    desk.log.settle([end], desk.journal, maybe_logged=False)
    assert len(desk.log.tail(9)) == 1


def test_a_kill_between_line_and_close_is_completed(desk: Desk) -> None:
    end = desk.settle()
    other = desk.settle()
    desk.journal.accept(end.task)
    desk.log.settle([end], desk.journal, maybe_logged=True)
    assert desk.journal.open_ids() == []
    assert [record["task_id"] for record in desk.log.tail(9)] == [other.task.id, end.task.id]


def test_each_run_has_its_line(desk: Desk) -> None:
    first = desk.settle(failed())
    second = Ended(first.task.evolve(run=2), done())
    desk.journal.accept(second.task)
    desk.log.settle([first], desk.journal, maybe_logged=True)
    assert desk.journal.open_ids() == [first.task.id]
    desk.log.settle([second], desk.journal, maybe_logged=True)
    assert [record["run"] for record in desk.log.tail(9)] == [2, 1]


@pytest.mark.parametrize("torn", [b"{", b'{"task_id": "2025', b"x" * 200_000])
def test_a_torn_tail_is_cut(desk: Desk, torn: bytes) -> None:
    first = desk.settle()
    whole = desk.path.read_bytes()
    with desk.path.open("ab") as file:
        file.write(torn)
    assert [record["task_id"] for record in desk.log.tail(9)] == [first.task.id]
    second = desk.settle()
    content = desk.path.read_bytes()
    assert content.startswith(whole)
    assert [json.loads(line)["task_id"] for line in content.splitlines()] == [first.task.id, second.task.id]


def test_a_torn_line_of_the_task_itself_does_not_count(desk: Desk) -> None:
    end = desk.settle()
    line = desk.path.read_bytes()
    desk.path.write_bytes(line[:-1])
    desk.journal.accept(end.task)
    desk.log.settle([end], desk.journal, maybe_logged=True)
    assert desk.path.read_bytes() == line


def test_tail_gives_the_newest_first_and_no_more(desk: Desk) -> None:
    assert desk.log.tail(3) == []
    ends = [desk.settle(done(text="x" * size)) for size in (10, 100_000, 0, 65_536, 7)]
    expected = [end.task.id for end in reversed(ends)]
    assert [record["task_id"] for record in desk.log.tail(99)] == expected
    assert [record["task_id"] for record in desk.log.tail(2)] == expected[:2]
    assert desk.log.tail(0) == []


def test_foreign_lines_are_skipped(desk: Desk) -> None:
    first = desk.settle()
    with desk.path.open("ab") as file:
        file.write(b'\n\n[]\n5\n"x"\n\xff\xff\n{"a": 1}\n' + b"[" * 100_000 + b"\n")
    second = desk.settle()
    assert [record["task_id"] for record in desk.log.tail(9)] == [second.task.id, first.task.id]
    desk.log.blank(first.task.id)
    desk.journal.accept(second.task)
    desk.log.settle([second], desk.journal, maybe_logged=True)
    assert desk.journal.open_ids() == []


texts = st.text(max_size=40)
outcomes = st.one_of(
    st.builds(done, text=texts), st.builds(failed, error=texts), st.builds(cancelled), st.just(done(text=""))
)


def test_an_interrupted_blanking_is_completed_the_next_time(desk: Desk) -> None:
    """Repeat a blanking that was interrupted: `kill -9` can cut off a write of more than a page."""
    first, torn, last = (desk.settle(done("geheim " * 2000)) for _ in range(3))
    before = desk.path.read_bytes()
    desk.log.blank(torn.task.id)
    start, page = before.index(b"\n") + 1, 4096
    whole = desk.path.read_bytes()
    desk.path.write_bytes(whole[: start + page] + before[start + page :])
    desk.log.blank(torn.task.id)
    lines = desk.path.read_bytes().splitlines()
    assert b"geheim" not in lines[1]
    assert [len(line) for line in lines] == [len(line) for line in before.splitlines()]
    assert [record["task_id"] for record in desk.log.records()] == [last.task.id, first.task.id]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(ends=st.lists(outcomes, min_size=1, max_size=8), data=st.data())
def test_blanking_moves_and_changes_no_other_line(
    tmp_path_factory: pytest.TempPathFactory, ends: list[Outcome], data: st.DataObject
) -> None:
    desk = Desk(tmp_path_factory.mktemp("log"))
    settled = [desk.settle(outcome) for outcome in ends]
    before = desk.path.read_bytes()
    index = data.draw(st.integers(0, len(settled) - 1))
    task = settled[index].task
    desk.log.blank(task.id)
    desk.log.blank(task.id)
    after = desk.path.read_bytes()
    assert len(after) == len(before)
    old, new = before.split(b"\n"), after.split(b"\n")
    assert [len(line) for line in new] == [len(line) for line in old]
    assert old[:index] == new[:index]
    assert old[index + 1 :] == new[index + 1 :]
    record, blanked = json.loads(old[index]), json.loads(new[index])
    record.pop("error", None)
    assert blanked == record | {"text": "", "erased": True}
    assert task.id not in [each["task_id"] for each in desk.log.records()]
    desk.journal.accept(task)
    desk.log.settle([settled[index]], desk.journal, maybe_logged=True)
    assert desk.path.read_bytes() == after


def test_a_line_changed_by_hand_is_blanked_entirely(desk: Desk) -> None:
    task = make_task()
    neighbour = b'{"task_id":"x"}\n'
    desk.path.write_bytes(f'{{"task_id":"{task.id}","x":1e5}}\n'.encode() + neighbour)
    size = desk.path.stat().st_size
    desk.log.blank(task.id)
    assert desk.path.stat().st_size == size
    assert desk.path.read_bytes().endswith(b"\n" + neighbour)
    assert task.id.encode() not in desk.path.read_bytes()


def _settle_all(root: str, records: list[dict[str, object]], start, done_queue) -> None:
    desk = Desk(Path(root))
    start.wait(120)
    for record in records:
        desk.log.settle(
            [Ended(Task.from_json(record), done(text="x" * 500))], desk.journal, maybe_logged=True
        )
    done_queue.put(None)


@pytest.mark.slow
def test_of_several_processes_one_writes_each_line(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    tasks = [make_task() for _ in range(40)]
    for task in tasks:
        desk.journal.accept(task)
    start, finished = spawn.Barrier(3), spawn.Queue()
    records = [task.to_json() for task in tasks]
    racers = [
        spawn.Process(target=_settle_all, args=(str(tmp_path), records[::step], start, finished))
        for step in (1, -1, 1)
    ]
    for racer in racers:
        racer.start()
    for racer in racers:
        finished.get(timeout=120)
        racer.join(120)
    lines = [json.loads(line) for line in desk.path.read_bytes().splitlines()]
    assert sorted(line["task_id"] for line in lines) == sorted(task.id for task in tasks)
    assert desk.journal.open_ids() == []


def _settle_on_a_full_disk(root: str, record: dict[str, object], limit: int) -> None:
    desk = Desk(Path(root))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        desk.log.settle(
            [Ended(Task.from_json(record), done(text="x" * 500))], desk.journal, maybe_logged=False
        )
    except OSError:
        os._exit(0)
    os._exit(1)


@pytest.mark.slow
@pytest.mark.parametrize("capacity", [0, 1, 300])
def test_a_full_disk_leaves_no_half_line(tmp_path: Path, capacity: int) -> None:
    desk = Desk(tmp_path)
    desk.settle()
    before = desk.path.read_bytes()
    task = make_task()
    desk.journal.accept(task)
    process = spawn.Process(
        target=_settle_on_a_full_disk, args=(str(tmp_path), task.to_json(), len(before) + capacity)
    )
    process.start()
    process.join(120)
    assert process.exitcode == 0
    assert desk.path.read_bytes() == before
    assert desk.journal.open_ids() == [task.id]


def test_with_fsync_the_line_is_on_the_disk_before_the_task_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path, fsync=True)
    task = make_task()
    order: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda _: order.append("fsync"))
    monkeypatch.setattr(desk.journal, "close", lambda _: order.append("close"))
    desk.journal.accept(task)
    desk.log.settle([Ended(task, done())], desk.journal, maybe_logged=False)
    assert order == ["fsync", "close"]
