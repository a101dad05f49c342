"""Speech from the running service, with a progress bar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from rich.progress import Progress

from voxq.cli.console import err, here
from voxq.cli.names import status_name
from voxq.cli.service import ENDED, Service, ServiceError
from voxq.kinds.speech import SPEECH
from voxq.locale import Message

_LOOK_SECONDS = 0.5
"""Duration of a long poll, which ends early only when the task ends; so the interval of the bar."""


def speak_through(service: Service, wishes: Mapping[str, Any], file: IO[bytes]) -> None:
    """Write the speech of a text to `file`; into a pipe while it is being made. `wishes` are the text and its
    options, as fields of a request.

    Raises ServiceError, also if the text could not be spoken. An interrupt (Ctrl-C) withdraws the task.
    """
    task_id = str(service.submit_text(SPEECH.name, wishes)["task_id"])
    is_live = not file.seekable()
    try:
        broken = _listen(service, task_id, file) if is_live else None
        state = _end_of(service, task_id)
    except BaseException:  # Ctrl-C
        service.delete(task_id)
        raise
    if state["status"] != "done":
        raise ServiceError(
            state.get("error") or Message("The text was {status}.", status=status_name(state["status"]))
        )
    if broken is not None:
        raise broken
    if not is_live:
        service.save_sound(task_id, file)


def _listen(service: Service, task_id: str, file: IO[bytes]) -> ServiceError | None:
    """Write the speech while it is being made.

    If it breaks off, returns the error instead of raising it, since the task's own may be more precise.
    """
    try:
        service.save_sound(task_id, file, live=True)
    except ServiceError as error:
        return error
    return None


def _end_of(service: Service, task_id: str) -> dict[str, Any]:
    with Progress(console=err) as bars:
        bar = bars.add_task(here(status_name("queued")), total=100)
        while True:
            state = service.result(task_id, _LOOK_SECONDS, SPEECH.name)
            is_done = state["status"] == "done"
            percent = 100 if is_done else state.get("progress", 0)
            bars.update(bar, completed=percent, description=here(status_name(state["status"])))
            if state["status"] in ENDED:
                return state
