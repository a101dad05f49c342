"""`voxq queue`: show the queue and failed tasks, requeue or remove them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from voxq.cli.configuration import configured
from voxq.cli.console import fail, out, print_json
from voxq.cli.options import Json, Url

if TYPE_CHECKING:
    from voxq.cli.service import Service

app = typer.Typer(
    help="Show, requeue or remove tasks that wait or have failed, recordings and texts.",
    invoke_without_command=True,
)

Ids = Annotated[list[str] | None, typer.Argument(metavar="[TASK_ID]...", help="Tasks, by id.")]
AllFailed = Annotated[bool, typer.Option("--all", help="All failed tasks instead.")]

_PAGE = 100  # the most that the API lists at once


@app.callback()
def _default(context: typer.Context, url: Url = None, json_: Json = False) -> None:
    if context.invoked_subcommand is None:
        status(url, json_)


@app.command()
def status(url: Url = None, json_: Json = False) -> None:
    """Count what waits, is worked on or failed, recordings and texts, and the workers. The default."""
    with _service(url) as service:
        counts = service.queue()
    if json_:
        print_json(counts)
        return
    from voxq.cli.tables import queue_table

    out.print(queue_table(counts["kinds"]))
    out.print(f"{counts['workers_busy']} of {counts['workers']} workers busy")


@app.command()
def failed(url: Url = None, json_: Json = False) -> None:
    """List the latest failed tasks of all kinds, and why they failed."""
    with _service(url) as service:
        records = service.history(_PAGE, "failed")
    if json_:
        print_json(records)
    else:
        from voxq.cli.tables import tasks_table

        out.print(tasks_table(records))


@app.command()
def requeue(ids: Ids = None, every: AllFailed = False, url: Url = None) -> None:
    """Try failed tasks again: those with these ids, or all."""
    _for_each(ids, every, url, lambda service, task_id: service.retry(task_id), "queued again")


@app.command()
def purge(ids: Ids = None, every: AllFailed = False, url: Url = None) -> None:
    """Remove tasks with their sound and text; stop those that run."""
    _for_each(ids, every, url, lambda service, task_id: service.delete(task_id), "removed")


def _service(url: str | None) -> Service:
    from voxq.cli.service import the_service

    return the_service(configured(), url)


def _for_each(
    ids: list[str] | None, every: bool, url: str | None, act: Callable[[Service, str], object], said: str
) -> None:
    """Apply `act` to each task, continuing after failures; the exit status is 1 if any failed."""
    from voxq.cli.service import ServiceError

    if bool(ids) == every:
        raise typer.BadParameter("Give either task ids or --all.")
    failures = 0
    with _service(url) as service:
        for task_id in ids or _every_failed(service):
            try:
                act(service, task_id)
                out.print(f"{task_id} {said}", markup=False, highlight=False)
            except ServiceError as error:
                fail(f"{task_id}: {error}")
                failures += 1
    if failures:
        raise typer.Exit(1)


def _every_failed(service: Service) -> Iterator[str]:
    """Yield the failed tasks of all kinds, page by page.

    Tasks that the caller has acted on have left the list by then, or are skipped.
    """
    from voxq import kinds

    for kind in kinds.registered():
        seen: set[str] = set()
        while fresh := _failed_ids(service, kind) - seen:
            seen |= fresh
            yield from sorted(fresh)


def _failed_ids(service: Service, kind: str) -> set[str]:
    return {str(record["task_id"]) for record in service.history_of(kind, _PAGE, "failed")}
