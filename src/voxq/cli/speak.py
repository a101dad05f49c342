"""`voxq speak TEXT`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from voxq.cli.console import err

if TYPE_CHECKING:
    from voxq.speech.audio import Samples


class SpeechFormat(StrEnum):
    WAV = "wav"
    MP3 = "mp3"
    OPUS = "opus"
    AAC = "aac"
    FLAC = "flac"
    PCM = "pcm"


def speak(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to say; - reads it from stdin.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", dir_okay=False, help="Where; - for stdout.")
    ],
    voice: Annotated[
        str | None, typer.Option("--voice", "-v", help="A speaker; by language if not given.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="hibari or kokoro; by voice if not given.")] = None,
    speed: Annotated[float, typer.Option(min=0.25, max=4.0, help="Twice as fast is 2; same pitch.")] = 1.0,
    format: Annotated[
        SpeechFormat | None, typer.Option("--format", "-f", help="By the ending of FILE if not given.")
    ] = None,
    normalise: Annotated[bool, typer.Option(help="Write numbers and dates out before reading.")] = True,
) -> None:
    """Turn text into speech here, sentence by sentence; no service is needed."""
    from voxq.cli.speech import choose, load, sentences_of, spoken
    from voxq.engines.synthesis import SpeechOptions
    from voxq.models.store import ModelStore

    said = sys.stdin.read() if text == "-" else text
    sentences = sentences_of(said)
    speaker = choose(said, model, voice)
    chosen = format or _format_of(output)
    with err.status(f"Loading {speaker.engine} ..."):
        synthesiser = load(speaker, ModelStore())
    options = SpeechOptions(speaker.voice.name, speed, normalise=normalise)
    parts = spoken(synthesiser, sentences, options)
    if str(output) == "-":
        _write(parts, len(sentences), sys.stdout.buffer, chosen)
        return
    # The file appears when it is whole: an error in the middle leaves no half of one.
    unfinished = output.with_name(f".{output.name}.part")
    try:
        with unfinished.open("wb") as file:
            _write(parts, len(sentences), file, chosen)
        unfinished.replace(output)
    finally:
        unfinished.unlink(missing_ok=True)
    err.print(str(output), markup=False, highlight=False, soft_wrap=True)


def _format_of(output: Path) -> SpeechFormat:
    suffix = output.suffix.lower().removeprefix(".")
    known = {form.value: form for form in SpeechFormat} | {"ogg": SpeechFormat.OPUS}
    if suffix not in known:
        raise typer.BadParameter(f"give --format, or FILE an ending of: {', '.join(known)}")
    return known[suffix]


def _write(parts: Iterable[tuple[Samples, int]], count: int, file: IO[bytes], format: SpeechFormat) -> None:
    """Every sentence goes out as soon as it is spoken."""
    from rich.progress import Progress

    from voxq.speech.encode import AudioWriter

    sink = file if file.seekable() else _Stream(file)
    writer: AudioWriter | None = None
    with Progress(console=err) as bars:
        bar = bars.add_task("speaking", total=count)
        for samples, rate in parts:
            writer = writer or AudioWriter(sink, format.value, rate)
            writer.write(samples)
            file.flush()
            bars.advance(bar)
    if writer is not None:
        writer.close()


class _Stream:
    """A pipe: without `seek`, no header is corrected afterwards."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, data: bytes) -> int:
        return self._file.write(data)
