"""Warm-up of a freshly loaded model, which also measures the cost of an item; and its speed in full calls.

The clip is real speech (English, made with hibari), because the cost of recognition depends on the words;
noise or silence would give other results.
"""

from __future__ import annotations

import time
import wave
from collections.abc import Sequence
from functools import partial
from importlib.resources import files

import numpy as np

from voxq.engines.contract import (
    SAMPLE_RATE,
    AudioItem,
    ChunkError,
    Cost,
    Engine,
    EngineError,
    Recogniser,
    Reference,
    Samples,
    Synthesiser,
    TextItem,
    Voice,
)
from voxq.locale import Message
from voxq.speech.sentences import spoken_seconds

SHORT_SECONDS = 2.3
"""First sentence of the clip."""

_NOTE_SECONDS = 5.0
_PAUSE_SECONDS = 7.0
_TRIES = 2

SHORT_SENTENCE = "Good morning."
LONG_SENTENCE = "The old keeper climbed the stairs every evening."
CHINESE_SENTENCE = "早上好。"
"""As short as will do: a slow voice is ready when it has said all of them."""


def clip() -> Samples:
    """Return the clip, 8.6 seconds of speech."""
    with files("voxq.engines").joinpath("warmup.wav").open("rb") as file, wave.open(file) as recording:
        pcm = recording.readframes(recording.getnframes())
    return np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768)


def measure(engine: Engine[AudioItem, object]) -> Cost:
    """Measure a short and a long chunk and fit a line. Raises EngineError if the engine fails."""
    long = clip()
    short = long[: int(SHORT_SECONDS * SAMPLE_RATE)]
    _seconds(engine, short)  # the first call includes lazy initialisation
    return _line((SHORT_SECONDS, _seconds(engine, short)), (len(long) / SAMPLE_RATE, _seconds(engine, long)))


def short_speed(engine: Recogniser, items: int) -> float:
    """Return the seconds of sound that the engine takes in a second, in calls of so many short chunks. Raises
    EngineError if it fails."""
    return _rate(engine, clip()[: int(_NOTE_SECONDS * SAMPLE_RATE)], items)


def long_speed(engine: Recogniser, items: int) -> float:
    """Return the same for long chunks. Raises EngineError if the engine fails."""
    # The pause makes it long; the clip said several times would look like a text that repeats itself.
    pause = np.zeros(int(_PAUSE_SECONDS * SAMPLE_RATE), np.float32)
    return _rate(engine, np.concatenate([pause, clip()]), items)


def reference() -> Reference:
    """Return a voice to clone: that of the clip."""
    return Reference(clip())


def measure_speech(
    synthesiser: Synthesiser, voices: Sequence[Voice], cloned_languages: Sequence[str] = ("en",)
) -> Cost:
    """Measure a short and a long sentence, whose lengths are given by `spoken_seconds`. The first of `voices`
    must be English; if there are none, the sentences are spoken in the voice of `reference`, as if they were
    in the first of `cloned_languages` if English is none of these.

    Raises EngineError if the engine fails.
    """
    in_voice = (
        partial(TextItem, options={"voice": voices[0].name})
        if voices
        else partial(TextItem, options={"language": _first_of(cloned_languages)}, reference=reference())
    )
    if not _speaks_chinese(synthesiser, voices):
        _speaking_seconds(synthesiser, in_voice(SHORT_SENTENCE))  # the first includes lazy initialisation
    return _line(
        *(
            (spoken_seconds(sentence), _speaking_seconds(synthesiser, in_voice(sentence)))
            for sentence in (SHORT_SENTENCE, LONG_SENTENCE)
        )
    )


def _first_of(languages: Sequence[str]) -> str:
    return "en" if "en" in languages else languages[0]


def _speaks_chinese(synthesiser: Synthesiser, voices: Sequence[Voice]) -> bool:
    """Speak a sentence in Chinese if there is a voice, because the first sentence of a language loads its
    dictionaries. Return whether it has been spoken.

    The other languages are not loaded until they are requested: that takes a second or two, whereas Spanish
    and French would take 300 MB of every worker. An error is ignored here, because a missing package or voice
    is reported to the client that requests it.
    """
    chinese = next((voice for voice in voices if voice.language == "zh"), None)
    if chinese is None:
        return False
    (answer,) = synthesiser.run([TextItem(CHINESE_SENTENCE, {"voice": chinese.name})])
    return not isinstance(answer, ChunkError)


def _line(short: tuple[float, float], long: tuple[float, float]) -> Cost:
    """Fit a line through two measurements, each (seconds of audio, engine seconds)."""
    per_second = max(0.0, (long[1] - short[1]) / (long[0] - short[0]))
    return Cost(fixed=max(0.0, short[1] - per_second * short[0]), per_second=per_second)


def _speaking_seconds(synthesiser: Synthesiser, item: TextItem) -> float:
    started = time.perf_counter()
    (answer,) = synthesiser.run([item])
    if isinstance(answer, ChunkError):
        raise EngineError(
            Message(
                "The synthesiser is loaded but cannot say its first sentence: {error}", error=answer.message
            )
        )
    return time.perf_counter() - started


def _rate(engine: Recogniser, samples: Samples, items: int) -> float:
    """Seconds of sound in a second, in the quicker one of some calls: others on the machine only delay."""
    batch = [AudioItem(samples)] * items
    taken: list[float] = []
    for _ in range(_TRIES):
        started = time.perf_counter()
        answers = engine.run(batch)
        taken.append(time.perf_counter() - started)
        _fail_on(answers)
    return sum(item.seconds for item in batch) / min(taken)


def _fail_on(answers: Sequence[object]) -> None:
    error = next((answer for answer in answers if isinstance(answer, ChunkError)), None)
    if error is not None:
        raise EngineError(
            Message("The engine is loaded but fails when it is measured: {error}", error=error.message)
        )


def _seconds(engine: Engine[AudioItem, object], samples: Samples) -> float:
    started = time.perf_counter()
    (answer,) = engine.run([AudioItem(samples, {"language": "en"})])
    if isinstance(answer, ChunkError):
        raise EngineError(
            Message("The engine is loaded but fails on the warm-up clip: {error}", error=answer.message)
        )
    return time.perf_counter() - started
