"""Torn, forged and misplaced files of every kind: all readers continue, and no other task is lost."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from task_lab import done, failed, make_task

from voxq.core.outcome import Incident
from voxq.core.task import Task
from voxq.queue import documents
from voxq.storage.history_log import HistoryLog, record_of
from voxq.storage.journal.files import FileJournal
from voxq.storage.journal.port import Ended
from voxq.storage.scratch import LeftRunning, WorkFiles
from voxq.supervisor.instance import Instance, running_instance

TASK = make_task()
OTHER = make_task()
END = Ended(TASK, failed(incidents=(Incident(1.0, "engine_crashed", "x"),)))
LOGGED = record_of(END)
CHUNK = {"conditions": "c", "start": 0, "end": 16000, "result": {"t": "eins"}}
INCIDENT = {"at": 1.0, "code": "timeout", "message": "x", "blamed": True}
RUNNING = {"spans": [[0, 16000]], "alone": True}

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=20)  # including lone surrogates
    | st.sampled_from(["done", "asr", "high", "2025-12-01_001_abcdef", "..", "/etc/passwd"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def damaged(record: dict[str, Any]) -> st.SearchStrategy[bytes]:
    """Generate arbitrary bytes, or the record with fields changed or removed, truncated, or with flipped
    bytes."""
    whole = json.dumps(record).encode()

    def with_fields(changes: dict[str, Any], gone: set[str]) -> bytes:
        kept = {name: value for name, value in (record | changes).items() if name not in gone}
        return json.dumps(kept).encode()

    names = st.sampled_from([*record, "schema", "t"])
    changed = st.builds(with_fields, st.dictionaries(names, values, max_size=3), st.sets(names, max_size=1))
    cut = st.integers(0, len(whole)).map(lambda size: whole[:size])
    turned = st.builds(
        lambda at, byte: whole[:at] + bytes([byte]) + whole[at + 1 :],
        st.integers(0, len(whole) - 1),
        st.integers(0, 255),
    )
    odd = st.sampled_from([b"", b"\0" * 100, b"[" * 100_000, b"9" * 10_000, b"\xef\xbb\xbf{}", b'"\\ud800"'])
    return st.one_of(
        st.binary(max_size=60), values.map(lambda v: json.dumps(v).encode()), changed, cut, turned, odd
    )


@contextmanager
def storage() -> Iterator[Path]:
    with TemporaryDirectory() as directory:
        yield Path(directory)


def can_be_told(document: dict[str, Any]) -> None:
    """Whether a value can be encoded as JSON for clients, and for the disk."""
    json.dumps(document, allow_nan=False, ensure_ascii=False).encode()


@given(damaged(TASK.to_json()))
def test_a_damaged_record_of_an_accepted_task_harms_no_other(content: bytes) -> None:
    with storage() as root:
        journal = FileJournal(root)
        (root / f"open/{TASK.id}.json").write_bytes(content)
        journal.accept(OTHER)
        task = journal.open_task(TASK.id)
        assert journal.open_task(OTHER.id) == OTHER
        if task is None:
            assert journal.unreadable_ids() == [TASK.id]
            assert journal.open_ids() == [OTHER.id]
        else:
            can_be_told(documents.queued(task))
            journal.accept(task)


@given(damaged({"task": TASK.to_json(), "outcome": END.outcome.to_json()}) | damaged(END.outcome.to_json()))
def test_a_damaged_record_of_an_end_harms_no_other(content: bytes) -> None:
    with storage() as root:
        journal = FileJournal(root)
        (root / f"ended/{TASK.id}.1.json").write_bytes(content)
        journal.accept(OTHER)
        assert journal.end(OTHER, done())
        end = journal.ended(TASK.id, 1)
        assert journal.ended(OTHER.id, 1) is not None
        assert (end is None) == (journal.unreadable_ids() == [TASK.id])
        if end is not None:
            can_be_told(documents.ended(end.task, end.outcome))
            can_be_told(record_of(end))


@given(damaged(END.outcome.to_json()))
def test_a_damaged_outcome_within_a_record_harms_no_other(content: bytes) -> None:
    """Keep the task intact, so that more of the damage gets past its checks."""
    with storage() as root:
        journal = FileJournal(root)
        (root / f"ended/{TASK.id}.1.json").write_bytes(
            b'{"task": ' + json.dumps(TASK.to_json()).encode() + b', "outcome": ' + content + b"}"
        )
        end = journal.ended(TASK.id, 1)
        if end is not None:
            can_be_told(documents.ended(end.task, end.outcome))


@given(damaged(LOGGED))
def test_a_damaged_history_log_is_still_read(line: bytes) -> None:
    with storage() as root:
        path, journal = root / "asr_history.jsonl", FileJournal(root / "journal")
        log = HistoryLog(path)
        before, after = Ended(OTHER, done()), Ended(make_task(), done())
        for end in (before, None, after):
            if end is None:
                with path.open("ab") as file:
                    file.write(line)
                continue
            journal.accept(end.task)
            log.settle([end], journal, maybe_logged=True)
        records = list(log.records())
        for record in records:
            can_be_told(record)
        ids = [record["task_id"] for record in records]
        assert (ids[0], ids[-1]) == (after.task.id, before.task.id)
        log.blank(TASK.id)
        assert journal.open_ids() == []


@given(damaged(CHUNK), damaged(INCIDENT), damaged(RUNNING))
def test_damaged_files_of_a_work_directory_harm_no_other_task(
    chunk: bytes, incident: bytes, running: bytes
) -> None:
    with storage() as root:
        files, directory = WorkFiles(root), root / f"{TASK.id}.1"
        directory.mkdir()
        (directory / "chunks.jsonl").write_bytes(chunk)
        (directory / "incidents.jsonl").write_bytes(incident)
        (directory / "running.json").write_bytes(running)
        work = files.open(TASK)
        known = work.chunks(["c"])
        incidents, blames = work.incidents()
        left = work.left_running()
        assert all(isinstance(each, int) for span in known for each in span)
        for start, end, step in left.spans:
            assert isinstance(start, int) and isinstance(end, int) and isinstance(step, str | None)
        assert all(isinstance(step, str | None) for step in blames)
        assert 0 <= blames.total() <= len(incidents)
        can_be_told({"results": list(known.values())})
        can_be_told(documents.ended(TASK, done(incidents=tuple(incidents))))
        work.add_chunk("c", 5, 6, {"t": "b"})
        work.add_incident(Incident(2.0, "timeout", "y"), blamed=True)
        work.mark_running({None: [(1, 2)]}, alone=True)
        assert work.chunks(["c"])[5, 6] == {"t": "b"}
        assert work.incidents()[0][-1] == Incident(2.0, "timeout", "y")
        assert work.left_running() == LeftRunning(frozenset({(1, 2, None)}), alone=True)


@given(damaged({"pid": 1, "api_url": "u", "redis_url": "r", "pids": {}}))
def test_a_damaged_up_json_is_ignored(content: bytes) -> None:
    with storage() as root:
        (root / "up.lock").touch()
        (root / "up.json").write_bytes(content)
        assert running_instance(root) is None
        Instance(os.getpid(), "u", "r", {}).write(root)
        assert running_instance(root) is None, "nobody holds the lock"


def fifo(path: Path) -> None:
    os.mkfifo(path)


def bound_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the path of a socket is limited to 107 bytes
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(here)


def way_out(path: Path) -> None:
    """Make a link to a file outside the storage that contains exactly the expected record."""
    outside = path.parent.parent.parent / "outside"
    if path.parent.name == "open":
        outside.write_text(json.dumps(TASK.to_json()))
    elif path.parent.name == "ended":
        outside.write_text(json.dumps({"task": TASK.to_json(), "outcome": END.outcome.to_json()}))
    else:
        outside.write_text(
            json.dumps({"chunks": CHUNK, "incidents": INCIDENT}.get(path.stem, RUNNING)) + "\n"
        )
    path.symlink_to(outside)


STRANGE = (Path.mkdir, fifo, bound_socket, way_out, lambda path: path.symlink_to(path.name))


@pytest.mark.parametrize("put", STRANGE, ids=["directory", "fifo", "socket", "link out", "link to itself"])
def test_paths_that_are_no_regular_files_are_skipped(tmp_path: Path, put: Callable[[Path], object]) -> None:
    """Anything that is not a regular file is not waited for, followed or written to."""
    root = tmp_path / "storage" / "journal"
    journal, files = FileJournal(root), WorkFiles(root / "work")
    work = files.open(TASK)
    directory = root / "work" / f"{TASK.id}.1"
    for path in (root / f"open/{TASK.id}.json", root / f"ended/{TASK.id}.1.json"):
        put(path)
    assert journal.open_task(TASK.id) is None
    assert journal.ended(TASK.id, 1) is None
    assert journal.unreadable_ids() == [TASK.id, TASK.id]
    assert journal.open_ids() == []
    for name in ("chunks.jsonl", "incidents.jsonl", "running.json"):
        put(directory / name)
    assert (work.chunks(["c"]), work.incidents(), work.left_running()) == ({}, ([], {}), LeftRunning())
    with pytest.raises(OSError, match=r"chunks\.jsonl"):
        work.add_chunk("c", 5, 6, {"t": "b"})
    work.mark_running({None: [(1, 2)]})
    work.mark_running({None: []})
    files.remove(TASK)
    assert list(files.names()) == []
    journal.accept(TASK)
    assert journal.end(TASK, done())
    assert isinstance(journal.open_task(TASK.id), Task)
