"""`voxq transcribe FILE...`: speech to text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voxq.cli.configuration import configured
from voxq.cli.console import err, fail, print_json
from voxq.cli.flags import takes_flags
from voxq.cli.formats import Format
from voxq.cli.options import Json, Url
from voxq.kinds.transcription import TranscriptionOptions

if TYPE_CHECKING:
    from voxq.cli.kinds.transcription.concurrent import Transcription
    from voxq.cli.service import Service
    from voxq.settings import Settings


@takes_flags(TranscriptionOptions)
def transcribe(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", exists=True, dir_okay=False, help="Recordings.")
    ],
    format: Annotated[Format, typer.Option("--format", "-f", help="Output format.")] = Format.TEXT,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="DIR", help="Write NAME.txt, NAME.srt ... here, not to stdout."
        ),
    ] = None,
    url: Url = None,
    json_: Json = False,
    *,
    asked: Mapping[str, Any],
) -> None:
    """Transcribe recordings with the running service, or with a temporary one."""
    from voxq.cli.kinds.transcription.concurrent import transcribe_all

    options = {name: _written(value) for name, value in asked.items()}
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
    with ExitStack() as exit:
        service = exit.enter_context(_service(configured(), url, exit))
        wanted = None if json_ else format
        done = transcribe_all(service, files, options, None if wanted is Format.TEXT else wanted)
    if json_:
        print_json([transcription.state for transcription in done])
    else:
        _write(done, output, format)
    if any(not transcription.succeeded for transcription in done):
        raise typer.Exit(1)


def _written(value: object) -> str:
    """Format an option's value as a form field."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _service(settings: Settings, url: str | None, exit: ExitStack) -> Service:
    from voxq.cli.service import Service, find_service
    from voxq.cli.temporary import temporary_stack

    if service := find_service(settings, url):
        return service
    err.print("No service is running: starting one for this command.")
    stack = exit.enter_context(temporary_stack(settings))
    return Service(stack.api_url, next(iter(settings.keys), None))


def _write(done: Sequence[Transcription], directory: Path | None, format: Format) -> None:
    stems = Counter(transcription.path.stem for transcription in done)
    for transcription in done:
        path = transcription.path
        if not transcription.succeeded:
            fail(f"{path}: {transcription.error}")
        elif directory is None:
            if len(done) > 1:
                typer.echo(f"==> {path} <==")
            typer.echo(transcription.text.rstrip("\n"))
        else:
            # Two files that differ only in their extension must not overwrite each other.
            name = path.stem if stems[path.stem] == 1 else path.name
            target = directory / f"{name}{format.extension}"
            target.write_text(transcription.text.rstrip("\n") + "\n", encoding="utf-8")
            err.print(str(target), markup=False, highlight=False, soft_wrap=True)
