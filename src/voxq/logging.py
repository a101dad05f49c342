"""Logging to stderr, to a file per role, and to a common file for the errors of all roles.

Several processes append to these files, and loguru does not coordinate rotation between processes. So none of
them rotates: `rotate_logs`, called in one process only, renames a full file, and every other process reopens
the name with its next line.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from loguru import logger

from voxq.one_line import one_line

if TYPE_CHECKING:
    from loguru import Record

    from voxq.settings import Settings

Role = Literal["api", "worker", "up"]

_NAMES = ("asr_api.log", "asr_worker.log", "asr_error.log")
_TEMPLATE = "[{time:YYYY-MM-DD HH:mm:ss}] {level} {extra[_text]}\n"
_STAMP = "%Y%m%dT%H%M%SZ"
_MOST_OLD = 50
"""Old files kept per name: clients cause log lines by their requests and must not fill the disk."""

# Uvicorn's access log would repeat our own line for every request; the others are chatty.
_LEVELS = {
    "uvicorn.access": "WARNING",
    "rq": "WARNING",
    "asyncio": "WARNING",
    "httpx": "WARNING",
    "httpcore": "WARNING",
    "python_multipart": "ERROR",  # logs each byte at DEBUG and each malformed form at WARNING
}

# Logged for a response that is broken off on purpose; the line of its request says why.
_NO_ERROR = "ASGI callable returned without completing response."


def setup(role: Role, settings: Settings) -> None:
    """Send this process's log lines, including those of the standard library, to stderr and the log files.

    The supervisor ("up") has no file of its own. Also sets a umask that makes all files of this process
    private to its owner, because recordings and transcripts are.
    """
    os.umask(0o077)
    settings.logs_dir.mkdir(parents=True, exist_ok=True)
    logger.remove()
    own = None if role == "up" else settings.logs_dir / f"asr_{role}.log"
    # `diagnose` would print the values of variables, which may contain a transcript.
    logger.add(_Lines(own), level=settings.log_level, format=_format, diagnose=False)
    errors = settings.logs_dir / "asr_error.log"
    logger.add(errors, level="ERROR", format=_format, diagnose=False, watch=True, encoding="utf-8")
    logging.basicConfig(handlers=[_Forward()], level=settings.log_level, force=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        theirs = logging.getLogger(name)
        theirs.handlers, theirs.propagate = [], True
    for name, level in _LEVELS.items():
        logging.getLogger(name).setLevel(level)


def rotate_logs(settings: Settings, now: datetime) -> list[Path]:
    """Rename full log files, and remove old ones beyond LOG_RETENTION or the newest fifty of each name.

    Call it in one process only. `now` is an aware time. Returns the removed files.
    """
    stamp = now.astimezone(UTC).strftime(_STAMP)
    removed: list[Path] = []
    for name in _NAMES:
        path = settings.logs_dir / name
        if path.is_file() and path.stat().st_size >= settings.log_rotation_bytes:
            path.rename(_unused(path.with_name(f"{path.stem}.{stamp}.log")))
        written = {old: old.stat().st_mtime for old in settings.logs_dir.glob(f"{path.stem}.*Z*.log")}
        oldest = now.timestamp() - settings.log_retention_time.total_seconds()
        for number, old in enumerate(sorted(written, key=lambda each: written[each], reverse=True)):
            if number >= _MOST_OLD or written[old] < oldest:
                old.unlink(missing_ok=True)
                removed.append(old)
    return removed


def _unused(path: Path) -> Path:
    number = 1
    candidate = path
    while candidate.exists():
        candidate = path.with_name(f"{path.stem}-{number}.log")
        number += 1
    return candidate


class _Lines:
    """Sink for stderr and a file: each line is formatted once for both, as there are several for each task.

    Reopens the file when its name leads to another one, or to none.
    """

    def __init__(self, path: Path | None) -> None:
        """Open nothing yet. Without `path`, lines go to stderr only."""
        self._path = path
        self._file = -1
        self._identity = (-1, -1)

    def __call__(self, line: str) -> None:
        sys.stderr.write(line)
        sys.stderr.flush()
        if self._path is not None:
            left = line.encode("utf-8", "backslashreplace")
            file = self._opened(self._path)
            while left:
                left = left[os.write(file, left) :]

    def _opened(self, path: Path) -> int:
        with contextlib.suppress(FileNotFoundError):
            if _identity_of(path.stat()) == self._identity:
                return self._file
        if self._file >= 0:
            os.close(self._file)
            self._file, self._identity = -1, (-1, -1)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._identity = _identity_of(os.fstat(self._file))
        return self._file


def _identity_of(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


class _Forward(logging.Handler):
    """Forwards the standard library's records to loguru."""

    def emit(self, record: logging.LogRecord) -> None:
        known = record.levelname in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
        level = record.levelname if known else record.levelno
        if record.msg == _NO_ERROR:
            level = "DEBUG"
        logger.opt(exception=record.exc_info).log(level, record.getMessage())


def _format(record: Record) -> str:
    """Format a record; a traceback is indented, so that only the first line of a record starts with "["."""
    lines = [one_line(record["message"])]
    if raised := record["exception"]:
        trace = "".join(traceback.format_exception(raised.type, raised.value, raised.traceback))
        lines += [f"    {one_line(line)}" for line in trace.splitlines()]
    record["extra"]["_text"] = "\n".join(lines)
    return _TEMPLATE
