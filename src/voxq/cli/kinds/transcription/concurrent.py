"""Concurrent transcription of recordings by the service, each with a progress bar."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from voxq.cli.console import err
from voxq.cli.formats import Format
from voxq.cli.service import ENDED, Service, ServiceError
from voxq.kinds.transcription import TRANSCRIPTION

_AT_ONCE = 8
_LOOK_SECONDS = 0.5
"""Duration of a long poll, which ends early only when the task ends; so the interval of a bar."""


@dataclass(frozen=True, slots=True)
class Transcription:
    """Result of one recording: the service's reply `state`, and `text` in the requested format."""

    path: Path
    state: dict[str, Any]
    text: str = ""

    @property
    def succeeded(self) -> bool:
        return self.state["status"] == "done"

    @property
    def error(self) -> str:
        return str(self.state.get("error") or self.state["status"])


def transcribe_all(
    service: Service, paths: Sequence[Path], options: Mapping[str, str], format: Format | None = None
) -> list[Transcription]:
    """Transcribe recordings; results in the order of `paths`. One that is refused or fails stops no other.

    `format` None gives the plain text.
    """
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[doing]}", markup=False),
    )
    with Progress(*columns, console=err) as bars, ThreadPoolExecutor(_AT_ONCE) as threads:
        work = _Work(service, options, format, bars)
        ids = [bars.add_task(path.name, total=100, doing="waiting") for path in paths]
        try:
            return list(threads.map(work.transcribe, paths, ids))
        except BaseException:  # Ctrl-C: leaving the executor waits for the threads
            work.abandon()
            threads.shutdown(wait=False, cancel_futures=True)
            raise


class _Work:
    """State shared by the threads."""

    def __init__(
        self, service: Service, options: Mapping[str, str], format: Format | None, bars: Progress
    ) -> None:
        self._service = service
        self._options = options
        self._format = format
        self._bars = bars
        self._abandoned = threading.Event()

    def abandon(self) -> None:
        """Let the threads withdraw their tasks, whose results nobody will read."""
        self._abandoned.set()

    def transcribe(self, path: Path, bar: TaskID) -> Transcription:
        try:
            state = self._until_ended(self._upload(path, bar), bar)
            self._bars.update(bar, doing=state["status"])
            if state["status"] != "done":
                return Transcription(path, state)
            self._bars.update(bar, completed=100)
            return Transcription(path, state, self._text(state))
        except ServiceError as error:
            self._bars.update(bar, doing="failed")
            return Transcription(path, {"status": "failed", "error": str(error), "file": path.name})

    def _upload(self, path: Path, bar: TaskID) -> str:
        self._bars.update(bar, total=max(1, path.stat().st_size), doing="uploading")
        accepted = self._service.submit_recording(
            TRANSCRIPTION.name, path, self._options, lambda size: self._bars.advance(bar, size)
        )
        self._bars.reset(bar, total=100, doing="queued")
        return str(accepted["task_id"])

    def _until_ended(self, task_id: str, bar: TaskID) -> dict[str, Any]:
        while True:
            if self._abandoned.is_set():
                self._service.delete(task_id)
                raise ServiceError("withdrawn")
            state = self._service.result(task_id, wait=_LOOK_SECONDS)
            if state["status"] in ENDED:
                return state
            self._bars.update(bar, completed=state.get("progress", 0), doing=state["status"])

    def _text(self, state: Mapping[str, Any]) -> str:
        if self._format is None:
            return str(state["text"])
        return self._service.rendered(state["task_id"], self._format.value)
