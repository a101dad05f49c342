"""Accepted tasks: on the disk as the API leaves them, and in no queue yet."""

from __future__ import annotations

import time
from itertools import count

from voxq.core.inputs import Blob
from voxq.core.task import Lane, Task, new_task_id
from voxq.kinds.transcription import TranscriptionOptions
from voxq.parts import Parts

_numbers = count(10**6)


def accept(parts: Parts, recording: bytes, seconds: float = 0.5) -> Task:
    """Accept a task for a WAV `recording` of `seconds` seconds: write recording and journal record."""
    now = time.time()
    task_id = new_task_id(now, next(_numbers))
    task = Task(
        id=task_id,
        kind="asr",
        owner="bench",
        lane=Lane.SHORT,
        inputs={"audio": Blob(f"{task_id}.wav", "audio/wav", len(recording), "0" * 64)},
        outputs={},
        duration=seconds,
        created_at=now,
        accepted_at=now,
        options=TranscriptionOptions(),
    )
    parts.blobs.path(task.file).write_bytes(recording)
    parts.journal.accept(task)
    return task
