"""The JSONL log of ended tasks: one line each, derived from the journal, for `jq` and spreadsheets."""

from __future__ import annotations

import contextlib
import fcntl
import json
import mmap
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from voxq.tasks.journal import Ended, Journal
from voxq.tasks.task import Status, utc

_WORDS = {Status.DONE: "success", Status.FAILED: "failed", Status.CANCELLED: "cancelled"}


def record_of(ended: Ended) -> dict[str, Any]:
    """The history record of an ended task; `status` is `success` where a result says `done`."""
    task, outcome = ended.task, ended.outcome
    record: dict[str, Any] = {
        "task_id": task.id,
        "run": task.run,
        "file": task.file,
        "text": outcome.text,
        "created_at": utc(task.created_at),
        "duration": round(outcome.duration, 3),
        "status": _WORDS[outcome.status],
        "worker_id": outcome.worker_id,
    }
    if outcome.error is not None:
        record["error"] = outcome.error
    return record


class HistoryLog:
    """An append-only file of lines. Every write happens under one lock file, by whichever process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock_path = path.with_name(f".{path.name}.lock")
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)

    def settle(self, ended: Ended, journal: Journal, *, maybe_logged: bool) -> None:
        """Write step E3: append the line and close the task, once, whoever comes first.

        `maybe_logged`: an earlier process may have died between the two; look for its line first.
        """
        task = ended.task
        with self._locked():
            current = journal.open_task(task.id)
            if current is None or current.run != task.run:
                return
            if not (maybe_logged and self._find(task.id, task.run)):
                self._append(record_of(ended))
            journal.close(task.id)

    def blank(self, task_id: str) -> None:
        """Remove text and error from every line of a task, in place, without moving any other line."""
        with self._locked(), self._opened() as file:
            for start, line in list(_lines_of(file, task_id)):
                kept = {**json.loads(line), "text": ""}
                kept.pop("error", None)
                blanked = json.dumps(kept, ensure_ascii=False).encode()
                os.pwrite(file, blanked.ljust(len(line), b" "), start)

    def tail(self, count: int) -> list[dict[str, Any]]:
        """The last `count` readable records, newest first."""
        records: list[dict[str, Any]] = []
        with contextlib.suppress(FileNotFoundError):
            for line in _lines_backwards(self._path):
                if len(records) >= count:
                    break
                with contextlib.suppress(ValueError):
                    records.append(json.loads(line))
        return records

    def _append(self, record: dict[str, Any]) -> None:
        line = json.dumps(record, ensure_ascii=False).encode() + b"\n"
        with self._opened() as file:
            end = _end_of_last_line(file)
            if end != os.fstat(file).st_size:
                os.ftruncate(file, end)  # a torn line: its writer died, and its task is still open
            written = 0
            try:
                while written < len(line):
                    written += os.pwrite(file, line[written:], end + written)
            except OSError:
                os.ftruncate(file, end)  # a full disk must not leave half a line for readers to trip over
                raise

    def _find(self, task_id: str, run: int) -> bool:
        with self._opened() as file:
            return any(json.loads(line).get("run") == run for _, line in _lines_of(file, task_id))

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


def _end_of_last_line(file: int) -> int:
    """The offset just after the last newline: the file's size unless a writer died in mid-line."""
    position = os.fstat(file).st_size
    while position > 0:
        start = max(0, position - 65536)
        newline = os.pread(file, position - start, start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        position = start
    return 0


def _lines_of(file: int, task_id: str) -> Iterator[tuple[int, bytes]]:
    """Offsets and contents of the whole lines about a task, newest first."""
    if os.fstat(file).st_size == 0:
        return
    needle = f'"task_id": "{task_id}"'.encode()
    with mmap.mmap(file, 0, access=mmap.ACCESS_READ) as data:
        position = len(data)
        while (position := data.rfind(needle, 0, position)) >= 0:
            start = data.rfind(b"\n", 0, position) + 1
            end = data.find(b"\n", position)
            if end < 0:
                continue
            line = bytes(data[start:end])
            with contextlib.suppress(ValueError):
                if json.loads(line).get("task_id") == task_id:
                    yield start, line


def _lines_backwards(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        if size == 0:
            return
        with mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) as data:
            end = data.rfind(b"\n")
            while end > 0:
                start = data.rfind(b"\n", 0, end) + 1
                yield bytes(data[start:end])
                end = start - 1
