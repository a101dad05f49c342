"""`voxq speak TEXT`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from voxq.cli.configuration import configured
from voxq.cli.console import err
from voxq.cli.files import whole
from voxq.cli.options import Cache, Priority, Url
from voxq.engines.languages import code_of

if TYPE_CHECKING:
    from voxq.speech.audio import Samples


class SpeechFormat(StrEnum):
    WAV = "wav"
    MP3 = "mp3"
    OPUS = "opus"
    AAC = "aac"
    FLAC = "flac"
    PCM = "pcm"


class SampleRate(IntEnum):
    """In Hz."""

    HZ_8000 = 8_000
    HZ_16000 = 16_000
    HZ_22050 = 22_050
    HZ_24000 = 24_000
    HZ_44100 = 44_100
    HZ_48000 = 48_000


def speak(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to say; - reads it from stdin.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", dir_okay=False, help="Where; - for stdout.")
    ],
    voice: Annotated[
        str | None,
        typer.Option(
            "--voice",
            "-v",
            help="A speaker, or several of kokoro's mixed: af_heart(2)+af_sky; by language if not given.",
        ),
    ] = None,
    model: Annotated[str | None, typer.Option(help="hibari or kokoro; by voice if not given.")] = None,
    language: Annotated[
        str | None, typer.Option("--language", "-l", help="en, zh ...; by the script if not given.")
    ] = None,
    speed: Annotated[float, typer.Option(min=0.25, max=4.0, help="Twice as fast is 2; same pitch.")] = 1.0,
    format: Annotated[
        SpeechFormat | None, typer.Option("--format", "-f", help="By the ending of FILE if not given.")
    ] = None,
    sample_rate: Annotated[
        SampleRate | None, typer.Option(help="Hz of FILE; the voice's own if not given.")
    ] = None,
    normalise: Annotated[bool, typer.Option(help="Write out figures and addresses before reading.")] = True,
    priority: Annotated[Priority, typer.Option(help="Which work of a service goes first.")] = Priority.NORMAL,
    cache: Cache = False,
    url: Url = None,
) -> None:
    """Turn text into speech: on the running service, or right here where there is none."""
    from voxq.cli.service import find_service

    said = sys.stdin.read() if text == "-" else text
    chosen = format or _format_of(output)
    wishes = _Wishes(
        text=said,
        voice=voice,
        model=model,
        language=_code(language),
        speed=speed,
        format=chosen,
        sample_rate=sample_rate.value if sample_rate else None,
        normalise=normalise,
        priority=priority,
        cache=cache,
    )
    with whole(output) as file:
        if service := find_service(configured(), url):
            from voxq.cli.service_speech import speak_through

            speak_through(service, asdict(wishes), file)
        else:
            _speak_here(wishes, file)


@dataclass(frozen=True, slots=True)
class _Wishes:
    """As the API calls them."""

    text: str
    voice: str | None
    model: str | None
    language: str | None
    speed: float
    format: SpeechFormat
    sample_rate: int | None
    normalise: bool
    priority: Priority
    cache: bool


def _code(language: str | None) -> str | None:
    code = code_of(language or "")
    return None if code in ("", "auto") else code


def _speak_here(wishes: _Wishes, file: IO[bytes]) -> None:
    from voxq.cli.speech import choose, load, options_of, sentences_of, spoken
    from voxq.model_store.store import ModelStore

    sentences = sentences_of(wishes.text)
    speaker = choose(wishes.text, wishes.model, wishes.voice, wishes.language)
    with err.status(f"Loading {speaker.engine} ..."):
        synthesiser = load(speaker, ModelStore())
    options = options_of(speaker, wishes.speed, wishes.language, normalise=wishes.normalise)
    _write(spoken(synthesiser, sentences, options), len(sentences), file, wishes)


def _format_of(output: Path) -> SpeechFormat:
    suffix = output.suffix.lower().removeprefix(".")
    known = {form.value: form for form in SpeechFormat} | {"ogg": SpeechFormat.OPUS}
    if suffix not in known:
        raise typer.BadParameter(f"give --format, or FILE an ending of: {', '.join(known)}")
    return known[suffix]


def _write(parts: Iterable[tuple[Samples, int]], count: int, file: IO[bytes], wishes: _Wishes) -> None:
    """Every sentence goes out as soon as it is spoken."""
    from rich.progress import Progress

    from voxq.speech.encode import AudioWriter

    sink = file if file.seekable() else _Stream(file)
    writer: AudioWriter | None = None
    with Progress(console=err) as bars:
        bar = bars.add_task("speaking", total=count)
        for samples, rate in parts:
            writer = writer or AudioWriter(sink, wishes.format, rate, file_rate=wishes.sample_rate)
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
