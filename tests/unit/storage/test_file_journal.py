"""Journal in directories: other things in them, and permissions."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from task_lab import done, make_task

from voxq.storage.journal.files import FileJournal


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture(params=[False, True], ids=["", "fsync"])
def journal(root: Path, request: pytest.FixtureRequest) -> FileJournal:
    return FileJournal(root, fsync=request.param)


def test_nothing_unfinished_is_ever_seen(journal: FileJournal, root: Path) -> None:
    for directory in ("", "open", "ended"):
        (root / directory / ".0123.tmp").write_text("{")
    assert journal.open_ids() == []
    assert list(journal.ended_runs()) == []
    journal.sweep(before=0)
    assert len(list(root.rglob(".*.tmp"))) == 3
    journal.sweep(before=2**33)
    assert not list(root.rglob(".*.tmp"))


def test_only_the_owner_can_read_it(journal: FileJournal, root: Path) -> None:
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
def test_garbage_is_set_aside(journal: FileJournal, root: Path, garbage: bytes) -> None:
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


def test_a_directory_is_no_record(journal: FileJournal, root: Path) -> None:
    task = make_task()
    (root / f"open/{task.id}.json").mkdir()
    assert journal.open_task(task.id) is None
    assert journal.open_ids() == []


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_record_is_set_aside(journal: FileJournal, root: Path, share: float) -> None:
    task = make_task()
    journal.accept(task)
    journal.end(task, done())
    path = root / f"ended/{task.id}.1.json"
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    assert journal.ended(task.id, 1) is None


def test_other_files_in_the_journal_are_left_alone(journal: FileJournal, root: Path) -> None:
    strangers = ["open/readme.json", "open/x.txt", "ended/2025-12-01_001_abcdef.json", "ended/a.1.json"]
    for name in strangers:
        (root / name).write_text("{}")
    assert journal.open_ids() == []
    assert list(journal.ended_runs()) == []
    assert all((root / name).exists() for name in strangers)


def test_marks_of_deleted_runs_are_removed(tmp_path: Path) -> None:
    """Sweep a mark without a record: forgetting a run may be interrupted between the two."""
    journal = FileJournal(tmp_path)
    kept, gone = make_task(), make_task()
    for task in (kept, gone):
        journal.accept(task)
        assert journal.end(task, done())
        journal.mark_notified(task.id, 1)
    (tmp_path / "ended" / f"{gone.id}.1.json").unlink()
    journal.sweep(0)
    assert journal.was_notified(kept.id, 1)
    assert not journal.was_notified(gone.id, 1)
