"""Journal in directories: `open/` (accepted, not ended), `ended/`, and `told/` (webhook delivered).

A record appears under its name complete or not at all: it is written under another name, then renamed (open)
or linked (ended). `link` fails if the name exists, so of several ends of a (task, run) exactly one wins.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from loguru import logger

from voxq.core import json_bytes
from voxq.core.outcome import Outcome
from voxq.core.task import Task, age_order, is_task_id
from voxq.storage import records
from voxq.storage.journal.port import Ended, Journal
from voxq.storage.storage_id import storage_id


class FileJournal(Journal):
    """Journal with records in `root/open` and `root/ended`, and marks in `root/told`.

    With `fsync`, an accepted or ended task survives a power cut and not only the death of processes.
    """

    def __init__(self, root: Path, *, fsync: bool = False) -> None:
        self._root = root
        self._open = root / "open"
        self._ended = root / "ended"
        self._told = root / "told"
        self._broken = root / "broken"
        self._fsync = fsync
        for directory in (root, self._open, self._ended, self._told):  # a mode is not that of parents, too
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._open_prefix, self._ended_prefix = f"{self._open}/", f"{self._ended}/"

    @property
    def storage(self) -> str:
        return self._storage

    @cached_property
    def _storage(self) -> str:
        return storage_id(self._root)

    def accept(self, task: Task) -> None:
        beside = self._write_beside(self._open_prefix, task.to_json())
        os.replace(beside, self._open_path(task.id))
        self._sync(self._open)

    def accept_again(self, task: Task) -> bool:
        beside = self._write_beside(self._open_prefix, task.to_json())
        try:
            os.link(beside, self._open_path(task.id))
        except FileExistsError:
            return False
        finally:
            os.unlink(beside)
        self._sync(self._open)
        return True

    def withdraw(self, task_id: str) -> None:
        _remove(self._open_path(task_id))

    def open_task(self, task_id: str) -> Task | None:
        path = self._open_path(task_id)
        record = self._read(path)
        if record is None:
            return None
        try:
            return Task.from_json(record)
        except ValueError:
            self._set_aside(path)
            return None

    def open_ids(self) -> list[str]:
        return sorted(filter(is_task_id, self._names(self._open)), key=age_order)

    def find(self, kind: str, idempotency: str, before: float) -> str | None:
        for task_id in self.open_ids():
            task = self.open_task(task_id)
            if task is None or task.accepted_at > before:
                continue
            if (task.kind, task.idempotency) == (kind, idempotency):
                return task_id
        for task_id, run in self.ended_runs():
            end = self.ended(task_id, run)
            if end is not None and (end.task.kind, end.task.idempotency) == (kind, idempotency):
                return task_id
        return None

    def unreadable_ids(self) -> list[str]:
        names = self._names(self._broken) if self._broken.exists() else []
        return [name.partition(".")[0] for name in names]

    def end(self, task: Task, outcome: Outcome) -> bool:
        record = {"task": task.to_json(), "outcome": outcome.to_json()}
        beside = self._write_beside(self._ended_prefix, record)
        try:
            if not self.is_current(task):
                return False  # it ended and has been forgotten since, so `link` would succeed
            os.link(beside, self._ended_path(task.id, task.run))
        except FileExistsError:
            return False
        finally:
            os.unlink(beside)
        self._sync(self._ended)
        return True

    def ended(self, task_id: str, run: int) -> Ended | None:
        path = self._ended_path(task_id, run)
        record = self._read(path)
        if record is None:
            return None
        try:
            return Ended(Task.from_json(record.get("task")), Outcome.from_json(record.get("outcome")))
        except ValueError:
            self._set_aside(path)
            return None

    def is_open(self, task: Task) -> bool:
        return not self.has_ended(task) and self.is_current(task)

    def is_current(self, task: Task) -> bool:
        current = self._read(self._open_path(task.id))
        return current is not None and current.get("run", 1) == task.run  # the first records have no run

    def has_ended(self, task: Task) -> bool:
        return os.path.exists(self._ended_path(task.id, task.run))

    def is_known(self, task: Task) -> bool:
        return os.path.exists(self._open_path(task.id)) or self.has_ended(task)

    def ended_runs(self) -> Iterator[tuple[str, int]]:
        for name in self._names(self._ended):
            task_id, _, run = name.rpartition(".")
            if is_task_id(task_id) and run.isdecimal():
                yield task_id, int(run)

    def runs_of(self, task_id: str) -> list[int]:
        return sorted(run for known, run in self.ended_runs() if known == task_id)

    def last_end(self, task_id: str) -> Ended | None:
        ends = (self.ended(task_id, run) for run in reversed(self.runs_of(task_id)))
        return next(filter(None, ends), None)

    def mark_notified(self, task_id: str, run: int) -> None:
        if os.path.exists(self._ended_path(task_id, run)):
            (self._told / f"{task_id}.{run}").touch(mode=0o600)

    def was_notified(self, task_id: str, run: int) -> bool:
        return (self._told / f"{task_id}.{run}").exists()

    def close(self, task_ids: Sequence[str]) -> None:
        for task_id in task_ids:
            _remove(self._open_path(task_id))
        self._sync(self._open)

    def forget(self, task_id: str, run: int) -> None:
        _remove(self._ended_path(task_id, run))
        (self._broken / f"{task_id}.{run}.json").unlink(missing_ok=True)
        (self._told / f"{task_id}.{run}").unlink(missing_ok=True)

    def sweep(self, before: float) -> None:
        for directory in (self._open.parent, self._open, self._ended):
            for path in directory.glob(".*.tmp"):
                with contextlib.suppress(FileNotFoundError):
                    if path.stat().st_mtime < before:
                        path.unlink()
        marks = list(self._told.iterdir())  # before the records, since a mark is written after its record
        ended = set(self._names(self._ended))
        for mark in marks:
            if mark.name not in ended:
                with contextlib.suppress(OSError):
                    mark.unlink()

    # Text and not `Path`, which takes longer to join than the kernel to open: a task has its records opened,
    # linked and removed a dozen times.

    def _open_path(self, task_id: str) -> str:
        return f"{self._open_prefix}{task_id}.json"

    def _ended_path(self, task_id: str, run: int) -> str:
        return f"{self._ended_prefix}{task_id}.{run}.json"

    @staticmethod
    def _names(directory: Path) -> list[str]:
        with os.scandir(directory) as entries:
            return [
                e.name.removesuffix(".json") for e in entries if e.name.endswith(".json") and e.name[0] != "."
            ]

    def _write_beside(self, prefix: str, record: dict[str, Any]) -> str:
        """Write a record to a new file in the directory of this prefix, and return the file's path."""
        beside = f"{prefix}.{secrets.token_hex(8)}.tmp"
        left = json_bytes.dumps(record)
        try:
            file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                while left:  # on a full disk the first write is short, and only the next one raises
                    left = left[os.write(file, left) :]
                if self._fsync:
                    os.fsync(file)
            finally:
                os.close(file)
        except BaseException:
            _remove(beside)
            raise
        return beside

    @staticmethod
    def _read(path: str) -> dict[str, Any] | None:
        try:
            record = records.parse(records.read(path))
        except FileNotFoundError:
            return None
        except records.Damaged:
            return {}  # not a task, so the record is set aside
        return record if isinstance(record, dict) else {}

    def _set_aside(self, path: str) -> None:
        """Move an unreadable record aside, for a person to examine."""
        self._broken.mkdir(exist_ok=True, mode=0o700)
        name = os.path.basename(path)
        with contextlib.suppress(FileNotFoundError):
            shutil.move(path, self._broken / name)
            logger.error("journal record {} is not readable, moved to journal/broken", name)

    def _sync(self, directory: Path) -> None:
        if self._fsync:
            records.sync_directory(directory)


def _remove(path: str) -> None:
    """Remove a file that may be gone already."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
