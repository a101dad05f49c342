"""Work directories: intermediate files of a task in work, such as sound, finished chunks and incidents.

The directory `work/<id>.<run>/` outlives a worker, so that the next one does only what is left; it is removed
when the task ends. `pcm.f32` is the recording as 16 kHz mono float32, rebuilt by every new attempt. For a
text, each spoken sentence has a file `<first character>.f32` that belongs to its finished chunk; the
sentences are joined in `speech-<execution>.part`, which clients can read while it grows.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from loguru import logger

from voxq.core import json_bytes
from voxq.core.outcome import Incident
from voxq.core.task import Task
from voxq.storage import records

_RUNNING = "running.json"
_LONGEST_MARK = 1 << 16
"""Size limit in bytes of a mark of running chunks; a longer file is not one."""
_CHUNK = {"conditions": str, "start": int, "end": int, "result": dict}
_INCIDENT = {"at": int | float, "code": str, "message": str, "blamed": bool}
_SPEECH = "speech-{}.part"
_VOID = 0o000
"""Mode of an abandoned speech file. A mode is visible to processes that have the file open."""


@dataclass(frozen=True, slots=True)
class LeftRunning:
    """Chunks that were in the engine when a worker died, each with the name of its step (None: the first of
    its kind of task). `alone`: a single suspect chunk, run by itself so that nothing else can have caused the
    death."""

    spans: frozenset[tuple[int, int, str | None]] = frozenset()
    alone: bool = False

    def spans_of(self, step: str | None) -> list[tuple[int, int]]:
        """Those of one step."""
        return [(start, end) for start, end, other in self.spans if other == step]


class WorkFiles:
    """Work directories of one storage."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True, mode=0o700)

    def open(self, task: Task) -> WorkDirectory:
        directory = self._directory(task)
        try:
            os.mkdir(directory, 0o700)
        except FileExistsError:
            return WorkDirectory(directory)
        return WorkDirectory(directory, is_new=True)

    def remove(self, task: Task) -> None:
        _remove(self._directory(task))

    def speech(self, task_id: str, run: int) -> Path | None:
        """Path of the file to which the speech of a task is being written, or None if there is none."""
        found = []
        for path in (self._root / f"{task_id}.{run}").glob(_SPEECH.format("*")):
            with contextlib.suppress(FileNotFoundError):  # it was completed and renamed
                stat = path.stat()
                found += [] if is_void(stat) else [(stat.st_mtime_ns, path)]
        return max(found)[1] if found else None

    def names(self) -> Iterator[str]:
        """Yield the name `<id>.<run>` of every work directory."""
        with os.scandir(self._root) as entries:
            yield from (entry.name for entry in entries if entry.is_dir())

    def remove_named(self, name: str) -> None:
        """Remove a work directory by its name from `names`."""
        _remove(f"{self._root}/{name}")

    def _directory(self, task: Task) -> str:
        return f"{self._root}/{task.id}.{task.run}"


class WorkDirectory:
    """Files of one (task, run)."""

    def __init__(self, directory: str, *, is_new: bool = False) -> None:
        """Use the directory at this path. In a new one, nothing is looked for."""
        self._directory = directory
        self.is_new = is_new
        """Whether no attempt has left anything in it yet."""
        self.pcm = Path(directory, "pcm.f32")
        """Path of the decoded recording."""

    def speech(self, execution: str) -> Path:
        """Path of the joined sentences, until they become the task's file.

        Each execution has its own file, so that a worker that resumes after a long stop cannot write into
        another's.
        """
        return Path(self._directory, _SPEECH.format(execution))

    def begin_speech(self, execution: str) -> Path:
        """Path for the file `speech`, which the caller joins from its beginning.

        Marks the files of earlier attempts as void, so that their readers look for the new one. Raises
        OSError.
        """
        for earlier in Path(self._directory).glob(_SPEECH.format("*")):
            with contextlib.suppress(FileNotFoundError):
                earlier.chmod(_VOID)
        self.speech(execution).unlink(missing_ok=True)
        return self.speech(execution)

    def sound(self, start: int) -> Path:
        """Path of the sound of the sentence that begins at character `start`."""
        return Path(self._directory, f"{start}.f32")

    def vectors(self, start: int) -> Path:
        """Path of the vectors of the chunk that begins at sample `start`."""
        return Path(self._directory, f"{start}.voices")

    def add_chunk(
        self, conditions: str, start: int, end: int, result: dict[str, Any], step: str | None = None
    ) -> None:
        """Write step W3: record a finished chunk.

        `conditions` identifies all that the result depends on (model revision, options, sound or text);
        `start` and `end` in samples or characters; `step` as in `LeftRunning`. Raises OSError.
        """
        line = {"conditions": conditions, "start": start, "end": end, "result": result}
        self.is_new = False
        _append(self._path("chunks.jsonl"), line | _named(step))

    def chunks(
        self, conditions: Collection[str], step: str | None = None
    ) -> dict[tuple[int, int], dict[str, Any]]:
        """Results of a step's chunks that were finished under any of these conditions, in this or an earlier
        attempt, by span."""
        return {
            (line["start"], line["end"]): line["result"]
            for line in self._lines("chunks.jsonl", _CHUNK)
            if line["conditions"] in conditions and line.get("step") == step
        }

    def add_incident(self, incident: Incident, *, blamed: bool, step: str | None = None) -> None:
        """`step` as in `LeftRunning`."""
        self.is_new = False
        _append(self._path("incidents.jsonl"), asdict(incident) | {"blamed": blamed} | _named(step))

    def incidents(self) -> tuple[list[Incident], Counter[str | None]]:
        """Incidents so far, and the number of those that each step was blamed for."""
        lines = [line for line in self._lines("incidents.jsonl", _INCIDENT) if line["at"] >= 0]
        incidents = [Incident(line["at"], line["code"], line["message"]) for line in lines]
        return incidents, Counter(_step_in(line) for line in lines if line["blamed"])

    def mark_running(
        self, running: Mapping[str | None, Sequence[tuple[int, int]]], *, alone: bool = False
    ) -> None:
        """Mark chunks, by step, as about to enter the engine; none clear the mark. `alone`: as in
        `LeftRunning`.

        A mark that is still there at the next attempt means that the batch killed its worker.
        """
        spans = [[*span, step] if step else [*span] for step, of_step in running.items() for span in of_step]
        mark = self._path(_RUNNING)
        # If the task was cancelled, the disk is full or it is no regular file, work goes on without a mark.
        with contextlib.suppress(OSError, records.Damaged):
            if spans:
                self.is_new = False
                line = json_bytes.dumps({"spans": spans, "alone": alone})
                file = records.open_file(mark, os.O_WRONLY | os.O_CREAT)
                try:
                    # Overwrite the last mark in one write: a truncated file is flushed to the disk when it
                    # is closed, which takes ten times as long.
                    if (size := os.fstat(file).st_size) > _LONGEST_MARK:
                        os.ftruncate(file, 0)
                        size = 0
                    os.write(file, line.ljust(size))
                finally:
                    os.close(file)
            else:
                os.unlink(mark)

    def left_running(self) -> LeftRunning:
        """Read the mark of an earlier worker: the chunks that may have killed it."""
        if self.is_new:
            return LeftRunning()
        with contextlib.suppress(OSError, ValueError, TypeError):
            match records.parse(records.read(self._path(_RUNNING))):
                case {"spans": spans, "alone": alone}:
                    return LeftRunning(_spans(spans), alone is True)
                case spans:  # as earlier versions wrote it
                    return LeftRunning(_spans(spans))
        return LeftRunning()

    def _path(self, name: str) -> str:
        return f"{self._directory}/{name}"

    def _lines(self, name: str, shape: records.Shape) -> Iterator[dict[str, Any]]:
        return iter(()) if self.is_new else _lines(self._path(name), shape)


def _remove(directory: str) -> None:
    """Remove a work directory and the files in it, as far as that is possible."""
    try:
        for name in os.listdir(directory):
            os.unlink(f"{directory}/{name}")
        os.rmdir(directory)
    except OSError:  # another process removes it, too, or somebody has put a directory into it
        shutil.rmtree(directory, ignore_errors=True)


def _spans(record: Any) -> frozenset[tuple[int, int, str | None]]:
    """Raises ValueError or TypeError."""
    return frozenset(_span(*each) for each in record)


def _span(start: Any, end: Any, step: Any = None) -> tuple[int, int, str | None]:
    if not isinstance(step, str | None):
        raise TypeError("not the name of a step")
    return int(start), int(end), step


def _named(step: str | None) -> dict[str, str]:
    return {"step": step} if step else {}


def _step_in(line: Mapping[str, Any]) -> str | None:
    step = line.get("step")
    return step if isinstance(step, str) else None


def is_void(stat: os.stat_result) -> bool:
    """Whether a speech file has been abandoned in favour of another."""
    return not stat.st_mode & 0o777


def _append(path: str, record: dict[str, Any]) -> None:
    """Append a record as a line. Raises OSError."""
    line = json_bytes.dumps(record) + b"\n"
    try:
        descriptor = records.open_file(path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
    except records.Damaged as error:
        raise OSError(errno.EINVAL, str(error)) from None
    try:
        size = os.fstat(descriptor).st_size
        # The torn tail of an earlier writer is ended, so that it becomes a line that readers skip.
        is_torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        left = b"\n" + line if is_torn else line
        while left:  # on a full disk the first write is short, and only the next one raises
            left = left[os.write(descriptor, left) :]
    finally:
        os.close(descriptor)


def _lines(path: str, shape: records.Shape) -> Iterator[dict[str, Any]]:
    """Yield the intact lines: objects with the fields of `shape`, and possibly others."""
    try:
        descriptor = records.open_file(path, os.O_RDONLY)
    except FileNotFoundError:
        return
    except records.Damaged as error:
        logger.error("task={}: {}; its work is done again", os.path.basename(os.path.dirname(path)), error)
        return
    with os.fdopen(descriptor, "rb") as file:
        yield from records.parse_lines(file, shape)
