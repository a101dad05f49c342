"""`voxq queue`: show what waits, is in work or failed; requeue or remove it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from voxq.cli.configuration import configured
from voxq.cli.console import fail, here, out, print_json
from voxq.cli.options import Json, Url
from voxq.locale import Message, about

if TYPE_CHECKING:
    from voxq.cli.service import Service


class OpenStatus(StrEnum):
    """State of a task that has not ended."""

    QUEUED = "queued"
    PROCESSING = "processing"


app = typer.Typer(
    help="Show, requeue or remove tasks that wait or have failed, recordings and texts.",
    invoke_without_command=True,
)

Ids = Annotated[list[str] | None, typer.Argument(metavar="[TASK_ID]...", help="Tasks, by id.")]
AllFailed = Annotated[bool, typer.Option("--all", help="All failed tasks instead.")]
All = Annotated[
    bool, typer.Option("--all", help="All tasks instead: those that wait, are in work or have failed.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, even at a terminal.")]

_PAGE = 100  # the most that the API lists at once


@app.callback()
def _default(context: typer.Context, url: Url = None, json_: Json = False) -> None:
    if context.invoked_subcommand is None:
        status(url, json_)


@app.command()
def status(url: Url = None, json_: Json = False) -> None:
    """Count what waits, is worked on or failed, recordings and texts, and the workers. The default."""
    with _service(url, json_) as service:
        counts = service.queue()
    if json_:
        print_json(counts)
        return
    from voxq.cli.tables import queue_table

    out.print(queue_table(counts["kinds"]))
    busy = Message("{busy} of {all} workers busy", busy=counts["workers_busy"], all=counts["workers"])
    out.print(busy)


@app.command("list")
def list_(
    status: Annotated[
        OpenStatus | None, typer.Option(help="Only those that wait (queued) or are in work (processing).")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Tasks to show.")] = 50,
    url: Url = None,
    json_: Json = False,
) -> None:
    """List the tasks that are in work or wait, in their order: ids, ages and expected times."""
    with _service(url, json_) as service:
        found = list(islice(service.open_tasks(status.value if status else None), limit + 1))
    shown, is_more = found[:limit], len(found) > limit
    if json_:
        print_json(shown)
        return
    from voxq.cli.tables import open_tasks_table

    out.print(open_tasks_table(shown) if shown else Message("Nothing waits, and nothing is in work."))
    if is_more:
        out.print(Message("... and more: --limit {number} shows them.", number=2 * limit))


@app.command()
def failed(url: Url = None, json_: Json = False) -> None:
    """List the latest failed tasks of all kinds, and why they failed."""
    with _service(url, json_) as service:
        records = service.history(_PAGE, "failed")
    if json_:
        print_json(records)
    else:
        from voxq.cli.tables import tasks_table

        out.print(tasks_table(records))


@app.command()
def requeue(ids: Ids = None, every: AllFailed = False, url: Url = None) -> None:
    """Try failed tasks again: those with these ids, or all."""
    if bool(ids) == every:
        raise typer.BadParameter(here(Message("Give either task ids or --all.")))
    chosen = _every_failed if every else lambda service: ids or ()
    _act(
        chosen,
        url,
        lambda service, task_id: service.retry(task_id),
        lambda task_id: Message("{task_id} queued again", task_id=task_id),
    )


@app.command()
def purge(
    ids: Ids = None,
    every: All = False,
    failed: Annotated[bool, typer.Option("--failed", help="Every failed task instead.")] = False,
    yes: Yes = False,
    url: Url = None,
) -> None:
    """Remove tasks with their sound and text; stop those that run."""
    if [bool(ids), every, failed].count(True) != 1:
        raise typer.BadParameter(here(Message("Give task ids, --all or --failed, and only one of them.")))
    if every and not yes and sys.stdin.isatty():
        typer.confirm(here(Message("Remove every task that waits, is in work or has failed?")), abort=True)
    chosen = (lambda service: ids or ()) if ids else _every_failed if failed else _every
    _act(
        chosen,
        url,
        lambda service, task_id: service.delete(task_id),
        lambda task_id: Message("{task_id} removed", task_id=task_id),
    )


def _service(url: str | None, is_data: bool = False) -> Service:
    from voxq.cli.service import the_service

    return the_service(configured(), url, is_data=is_data)


def _act(
    chosen: Callable[[Service], Iterable[str]],
    url: str | None,
    act: Callable[[Service, str], object],
    done: Callable[[str], Message],
) -> None:
    """Apply `act` to each chosen task, continuing after failures; the exit status is 1 if any failed."""
    from voxq.cli.service import ServiceError

    failures = 0
    with _service(url) as service:
        for task_id in chosen(service):
            try:
                act(service, task_id)
                out.print(done(task_id), markup=False, highlight=False)
            except ServiceError as error:
                fail(about(task_id, str(error)))
                failures += 1
    if failures:
        raise typer.Exit(1)


def _every(service: Service) -> Iterator[str]:
    """Yield the tasks that wait, then those in work, so that none is started meanwhile, then the failed
    ones."""
    for status in OpenStatus:
        yield from [str(task["task_id"]) for task in service.open_tasks(status.value)]
    yield from _every_failed(service)


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
