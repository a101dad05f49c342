"""Exclusive use of a storage directory by one stack, and its discovery by other commands."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from voxq.locale import Message
from voxq.processes.life import is_name
from voxq.storage import records

_SHAPE = {"pid": int, "api_url": str, "redis_url": str, "pids": dict}


class AlreadyRunning(Exception):
    """Another stack uses this storage directory; the message names its process."""


@dataclass(frozen=True, slots=True)
class Instance:
    """A running stack: its addresses and the process ids of its parts."""

    pid: int
    api_url: str
    redis_url: str
    pids: dict[str, int]
    lives: tuple[str, ...] = ()
    """Names of the lives of its workers (`voxq.processes.life`), read by the next stack."""

    def write(self, run_dir: Path) -> None:
        """Write `up.json`, readable by its owner only because the Redis URL contains a password."""
        records.write_private(run_dir / "up.json", json.dumps(asdict(self), indent=2))


def running_instance(run_dir: Path) -> Instance | None:
    """Return the stack that runs on this storage directory, or None."""
    try:
        record = records.parse(records.read(run_dir / "up.json"))
        descriptor = records.open_file(run_dir / "up.lock", os.O_RDWR)
    except (OSError, records.Damaged):
        return None
    try:
        # The lock tells a running stack from the file of a killed one whose process id was reused.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        is_ours = records.has_shape(record, _SHAPE) and _is_alive(record["pid"])
        return Instance(**{name: record[name] for name in _SHAPE}) if is_ours else None
    finally:
        os.close(descriptor)
    return None


def lives_left(run_dir: Path) -> list[str]:
    """Return the lives of the workers of a stack that was killed here.

    For the caller, which must hold the directory (`exclusive`), all of them have ended.
    """
    try:
        record = records.parse(records.read(run_dir / "up.json"))
    except (OSError, records.Damaged):
        return []
    lives = record.get("lives") if isinstance(record, dict) else None
    return [life for life in lives if is_name(life)] if isinstance(lives, list) else []


@contextmanager
def exclusive(run_dir: Path, patience: float) -> Iterator[int]:
    """Lock the storage directory and yield the lock's file descriptor.

    Parts inherit the descriptor: if a supervisor is killed, the directory stays locked until its last part
    has ended, so that two servers never write to one append-only file. Waits up to `patience` seconds for
    such leftovers. Raises AlreadyRunning.
    """
    run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(run_dir / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(descriptor, run_dir, time.monotonic() + patience)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        try:
            yield descriptor
        finally:
            (run_dir / "up.json").unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, run_dir: Path, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            holder = _holder(descriptor)
            if (holder is not None and _is_alive(holder)) or time.monotonic() > deadline:
                who = Message("process {pid}", pid=holder) if holder else Message("another process")
                raise AlreadyRunning(
                    Message(
                        "{directory} is in use by {who}; stop it, or choose another STORAGE_PATH.",
                        directory=run_dir.parent,
                        who=who,
                    )
                ) from None
            time.sleep(0.1)


def _holder(descriptor: int) -> int | None:
    text = os.pread(descriptor, 20, 0)
    return int(text) if text.isdigit() else None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
