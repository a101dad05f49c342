"""`voxq rewrite TEXT`: a text, or the transcript of a task, made into another."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from voxq.cli.configuration import configured
from voxq.cli.console import err, here, print_json, tell, visible
from voxq.cli.flags import takes_flags
from voxq.cli.names import status_name
from voxq.cli.options import Json, Url
from voxq.kinds.text import TEXT_KIND, TextOptions
from voxq.locale import Message, recognised

_LOOK_SECONDS = 0.5


@takes_flags(TextOptions)
def rewrite(
    text: Annotated[
        str, typer.Argument(metavar="[TEXT]", help="Text to rewrite; - reads it from stdin.")
    ] = "",
    task: Annotated[
        str, typer.Option("--task", metavar="ID", help="Rewrite the transcript of this task instead.")
    ] = "",
    url: Url = None,
    json_: Json = False,
    *,
    asked: Mapping[str, Any],
) -> None:
    """Clean up, punctuate, summarise or translate a text or a transcript with the running service."""
    from voxq.cli.service import the_service

    source = {"task_id": task} if task else {"text": sys.stdin.read() if text == "-" else text}
    with the_service(configured(), url, is_data=json_) as service:
        state = _end_of(service, str(service.submit_text(TEXT_KIND.name, {**source, **asked})["task_id"]))
    if json_:
        print_json(state)
    else:
        _print(state)


def _print(state: Mapping[str, Any]) -> None:
    sys.stdout.write(f"{visible(state['text'])}\n")
    if reason := state["rewritten"].get("reason"):
        tell(recognised(reason), style="yellow")


def _end_of(service: Any, task_id: str) -> Mapping[str, Any]:
    """Wait for the end of the task. Raises ServiceError if it failed. An interrupt (Ctrl-C) withdraws it."""
    from rich.progress import Progress

    from voxq.cli.service import ENDED, ServiceError

    try:
        with Progress(console=err, transient=True) as bars:
            bar = bars.add_task(here(status_name("queued")), total=100)
            while (state := service.result(task_id, _LOOK_SECONDS, TEXT_KIND.name))["status"] not in ENDED:
                bars.update(
                    bar,
                    completed=state.get("progress", 0),
                    description=here(status_name(state["status"])),
                )
    except BaseException:
        service.delete(task_id)
        raise
    if state["status"] != "done":
        raise ServiceError(
            state.get("error") or Message("The text was {status}.", status=status_name(state["status"]))
        )
    return state
