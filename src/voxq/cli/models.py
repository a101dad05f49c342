"""`voxq models`: list, fetch and find models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voxq.cli.console import err, here, out, print_json
from voxq.cli.options import Json
from voxq.locale import Message

if TYPE_CHECKING:
    from rich.table import Table

    from voxq.model_store.model import Model
    from voxq.model_store.store import InstalledModel, ModelStore
    from voxq.settings import Settings

app = typer.Typer(help="List, fetch and find speech models.", invoke_without_command=True)

_TITLES = {
    "recogniser": Message("Speech to text"),
    "synthesiser": Message("Text to speech"),
    "embedder": Message("Who speaks"),
}
_OTHERS = Message("Beside others")
_COLUMNS = {
    "MB": "size_mb",
    Message("Installed"): "origin",
    Message("Languages"): "languages",
    Message("Best for"): "best_for",
    Message("Licence"): "licence",
}


@app.callback()
def _default(context: typer.Context, json_: Json = False) -> None:
    if context.invoked_subcommand is None:
        list_(json_)


@app.command("list")
def list_(json_: Json = False) -> None:
    """List the known models, what each is best for, and which are installed (the default command)."""
    from voxq.settings import load_settings

    settings = load_settings()
    rows = list(_rows(settings, _store(settings)))
    if json_:
        print_json(rows)
        return
    for title in (*_TITLES.values(), _OTHERS):
        if group := [row for row in rows if _TITLES.get(row["role"], _OTHERS) == title]:
            out.print(_table(title, group), "")


@app.command()
def pull(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME...", help="From 'voxq models list', or owner/name in a hub.")
    ],
    hub: Annotated[
        str | None, typer.Option(help="huggingface or modelscope; default: the first that has the model.")
    ] = None,
) -> None:
    """Fetch and verify models; an interrupted download is resumed.

    Models that a model needs, such as punctuation, are fetched, too. Mirrors: HF_ENDPOINT,
    MODELSCOPE_ENDPOINT.
    """
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    store = _store()
    for name in store.to_install(names):
        with Progress(*columns, console=err) as bars:
            bar = bars.add_task(name, total=None)
            model = store.install(
                name,
                hub,
                lambda done, total, bar=bar, bars=bars: bars.update(bar, completed=done, total=total),
            )
        typer.echo(model.path)


@app.command()
def path(name: Annotated[str, typer.Argument(metavar="NAME")] = "whisper-base") -> None:
    """Print the directory of an installed model."""
    typer.echo(_store().resolve(name))


@app.command()
def tune(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Models; the default one if none is named."),
    ] = None,
    json_: Json = False,
) -> None:
    """Measure how models use this machine best, which a worker also does when it is idle.

    Workers use the result from their next start on.
    """
    from voxq.cli import tuning
    from voxq.engines import registry
    from voxq.settings import load_settings
    from voxq.storage.tuning import Tuning, Tunings

    settings = load_settings()
    registry.use_plugins(settings.plugins)
    plan = tuning.work_plan(settings)
    rows = {}
    for model in [plan.named(name) for name in names] if names else [plan.default]:
        if not model.subject.layouts:
            err.print(here(Message("{name}: there is nothing to choose", name=model.name)), highlight=False)
            continue
        with err.status(here(Message("Measuring {name} ...", name=model.name))):
            found = Tuning(tuple(tuning.measured(Tunings(settings.tuning_dir), model.subject)))
        rows[model.name] = [asdict(speed) for speed in found.speeds]
        if not json_:
            out.print(here(tuning.described(model.name, found.best)), highlight=False)
    if json_:
        print_json(rows)


def _store(settings: Settings | None = None) -> ModelStore:
    from voxq.model_store.store import ModelStore
    from voxq.settings import load_settings

    return ModelStore(search=[(settings or load_settings()).asr_model_path])


def _rows(settings: Settings, store: ModelStore) -> Iterator[dict[str, Any]]:
    """Yield the catalogue's models, then other installed ones, then the operator's own."""
    from voxq.model_catalogue import default_model
    from voxq.model_store.published import MODELS

    default = default_model(settings).name
    installed = {model.name: model for model in store.list()}
    for model in MODELS:
        yield _known(model, installed.pop(model.name, None), default)
    yield from _contained()
    yield from _embedders(settings.speaker_model)
    for found in installed.values():
        yield _other(found.name, "", found.size_bytes // 1_000_000, found.origin, str(found.path), default)
    for name, (engine, place) in settings.own_models.items():
        yield _other(name, engine, None, "ASR_MODELS", place, default)


def _contained() -> Iterator[dict[str, Any]]:
    """Yield the models for speech synthesis that have no files of their own: their packages contain them."""
    from voxq.engines import voices
    from voxq.engines.contract import EngineRequest
    from voxq.engines.languages import NAMES

    for name in voices.models():
        family = voices.family_of(name)
        if family.roles_for(EngineRequest(family.name, name)):
            continue
        codes = dict.fromkeys(voice.language for voice in family.voices_for(name))
        yield {
            **_other(name, family.name, None, None, None, ""),
            "origin": "packages" if family.requirements.are_installed else None,
            "role": "synthesiser",
            "languages": ", ".join(NAMES.get(code, code).title() for code in codes),
            "best_for": family.summary,
        }


def _embedders(default: str) -> Iterator[dict[str, Any]]:
    """Yield the models that tell speakers apart and are contained in packages."""
    from voxq.engines import registry
    from voxq.engines.contract import Capability, EngineRequest

    for name, family in registry.models(Capability.EMBED).items():
        if family.roles_for(EngineRequest(family.name, name)):
            continue
        yield {
            **_other(name, family.name, None, None, None, default),
            "origin": "packages" if family.requirements.are_installed else None,
            "role": "embedder",
            "best_for": family.summary,
        }


def _known(model: Model, installed: InstalledModel | None, default: str) -> dict[str, Any]:
    return {
        "name": model.name,
        "role": model.role,
        "engine": model.engine,
        "size_mb": model.size_mb,
        "licence": model.licence,
        "languages": model.languages,
        "best_for": model.best_for,
        "needs": list(model.needs),
        "default": model.name == default,
        "origin": installed.origin if installed else None,
        "path": str(installed.path) if installed else None,
    }


def _other(
    name: str, engine: str, size_mb: int | None, origin: str | None, path: str | None, default: str
) -> dict[str, Any]:
    return {
        "name": name,
        "role": "recogniser",
        "engine": engine,
        "size_mb": size_mb,
        "licence": None,
        "languages": None,
        "best_for": None,
        "needs": [],
        "default": name == default,
        "origin": origin,
        "path": path,
    }


def _table(title: str, rows: Sequence[dict[str, Any]]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(title, no_wrap=True)
    for heading in _COLUMNS:
        table.add_column(heading, justify="right" if heading == "MB" else "left")
    for row in rows:
        cells = ("" if row[key] is None else here(str(row[key])) for key in ("name", *_COLUMNS.values()))
        table.add_row(*map(Text, cells), style="bold" if row["default"] else None)
    return table
