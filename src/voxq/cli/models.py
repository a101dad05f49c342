"""`voxq models`: what can recognise speech here, and how to get more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from voxq.cli.console import err, out, print_json
from voxq.cli.options import Json

if TYPE_CHECKING:
    from voxq.models.store import ModelStore

app = typer.Typer(help="List, fetch and find speech models.", invoke_without_command=True)


@app.callback()
def _default(context: typer.Context, json_: Json = False) -> None:
    if context.invoked_subcommand is None:
        list_(json_)


@app.command("list")
def list_(json_: Json = False) -> None:
    """List the known models and where those that are installed lie. The default."""
    from rich.table import Table

    from voxq.models.catalogue import MODELS

    installed = {model.name: model for model in _store().list()}
    rows = [
        {
            "name": model.name,
            "engine": model.engine,
            "size_mb": model.size_mb,
            "licence": model.licence,
            "languages": model.languages,
            "path": str(installed[model.name].path) if model.name in installed else None,
        }
        for model in MODELS
    ]
    known = {model.name for model in MODELS}
    rows += [
        {"name": name, "size_mb": model.size_bytes >> 20, "path": str(model.path)}
        for name, model in installed.items()
        if name not in known
    ]
    if json_:
        print_json(rows)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("Model", "Engine", "MB", "Licence", "Languages", "Installed"):
        table.add_column(heading, justify="right" if heading == "MB" else "left", overflow="fold")
    for row in rows:
        cells = (row.get(key) for key in ("name", "engine", "size_mb", "licence", "languages", "path"))
        table.add_row(*("" if cell is None else str(cell) for cell in cells))
    out.print(table)


@app.command()
def pull(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME...", help="From 'voxq models list', or owner/name in a hub.")
    ],
    hub: Annotated[
        str | None, typer.Option(help="huggingface or modelscope; the first that has it if not given.")
    ] = None,
) -> None:
    """Fetch models and verify them; mirrors: HF_ENDPOINT, MODELSCOPE_DOMAIN."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    for name in names:
        with Progress(*columns, console=err) as bars:
            bar = bars.add_task(name, total=None)
            model = _store().install(
                name,
                hub,
                lambda done, total, bar=bar, bars=bars: bars.update(bar, completed=done, total=total),
            )
        typer.echo(model.path)


@app.command()
def path(name: Annotated[str, typer.Argument(metavar="NAME")] = "whisper-base") -> None:
    """Print the directory of an installed model."""
    typer.echo(_store().resolve(name))


def _store() -> ModelStore:
    from voxq.models.store import ModelStore
    from voxq.settings import load_settings

    return ModelStore(search=[load_settings().asr_model_path])
