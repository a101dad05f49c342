"""`voxq engines`: what recognises and speaks here, and environments for what other packages bring."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voxq.cli.console import here, out, print_json, tell
from voxq.cli.names import capability_name
from voxq.cli.options import Json
from voxq.locale import Message

if TYPE_CHECKING:
    from voxq.engines.contract import EngineFamily

_HEADINGS = (
    Message("Engine"),
    Message("Does"),
    Message("From"),
    Message("State"),
    Message("Summary"),
)

app = typer.Typer(help="List engines; install those of other packages.", invoke_without_command=True)


@app.callback()
def _default(context: typer.Context, json_: Json = False) -> None:
    if context.invoked_subcommand is None:
        list_(json_)


@app.command("list")
def list_(json_: Json = False) -> None:
    """List the engines there are, and those of other packages, used or not. The default."""
    from rich.table import Table
    from rich.text import Text

    rows = _rows()
    if json_:
        print_json(rows)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in _HEADINGS:
        table.add_column(heading)
    for row in rows:
        table.add_row(*(Text(here(row[key])) for key in ("name", "capability", "origin", "state", "summary")))
    out.print(table)


@app.command()
def install(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the engine in its package.")],
    requirements: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="REQUIREMENT...",
            help="Package or directory for pip to install; default: what an engine of VoxQ needs.",
        ),
    ] = None,
    source: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIRECTORY", help="Directory of modules that no package brings; repeatable."),
    ] = None,
) -> None:
    """Install an engine into an environment of its own, under VOXQ_ENGINES."""
    from voxq.cli.console import fail
    from voxq.engines import environments, registry
    from voxq.processes.model.protocol import STANDALONE

    is_built_in = registry.is_built_in(name)
    pins = registry.find(name).pins if is_built_in else ()
    if is_built_in and not pins:
        fail(Message("The engine {name} needs no environment of its own.", name=name))
        raise typer.Exit(1)
    if not (pins or requirements):
        fail(Message("Name the package of the engine {name}.", name=name))
        raise typer.Exit(2)
    environment = environments.install(name, [*pins, *(requirements or ())], STANDALONE, source or ())
    typer.echo(environment.directory)
    if not is_built_in:
        tell(Message("To use it, name it in ENGINE_PLUGINS: {name}", name=name))


@app.command()
def remove(name: Annotated[str, typer.Argument(metavar="NAME")]) -> None:
    """Remove the environment of an engine; what is loaded of it stays loaded."""
    from voxq.cli.console import fail
    from voxq.engines import environments

    if not environments.remove(name):
        fail(Message("No engine {name} has an environment of its own.", name=name))
        raise typer.Exit(1)


def _rows() -> list[dict[str, Any]]:
    from voxq.engines import environments, plugins, registry
    from voxq.engines.contract import EngineError
    from voxq.settings import load_settings

    used = load_settings().plugins
    rows = [_row(registry.find(name), "VoxQ", registry.is_installed(name)) for name in registry.names()]
    others = [each for each in environments.installed() if not registry.is_built_in(each.name)]
    for environment in others:
        try:
            rows.append(_row(environment.family(), Message("its own environment"), environment.name in used))
        except EngineError as error:
            rows.append(
                _bare(environment.name, Message("its own environment"), Message("broken"), str(error))
            )
    own = {environment.name for environment in others}
    for name in (*plugins.installed(), *used):
        if name in own or name in {row["name"] for row in rows}:
            continue
        if name not in used:  # it is not imported, so nothing is known of it
            rows.append(
                {
                    "name": name,
                    "capability": "",
                    "origin": Message("a package"),
                    "state": Message("not used"),
                    "summary": "",
                }
            )
            continue
        try:
            rows.append(_row(plugins.load(name), Message("a package"), True))
        except EngineError as error:
            rows.append(_bare(name, Message("a package"), Message("broken"), str(error)))
    return rows


def _row(family: EngineFamily, origin: str, is_ready: bool) -> dict[str, Any]:
    state = (
        Message("ready")
        if is_ready
        else (Message("not installed") if origin == "VoxQ" else Message("not used"))
    )
    return {
        "name": family.name,
        "capability": capability_name(family.capability),
        "origin": origin,
        "state": state,
        "summary": family.summary,
    }


def _bare(name: str, origin: str, state: str, summary: str) -> dict[str, Any]:
    """Of an engine that was not imported, or cannot be."""
    return {"name": name, "capability": "", "origin": origin, "state": state, "summary": summary}
