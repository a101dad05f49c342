"""JSONL log of ended tasks: one line each, derived from the journal, for `jq` and spreadsheets."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from voxq.core.task import Status, utc
from voxq.rewriting.records import summary_of
from voxq.storage import records
from voxq.storage.journal.port import Ended, Journal

_BLOCK = 65536
_ERASED = "erased"
_FORGOTTEN = frozenset({"error", "rewritten", "rewrite_error"})
"""Fields that go with the text of a task, besides the text itself."""
_RECORD = {
    "task_id": str,
    "run": int,
    "file": str,
    "text": str,
    "created_at": str,
    "duration": int | float,
    "status": str,
}
_WORDS = {Status.DONE: "success", Status.FAILED: "failed", Status.CANCELLED: "cancelled"}


def record_of(ended: Ended) -> dict[str, Any]:
    """History record of an ended task; its `status` is `success` where the result's is `done`."""
    task, outcome = ended.task, ended.outcome
    record: dict[str, Any] = {
        "task_id": task.id,
        "run": task.run,
        "owner": task.owner,
        "file": task.file,
        "text": outcome.text,
        "created_at": utc(task.created_at),
        "duration": round(outcome.duration, 3),
        "status": _WORDS[outcome.status],
        "worker_id": outcome.worker_id,
    }
    if outcome.model is not None:
        record["model"] = outcome.model
    if outcome.error is not None:
        record["error"] = outcome.error
    return record | summary_of(outcome.steps)


class HistoryLog:
    """Append-only file of lines. All processes write under one lock file."""

    def __init__(self, path: Path, *, fsync: bool = False) -> None:
        """Prepare the log at `path`. With `fsync`, a line is on the disk before its task is closed."""
        self._path = path
        self._lock_path = path.with_name(f".{path.name}.lock")
        self._fsync = fsync
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)

    def settle(self, ended: Sequence[Ended], journal: Journal, *, maybe_logged: bool) -> None:
        """Write step E3 of different tasks: append their lines and close them, once each, even if several
        processes try.

        `maybe_logged`: an earlier process may have died between the two, so look for each line first.
        Raises OSError if the disk is full; then nothing has changed.
        """
        with self._locked():
            current = [end for end in ended if journal.is_current(end.task)]
            self._append(
                [
                    record_of(end)
                    for end in current
                    if not (maybe_logged and self._has(end.task.id, end.task.run))
                ]
            )
            journal.close([end.task.id for end in current])

    def blank(self, task_id: str) -> None:
        """Remove texts and errors from every line of a task, in place, without moving any other line."""
        with self._locked(), self._opened() as file:
            for start, line in _lines_backwards(file):
                if task_id.encode() in line:
                    record = _record(line)
                    if record is None:  # a process died while blanking it, the only cause of such lines
                        os.pwrite(file, b" " * len(line), start)
                    elif record.get("task_id") == task_id:
                        os.pwrite(file, _blanked(record, len(line)), start)

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield all readable records that were not blanked, newest first."""
        with self._opened() as file:
            for _, _, record in _records_backwards(file):
                if not record.get(_ERASED) and records.has_shape(record, _RECORD):
                    yield record

    def tail(self, count: int) -> list[dict[str, Any]]:
        """Newest `count` records, newest first."""
        return list(islice(self.records(), count))

    def _append(self, of_tasks: Sequence[dict[str, Any]]) -> None:
        if not of_tasks:
            return
        lines = b"".join(json.dumps(record, ensure_ascii=False).encode() + b"\n" for record in of_tasks)
        with self._opened() as file:
            end = _end_of_last_line(file)
            if end != os.fstat(file).st_size:
                os.ftruncate(file, end)  # a torn line: its writer died, so its task is still open
            written = 0
            try:
                while written < len(lines):
                    written += os.pwrite(file, lines[written:], end + written)
                if self._fsync:
                    os.fsync(file)
            except OSError:
                os.ftruncate(file, end)  # a full disk must not leave a partial line
                raise

    def _has(self, task_id: str, run: int) -> bool:
        with self._opened() as file:
            return any(
                record.get("task_id") == task_id and record.get("run") == run
                for _, _, record in _records_backwards(file, containing=task_id.encode())
            )

    @contextlib.contextmanager
    def _opened(self) -> Iterator[int]:
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            yield file
        finally:
            os.close(file)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        lock = os.open(self._lock_path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def _blanked(record: dict[str, Any], size: int) -> bytes:
    """Line of a forgotten task, padded to `size` bytes.

    Compact separators leave space for the erased mark.
    """
    kept = {name: value for name, value in record.items() if name not in _FORGOTTEN}
    kept |= {"text": "", _ERASED: True}
    line = json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode()
    # A line that somebody has rewritten may be too short: then blank it completely.
    return line.ljust(size) if len(line) <= size else b" " * size


def _end_of_last_line(file: int) -> int:
    """Offset just after the last newline: the file's size, unless a writer died in the middle of a line."""
    position = os.fstat(file).st_size
    if position > 0 and os.pread(file, 1, position - 1) == b"\n":
        return position
    while position > 0:
        start = max(0, position - _BLOCK)
        newline = os.pread(file, position - start, start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        position = start
    return 0


def _records_backwards(file: int, containing: bytes = b"") -> Iterator[tuple[int, bytes, dict[str, Any]]]:
    """Yield offset, bytes and record of each readable line that contains `containing`, last first."""
    for start, line in _lines_backwards(file):
        if containing in line and (record := _record(line)) is not None:
            yield start, line, record


def _record(line: bytes) -> dict[str, Any] | None:
    with contextlib.suppress(records.Damaged):
        record = records.parse(line)
        if isinstance(record, dict):
            return record
    return None


def _lines_backwards(file: int) -> Iterator[tuple[int, bytes]]:
    """Yield offset and bytes of each complete line, last first.

    Reads blocks rather than mapping the file, which may be truncated meanwhile, by a person or by a process
    that finds a torn line.
    """
    position = _end_of_last_line(file) - 1
    rest = b""
    while position > 0:
        start = max(0, position - _BLOCK)
        rest, *lines = (os.pread(file, position - start, start) + rest).split(b"\n")
        position = start
        offset = start + len(rest) + sum(len(line) + 1 for line in lines)
        for line in reversed(lines):
            offset -= len(line)
            yield offset, line
            offset -= 1
    if rest:
        yield 0, rest
