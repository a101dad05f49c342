"""The first calls of a freshly loaded engine: they make it ready, and they measure what a chunk costs.

The clip is real speech (English, spoken by hibari), because recognisers work by the word: noise or silence
would measure something else.
"""

from __future__ import annotations

import time
import wave
from importlib.resources import files

import numpy as np

from voxq.engines.base import ChunkError, ChunkOptions, Cost, Engine, EngineError
from voxq.speech.audio import SAMPLE_RATE, Samples

SHORT_SECONDS = 2.3
"""The first sentence of the clip."""


def clip() -> Samples:
    """8.6 seconds of speech."""
    with files("voxq.engines").joinpath("warmup.wav").open("rb") as file, wave.open(file) as recording:
        pcm = recording.readframes(recording.getnframes())
    return np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768)


def measure(engine: Engine) -> Cost:
    """Time a short and a long chunk and fit the line between. Raises EngineError if the engine fails."""
    long = clip()
    short = long[: int(SHORT_SECONDS * SAMPLE_RATE)]
    _seconds(engine, short)  # the first call pays for lazy initialisation
    short_cost, long_cost = _seconds(engine, short), _seconds(engine, long)
    per_second = max(0.0, (long_cost - short_cost) / ((len(long) - len(short)) / SAMPLE_RATE))
    return Cost(fixed=max(0.0, short_cost - per_second * SHORT_SECONDS), per_second=per_second)


def _seconds(engine: Engine, samples: Samples) -> float:
    started = time.perf_counter()
    (answer,) = engine.transcribe([(samples, ChunkOptions(language="en"))])
    if isinstance(answer, ChunkError):
        raise EngineError(f"The engine is loaded but fails on the warm-up clip: {answer.message}")
    return time.perf_counter() - started
