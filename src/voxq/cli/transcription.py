"""Recordings through the service at once, each with a live bar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from voxq.cli.console import err
from voxq.cli.formats import Format
from voxq.cli.service import ENDED, Service, ServiceError

_AT_ONCE = 8
_LOOK_SECONDS = 0.5
"""A long poll ends early only at the end of a task, so this is how often a bar moves."""


@dataclass(frozen=True, slots=True)
class Transcription:
    """What became of one recording; `state` is the service's answer, `text` in the format asked for."""

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
    """In the order of `paths`; a recording that is refused or fails does not hinder the others.

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
        ids = [bars.add_task(path.name, total=100, doing="waiting") for path in paths]
        work = partial(_transcribe, service, options, format, bars)
        try:
            return list(threads.map(work, paths, ids))
        except KeyboardInterrupt:
            threads.shutdown(wait=False, cancel_futures=True)
            raise


def _transcribe(
    service: Service,
    options: Mapping[str, str],
    format: Format | None,
    bars: Progress,
    path: Path,
    bar: TaskID,
) -> Transcription:
    try:
        state = _until_ended(service, _upload(service, path, options, bars, bar), bars, bar)
        if state["status"] != "done":
            bars.update(bar, doing=state["status"])
            return Transcription(path, state)
        text = state["text"] if format is None else service.rendered(state["task_id"], format.value)
    except ServiceError as error:
        bars.update(bar, doing="refused")
        return Transcription(path, {"status": "failed", "error": str(error), "file": path.name})
    bars.update(bar, completed=100, doing="done")
    return Transcription(path, state, text)


def _upload(service: Service, path: Path, options: Mapping[str, str], bars: Progress, bar: TaskID) -> str:
    bars.update(bar, total=max(1, path.stat().st_size), doing="uploading")
    accepted = service.submit(path, options, lambda size: bars.advance(bar, size))
    bars.reset(bar, total=100, doing="queued", start=True)
    return str(accepted["task_id"])


def _until_ended(service: Service, task_id: str, bars: Progress, bar: TaskID) -> dict[str, Any]:
    while True:
        state = service.result(task_id, wait=_LOOK_SECONDS)
        if state["status"] in ENDED:
            return state
        bars.update(bar, completed=state.get("progress", 0), doing=state["status"])
