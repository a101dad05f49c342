"""Journal in directories: `open/` (accepted, not ended), `ended/`, and `told/` (webhook delivered).

A record appears under its name complete or not at all: it is written under another name, then renamed (open)
or linked (ended). `link` fails if the name exists, so of several ends of a (task, run) exactly one wins.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
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

    @property
    def storage(self) -> str:
        return self._storage

    @cached_property
    def _storage(self) -> str:
        return storage_id(self._root)

    def accept(self, task: Task) -> None:
        beside = self._write_beside(self._open, task.to_json())
        beside.replace(self._open / f"{task.id}.json")
        self._sync(self._open)

    def accept_again(self, task: Task) -> bool:
        beside = self._write_beside(self._open, task.to_json())
        try:
            os.link(beside, self._open / f"{task.id}.json")
        except FileExistsError:
            return False
        finally:
            beside.unlink()
        self._sync(self._open)
        return True

    def withdraw(self, task_id: str) -> None:
        (self._open / f"{task_id}.json").unlink(missing_ok=True)

    def open_task(self, task_id: str) -> Task | None:
        record = self._read(self._open / f"{task_id}.json")
        if record is None:
            return None
        try:
            return Task.from_json(record)
        except ValueError:
            self._set_aside(self._open / f"{task_id}.json")
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
        beside = self._write_beside(self._ended, {"task": task.to_json(), "outcome": outcome.to_json()})
        try:
            if not self.is_current(task):
                return False  # it ended and has been forgotten since, so `link` would succeed
            os.link(beside, self._ended_path(task.id, task.run))
        except FileExistsError:
            return False
        finally:
            beside.unlink()
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
        current = self._read(self._open / f"{task.id}.json")
        return current is not None and current.get("run", 1) == task.run  # the first records have no run

    def has_ended(self, task: Task) -> bool:
        return self._ended_path(task.id, task.run).exists()

    def is_known(self, task: Task) -> bool:
        return (self._open / f"{task.id}.json").exists() or self.has_ended(task)

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
        if self._ended_path(task_id, run).exists():
            (self._told / f"{task_id}.{run}").touch(mode=0o600)

    def was_notified(self, task_id: str, run: int) -> bool:
        return (self._told / f"{task_id}.{run}").exists()

    def close(self, task_id: str) -> None:
        (self._open / f"{task_id}.json").unlink(missing_ok=True)
        self._sync(self._open)

    def forget(self, task_id: str, run: int) -> None:
        self._ended_path(task_id, run).unlink(missing_ok=True)
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

    def _ended_path(self, task_id: str, run: int) -> Path:
        return self._ended / f"{task_id}.{run}.json"

    @staticmethod
    def _names(directory: Path) -> list[str]:
        with os.scandir(directory) as entries:
            return [
                e.name.removesuffix(".json") for e in entries if e.name.endswith(".json") and e.name[0] != "."
            ]

    def _write_beside(self, directory: Path, record: dict[str, Any]) -> Path:
        beside = directory / f".{secrets.token_hex(8)}.tmp"
        line = json_bytes.dumps(record)
        try:
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(line)
                if self._fsync:
                    file.flush()
                    os.fsync(file.fileno())
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        return beside

    @staticmethod
    def _read(path: Path) -> dict[str, Any] | None:
        try:
            record = records.parse(records.read(path))
        except FileNotFoundError:
            return None
        except records.Damaged:
            return {}  # not a task, so the record is set aside
        return record if isinstance(record, dict) else {}

    def _set_aside(self, path: Path) -> None:
        """Move an unreadable record aside, for a person to examine."""
        self._broken.mkdir(exist_ok=True, mode=0o700)
        with contextlib.suppress(FileNotFoundError):
            shutil.move(path, self._broken / path.name)
            logger.error("journal record {} is not readable, moved to journal/broken", path.name)

    def _sync(self, directory: Path) -> None:
        if not self._fsync:
            return
        fd = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
