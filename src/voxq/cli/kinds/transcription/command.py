"""`voxq transcribe FILE...`: speech to text."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voxq.cli.configuration import configured
from voxq.cli.console import fail, print_json, tell
from voxq.cli.flags import takes_flags
from voxq.cli.formats import Format, Text
from voxq.cli.inputs import Input, Unusable, usable
from voxq.cli.options import Json, Url
from voxq.cli.outputs import names_of, write_new
from voxq.kinds.transcription import TranscriptionOptions
from voxq.locale import ENGLISH, Message, about

if TYPE_CHECKING:
    from voxq.cli.kinds.transcription.concurrent import Transcription
    from voxq.cli.service import Service
    from voxq.settings import Settings


@takes_flags(TranscriptionOptions)
def transcribe(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="Recordings; - reads one from standard input."),
    ],
    format: Annotated[Format, typer.Option("--format", "-f", help="Output format.")] = Format.TEXT,
    text: Annotated[
        Text | None, typer.Option("--text", help="Text to put out: as it was said, or as --rewrite made it.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            file_okay=False,
            help="Write NAME.txt, NAME.srt ... here, not to stdout; no file is overwritten.",
        ),
    ] = None,
    url: Url = None,
    json_: Json = False,
    *,
    asked: Mapping[str, Any],
) -> None:
    """Transcribe recordings with the running service, or with a temporary one."""
    from voxq.cli.kinds.transcription.concurrent import Wanted, transcribe_all

    options = {name: _written(value) for name, value in asked.items()}
    settings = configured()
    with ExitStack() as exit:
        given = list(usable(files, exit, "voxq transcribe", settings.max_upload_mb))
        problems = [each for each in given if isinstance(each, Unusable)]
        for problem in problems:
            fail(str(problem))
        inputs = [each for each in given if isinstance(each, Input)]
        if not inputs:
            raise typer.Exit(2)
        if output is not None:
            _make(output)
        wanted = None if json_ or (format is Format.TEXT and text is None) else Wanted(format, text)
        writer = _Writer(None if json_ else output, format, inputs)
        service = exit.enter_context(_service(settings, url, exit))
        if json_:  # sentences of the service are part of the output, which is the same in all languages
            service.speak(ENGLISH)
        done = transcribe_all(service, inputs, options, wanted, writer.write)
    if json_:
        print_json([transcription.state for transcription in done])
    else:
        _print(done, with_text=output is None)
    if problems or writer.failed or any(not transcription.succeeded for transcription in done):
        raise typer.Exit(1)


def _written(value: object) -> str:
    """Format an option's value as a form field."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _service(settings: Settings, url: str | None, exit: ExitStack) -> Service:
    from voxq.cli.service import Service, admitting_service
    from voxq.cli.temporary import temporary_stack

    if service := admitting_service(settings, url):
        return service
    tell(Message("Starting a service for this command."))
    stack = exit.enter_context(temporary_stack(settings))
    return Service(stack.api_url, next(iter(settings.keys), None))


def _make(directory: Path) -> None:
    """Make the directory for the results. One that takes none is told before any work is done."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        raise typer.BadParameter(f"{directory}: {error.strerror}") from None


class _Writer:
    """Writes each transcript to a file of its own as soon as it is there."""

    def __init__(self, directory: Path | None, format: Format, inputs: Sequence[Input]) -> None:
        """`directory`: None to write none."""
        self._directory = directory
        self._ending = format.extension
        self._names = dict(zip(map(id, inputs), names_of(inputs), strict=True))
        self.failed = False
        """Whether a file could not be written."""

    def write(self, transcription: Transcription) -> None:
        if self._directory is None or not transcription.succeeded:
            return
        name, text = self._names[id(transcription.input)], transcription.text.rstrip("\n") + "\n"
        try:
            path = write_new(self._directory, name, self._ending, text)
        except OSError as error:
            self.failed = True
            fail(f"{self._directory / name}{self._ending}: {error.strerror or error}")
        else:
            tell(str(path))


def _print(done: Sequence[Transcription], *, with_text: bool) -> None:
    for transcription in done:
        if not transcription.succeeded:
            fail(about(transcription.input.shown, transcription.error))
        elif with_text:
            if len(done) > 1:
                typer.echo(f"==> {transcription.input.shown} <==")
            typer.echo(transcription.text.rstrip("\n"))
        if transcription.succeeded and transcription.state.get("no_speech"):
            tell(Message("{file}: no speech found", file=transcription.input.shown))
