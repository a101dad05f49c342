"""Transcription of a single recording, from its upload to its end."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _load import Plan, generate
from _service import Service
from _watch import Watch


@dataclass(frozen=True, slots=True)
class Transcribed:
    """A transcription; `seconds` from the first byte of the upload until the result was announced."""

    task_id: str
    seconds: float
    document: dict[str, Any]


def transcribe(under_test: Service, watch: Watch, recording: Path, patience: float) -> Transcribed:
    """Transcribe a recording. Raises RuntimeError if it fails, TimeoutError after `patience` seconds."""
    began, task_id = submit(under_test, recording)
    watch.wait_ended([task_id], patience)
    return transcribed(under_test, watch, began, task_id)


def transcribed(under_test: Service, watch: Watch, began: float, task_id: str) -> Transcribed:
    """Read the result of a task that has ended; its upload `began` on the monotonic clock. Raises
    RuntimeError if it failed."""
    with under_test.redis() as client:
        document = json.loads(str(client.get(f"asr:task:{task_id}")))
    if document["status"] != "done":
        raise RuntimeError(f"a recording {document['status']}: {document['error']}")
    return Transcribed(task_id, watch.ended_at(task_id) - began, document)


def submit(under_test: Service, recording: Path) -> tuple[float, str]:
    """Submit a recording; returns the start of the upload (monotonic clock) and the task's id.

    Raises RuntimeError if it is refused.
    """
    outcome = generate(Plan(under_test.submit_url, (str(recording),), 1, 60, requests=1))
    if outcome.refused:
        raise RuntimeError("a recording was refused")
    (answer,) = outcome.accepted
    return outcome.began + answer.due, str(answer.task_id)
