"""Concurrent transcription of recordings by the service, each with a progress bar."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from voxq.cli.console import err, here, tell
from voxq.cli.formats import Format, Text
from voxq.cli.inputs import Input
from voxq.cli.names import status_name
from voxq.cli.pace import Progress
from voxq.cli.service import ENDED, Service, ServiceError
from voxq.kinds.transcription import TRANSCRIPTION
from voxq.locale import Message

_AT_ONCE = 8
_LOOK_SECONDS = 0.5
"""Duration of a long poll, which ends early only when the task ends; so the interval of a bar."""
_ASK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is fetched of a task that is done: one of its texts, in a format."""

    format: Format
    text: Text | None = None


@dataclass(frozen=True, slots=True)
class Transcription:
    """Result of one recording: the service's reply `state`, and `text` in the requested format."""

    input: Input
    state: dict[str, Any]
    text: str = ""

    @property
    def succeeded(self) -> bool:
        return self.state["status"] == "done"

    @property
    def error(self) -> str:
        return str(self.state.get("error") or status_name(self.state["status"]))


def transcribe_all(
    service: Service,
    inputs: Sequence[Input],
    options: Mapping[str, str],
    wanted: Wanted | None = None,
    on_end: Callable[[Transcription], object] = lambda transcription: None,
) -> list[Transcription]:
    """Transcribe recordings; results in the order of `inputs`. One that is refused or fails stops no other.

    `wanted` None gives the plain text. `on_end` gets each result, in that order, as soon as it can.
    """
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[doing]}", markup=False),
    )
    done: list[Transcription] = []
    with Bars(*columns, console=err) as bars, ThreadPoolExecutor(_AT_ONCE) as threads:
        work = _Work(service, options, wanted, bars)
        ids = [bars.add_task(each.name, total=100, doing=here(Message("waiting"))) for each in inputs]
        try:
            for transcription in threads.map(work.transcribe, inputs, ids):
                on_end(transcription)
                done.append(transcription)
        except BaseException:  # Ctrl-C: leaving the executor waits for the threads
            work.abandon()
            threads.shutdown(wait=False, cancel_futures=True)
            raise
    return done


class _Loading:
    """What the service says of models that are being loaded; it is asked once a second for all recordings."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._names: list[str] = []
        self._asked = -_ASK_SECONDS
        self._told: set[str] = set()

    def names(self) -> list[str]:
        """Names of these models; one that is new is told on a line of its own, which a pipe gets, too."""
        with self._lock:
            if time.monotonic() - self._asked >= _ASK_SECONDS:
                self._asked = time.monotonic()
                self._names = self._service.loading()
                if fresh := set(self._names) - self._told:
                    self._told |= fresh
                    tell(Message("The service loads {models} ...", models=", ".join(sorted(fresh))))
            return self._names


class _Work:
    """State shared by the threads."""

    def __init__(
        self, service: Service, options: Mapping[str, str], wanted: Wanted | None, bars: Bars
    ) -> None:
        self._service = service
        self._options = options
        self._wanted = wanted
        self._bars = bars
        self._loading = _Loading(service)
        self._pace = service.pace(TRANSCRIPTION.name)
        self._abandoned = threading.Event()

    def abandon(self) -> None:
        """Let the threads withdraw their tasks, whose results nobody will read."""
        self._abandoned.set()

    def transcribe(self, input: Input, bar: TaskID) -> Transcription:
        try:
            state = self._until_ended(self._upload(input, bar), bar)
            self._bars.update(bar, doing=here(status_name(state["status"])))
            if state["status"] != "done":
                return Transcription(input, state)
            self._bars.update(bar, completed=100)
            return Transcription(input, state, self._text(state))
        except ServiceError as error:
            self._bars.update(bar, doing=here(status_name("failed")))
            return Transcription(input, {"status": "failed", "error": str(error), "file": input.name})

    def _upload(self, input: Input, bar: TaskID) -> str:
        try:
            size = input.path.stat().st_size
        except OSError as error:
            raise ServiceError(str(error.strerror)) from None
        self._bars.update(bar, total=max(1, size), doing=here(Message("uploading")))
        accepted = self._service.submit_recording(
            TRANSCRIPTION.name, input.path, self._options, lambda size: self._bars.advance(bar, size)
        )
        self._bars.reset(bar, total=100, doing=here(status_name("queued")))
        return str(accepted["task_id"])

    def _until_ended(self, task_id: str, bar: TaskID) -> dict[str, Any]:
        progress: Progress | None = None
        while True:
            if self._abandoned.is_set():
                self._service.delete(task_id)
                raise ServiceError(Message("withdrawn"))
            state = self._service.result(task_id, wait=_LOOK_SECONDS)
            if state["status"] in ENDED:
                return state
            reported, now = state.get("progress", 0), time.monotonic()
            doing = status_name(state["status"])
            if not reported and (names := self._loading.names()):
                doing = Message("{doing}; loading {models}", doing=doing, models=", ".join(names))
            if state["status"] == "processing":
                progress = progress or Progress(state["duration"], self._pace, now)
                self._bars.update(bar, completed=progress.at(reported, now), doing=here(doing))
            else:
                progress = None
                self._bars.update(bar, completed=0, doing=here(doing))

    def _text(self, state: Mapping[str, Any]) -> str:
        if self._wanted is None:
            return str(state["text"])
        return self._service.rendered(state["task_id"], self._wanted.format, self._wanted.text)
