"""`voxq speak TEXT`: text to speech."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from voxq.cli.configuration import configured
from voxq.cli.console import busy, err, here
from voxq.cli.files import whole
from voxq.cli.flags import takes_flags
from voxq.cli.options import Url
from voxq.engines.languages import code_of
from voxq.kinds.speech import SpeechOptions, TextField
from voxq.locale import Message
from voxq.speech.audio import SPEECH_FORMATS

if TYPE_CHECKING:
    from voxq.speech.audio import Samples


@takes_flags(SpeechOptions)
def speak(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="Text to speak; - reads it from stdin.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            dir_okay=False,
            help="File to write; - for stdout. Its extension gives the format, if none is given.",
        ),
    ],
    url: Url = None,
    *,
    asked: Mapping[str, Any],
) -> None:
    """Turn text into speech with the running service, or in this process if there is none."""
    from voxq.cli.service import admitting_service
    from voxq.engines import registry

    said = sys.stdin.read() if text == "-" else text
    wishes = {"text": said, "format": asked.get("format") or _format_of(output), **asked}
    with whole(output) as file:
        settings = configured()
        if service := admitting_service(settings, url):
            from voxq.cli.kinds.speech.through_service import speak_through

            speak_through(service, wishes, file)
        else:
            from voxq.core.request_reader import RequestReader

            registry.use_plugins(settings.plugins)
            here = RequestReader(SpeechOptions, besides={"text": TextField}).values(wishes)
            _speak_here(said, here.options, file)


def _code(language: str | None) -> str | None:
    code = code_of(language or "")
    return None if code in ("", "auto") else code


def _speak_here(text: str, wishes: SpeechOptions, file: IO[bytes]) -> None:
    from voxq.cli.kinds.speech.in_process import choose, load, options_of, sentences_of, spoken
    from voxq.model_store.store import ModelStore

    language = _code(wishes.language)
    speaker = choose(text, wishes.model, wishes.voice or None, language)
    sentences = sentences_of(text, wishes.input_type, speaker)
    with busy(Message("Loading {model} ...", model=speaker.model)):
        synthesiser = load(speaker, ModelStore())
    options = options_of(speaker, wishes.speed, language, normalise=wishes.normalise)
    _write(spoken(synthesiser, sentences, options), len(sentences), file, wishes)


def _format_of(output: Path) -> str:
    suffix = output.suffix.lower().removeprefix(".")
    known = {form: form for form in SPEECH_FORMATS} | {"ogg": "opus"}
    if suffix not in known:
        raise typer.BadParameter(
            here(
                Message(
                    "give --format, or a FILE with one of these extensions: {known}", known=", ".join(known)
                )
            )
        )
    return known[suffix]


def _write(parts: Iterable[tuple[Samples, int]], count: int, file: IO[bytes], wishes: SpeechOptions) -> None:
    """Encode and write each sentence as soon as it is spoken."""
    from rich.progress import Progress

    from voxq.speech.encode import AudioWriter

    sink = file if file.seekable() else _Stream(file)
    writer: AudioWriter | None = None
    with Progress(console=err) as bars:
        bar = bars.add_task(here(Message("speaking")), total=count)
        for samples, rate in parts:
            writer = writer or AudioWriter(sink, wishes.format, rate, file_rate=wishes.sample_rate)
            writer.write(samples)
            file.flush()
            bars.advance(bar)
    if writer is not None:
        writer.close()


class _Stream:
    """Wrapper of a pipe, without `seek`, so that the encoder does not go back to correct a header."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, data: bytes) -> int:
        return self._file.write(data)
