"""What a worker keeps on disk beside a task while it works on it: sound, finished chunks, incidents.

The directory `work/<id>.<run>/` outlives a worker, so that another one does only what is left; it goes when
the task ends. `pcm.f32` is 16 kHz mono float32, rebuilt by whoever starts the task anew. Of a text each
spoken sentence has a file, `<where it begins>.f32`, which belongs to its finished chunk; they are joined in
`speech-<whose>.part`, which is listened to while it grows.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from loguru import logger

from voxq.core.outcome import Incident
from voxq.core.task import Task
from voxq.storage import records

_RUNNING = "running.json"
_LONGEST_MARK = 1 << 16
"""Bytes; what is longer is none."""
_CHUNK = {"conditions": str, "start": int, "end": int, "result": dict}
_INCIDENT = {"at": int | float, "code": str, "message": str, "blamed": bool}
_SPEECH = "speech-{}.part"
_VOID = 0o000
"""The mode of a file that nobody is to read on: the one mark that whoever has it open sees, too."""


@dataclass(frozen=True, slots=True)
class LeftRunning:
    """The chunks that were in the engine when a worker died. `alone`: one under suspicion, with nothing
    beside it that could have done it."""

    spans: frozenset[tuple[int, int]] = frozenset()
    alone: bool = False


class WorkFiles:
    """The work directories of one storage."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True, mode=0o700)

    def open(self, task: Task) -> WorkDirectory:
        directory = self._directory(task)
        directory.mkdir(exist_ok=True, mode=0o700)
        return WorkDirectory(directory)

    def remove(self, task: Task) -> None:
        shutil.rmtree(self._directory(task), ignore_errors=True)

    def speech(self, task_id: str, run: int) -> Path | None:
        """The file in which the speech of a task grows now, if it was begun."""
        directory = self._root / f"{task_id}.{run}"
        found = []
        for path in directory.glob(_SPEECH.format("*")):
            with contextlib.suppress(FileNotFoundError):  # it was renamed, whole
                stat = path.stat()
                found += [] if is_void(stat) else [(stat.st_mtime_ns, path)]
        return max(found)[1] if found else None

    def names(self) -> Iterator[str]:
        """`<id>.<run>` of every directory."""
        with os.scandir(self._root) as entries:
            yield from (entry.name for entry in entries if entry.is_dir())

    def remove_named(self, name: str) -> None:
        """`name` is one that `names` gave."""
        shutil.rmtree(self._root / name, ignore_errors=True)

    def _directory(self, task: Task) -> Path:
        return self._root / f"{task.id}.{task.run}"


class WorkDirectory:
    """The files of one (task, run)."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @property
    def pcm(self) -> Path:
        return self._directory / "pcm.f32"

    def speech(self, execution: str) -> Path:
        """The sentences joined, before that becomes the task's file. Whoever works on the task has a file of
        its own: one who was asleep and wakes cannot write into another's."""
        return self._directory / _SPEECH.format(execution)

    def begin_speech(self, execution: str) -> Path:
        """Make way for the file `speech`, which is joined from its beginning.

        Earlier attempts are marked void, so that who listens to one of them looks for the new one. Raises
        OSError.
        """
        for earlier in self._directory.glob(_SPEECH.format("*")):
            with contextlib.suppress(FileNotFoundError):
                earlier.chmod(_VOID)
        self.speech(execution).unlink(missing_ok=True)
        return self.speech(execution)

    def sound(self, start: int) -> Path:
        """Of the sentence that begins at this character."""
        return self._directory / f"{start}.f32"

    def add_chunk(self, conditions: str, start: int, end: int, result: dict[str, Any]) -> None:
        """Write step W3. `conditions` names all that the result depends on (model revision, options, sound or
        text); `start` and `end` in samples or characters."""
        line = {"conditions": conditions, "start": start, "end": end, "result": result}
        _append(self._directory / "chunks.jsonl", line)

    def chunks(self, conditions: str) -> dict[tuple[int, int], dict[str, Any]]:
        """Finished chunks by span, of an earlier attempt under the same conditions."""
        return {
            (line["start"], line["end"]): line["result"]
            for line in _lines(self._directory / "chunks.jsonl", _CHUNK)
            if line["conditions"] == conditions
        }

    def add_incident(self, incident: Incident, *, blamed: bool) -> None:
        _append(self._directory / "incidents.jsonl", asdict(incident) | {"blamed": blamed})

    def incidents(self) -> tuple[list[Incident], int]:
        """All incidents so far, and how many of them the task was blamed for."""
        lines = [line for line in _lines(self._directory / "incidents.jsonl", _INCIDENT) if line["at"] >= 0]
        incidents = [Incident(line["at"], line["code"], line["message"]) for line in lines]
        return incidents, sum(line["blamed"] for line in lines)

    def mark_running(self, spans: Sequence[tuple[int, int]], *, alone: bool = False) -> None:
        """These chunks are in the engine or about to be; a mark that nobody clears is a batch that killed.
        `alone`: as in `LeftRunning`."""
        mark = self._directory / _RUNNING
        # Cancelled meanwhile, or no space left, or no file: work goes on unmarked.
        with contextlib.suppress(OSError, records.Damaged):
            if spans:
                line = json.dumps({"spans": list(spans), "alone": alone}).encode()
                descriptor = records.open_file(mark, os.O_WRONLY | os.O_CREAT)
                with os.fdopen(descriptor, "wb", buffering=0) as file:
                    # Over the last mark, in one go: a file that was emptied goes to the disk when it is
                    # closed, which takes ten times as long.
                    if (size := os.fstat(descriptor).st_size) > _LONGEST_MARK:
                        size = file.truncate(0)
                    file.write(line.ljust(size))
            else:
                mark.unlink(missing_ok=True)

    def left_running(self) -> LeftRunning:
        """What an earlier worker died of, perhaps."""
        with contextlib.suppress(OSError, ValueError, TypeError):
            match records.parse(records.read(self._directory / _RUNNING)):
                case {"spans": spans, "alone": alone}:
                    return LeftRunning(_spans(spans), alone is True)
                case spans:  # as earlier versions wrote it
                    return LeftRunning(_spans(spans))
        return LeftRunning()


def _spans(record: Any) -> frozenset[tuple[int, int]]:
    """Raises ValueError or TypeError."""
    return frozenset((int(start), int(end)) for start, end in record)


def is_void(stat: os.stat_result) -> bool:
    """Whether a speech file was given up for another one."""
    return not stat.st_mode & 0o777


def _append(path: Path, record: dict[str, Any]) -> None:
    """Raises OSError."""
    line = json.dumps(record, ensure_ascii=False).encode() + b"\n"
    try:
        descriptor = records.open_file(path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
    except records.Damaged as error:
        raise OSError(errno.EINVAL, str(error)) from None
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        size = file.seek(0, os.SEEK_END)
        # A torn tail of an earlier writer becomes a line of its own, which no reader understands or counts.
        is_torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        left = b"\n" + line if is_torn else line
        while left:  # what a full disk took of it is torn, and says why only when asked for the rest
            left = left[file.write(left) :]


def _lines(path: Path, shape: records.Shape) -> Iterator[dict[str, Any]]:
    """The lines that are whole: objects with fields of this shape, whatever else they have."""
    try:
        descriptor = records.open_file(path, os.O_RDONLY)
    except FileNotFoundError:
        return
    except records.Damaged as error:
        logger.error("task={}: {}; what it was to tell is done again", path.parent.name, error)
        return
    with os.fdopen(descriptor, "rb") as file:
        yield from records.parse_lines(file, shape)
