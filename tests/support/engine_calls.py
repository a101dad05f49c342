"""Options in the form that engines get, and direct calls of engines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from voxq.engines.contract import (
    AudioItem,
    ChunkError,
    Recognised,
    Recogniser,
    Samples,
    Spoken,
    Synthesiser,
    TextItem,
)

Options = dict[str, Any]


def recognition(
    language: str | None = None,
    hotwords: Sequence[str] = (),
    words: bool = False,
    use_punc: bool = True,
    use_itn: bool | None = None,
    translate: bool = False,
    script: str | None = None,
) -> Options:
    """Complete options of a recording."""
    return {
        "language": language,
        "hotwords": list(hotwords),
        "words": words,
        "use_punc": use_punc,
        "use_itn": use_itn,
        "translate": translate,
        "script": script,
    }


def speech(voice: str, speed: float = 1.0, language: str | None = None, normalise: bool = True) -> Options:
    """Complete options of a text."""
    return {"voice": voice, "speed": speed, "language": language, "normalise": normalise}


def transcribe(
    engine: Recogniser, items: Iterable[tuple[Samples, Options]]
) -> Sequence[Recognised | ChunkError]:
    return engine.run([AudioItem(samples, options) for samples, options in items])


def speak_all(engine: Synthesiser, items: Iterable[tuple[str, Options]]) -> Sequence[Spoken | ChunkError]:
    return engine.run([TextItem(text, options) for text, options in items])
