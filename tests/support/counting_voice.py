"""A synthesiser that misbehaves on demand, with a log of its sentences, for tests of the worker.

Model "counting_voice:KIND" with VOXQ_TEST_ENGINES=1. Every sentence adds a line to the file VOXQ_TEST_CALLS
with ".spoken" in place of its suffix, before anything else happens. Its sound is a tone of 10 ms per letter,
which distinguishes sentences. A sentence with the word

slowly      takes 300 ms
gated       waits until the file with ".gate" in place of that suffix exists, a minute at most
crash       ends the process
nonsense    has an error that a retry may fix
foreign     has an error that no retry can fix
silence     has nothing that can be spoken
static      becomes samples that are not numbers
eternity    becomes ten minutes of sound
stereo      becomes two channels
chipmunk    has another sample rate than the others
hollow      becomes None

Every sentence, including those of the warm-up, takes VOXQ_TEST_SENTENCE_SECONDS. VOXQ_TEST_TIMES_REAL_TIME
is what the voice says of its speed: sentences that open a text are cut then.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from voxq.engines.contract import (
    Capability,
    ChunkError,
    EngineFamily,
    EngineRequest,
    ModelPaths,
    Spoken,
    TextItem,
    Traits,
    Voice,
)

RATE = 16_000
LETTER_SECONDS = 0.01

_ERRORS = {"nonsense": "engine_error", "foreign": "language_unavailable", "silence": "unpronounceable"}


class CountingVoice:
    """Synthesiser that logs its sentences; see the module."""

    revision = "counting"

    def __init__(self, log: Path) -> None:
        self._log = log

    def run(self, batch: Sequence[TextItem]) -> list[Spoken | ChunkError]:
        return [self._sentence(item.text) for item in batch]

    def _sentence(self, text: str) -> Spoken | ChunkError:
        with self._log.open("a", encoding="utf-8") as log:
            log.write(text + "\n")
        time.sleep(float(os.environ.get("VOXQ_TEST_SENTENCE_SECONDS", "0")))
        if "crash" in text:
            os._exit(3)
        if "slowly" in text:
            time.sleep(0.3)
        if "gated" in text:
            self._wait_for_gate()
        for word, code in _ERRORS.items():
            if word in text:
                return ChunkError(code, "As it was told to.")
        seconds = 600 if "eternity" in text else len(text) * LETTER_SECONDS
        samples = np.sin(np.arange(round(seconds * RATE)) / (3 + len(text) % 7)).astype(np.float32) / 2
        if "hollow" in text:
            return None  # pyright: ignore[reportReturnType]
        if "static" in text:
            samples[5] = np.nan
        if "stereo" in text:
            samples = np.stack([samples, samples]).astype(np.float32)
        return Spoken(samples, 2 * RATE if "chipmunk" in text else RATE)

    def _wait_for_gate(self) -> None:
        deadline = time.monotonic() + 60
        while not self._log.with_suffix(".gate").exists() and time.monotonic() < deadline:
            time.sleep(0.01)


def _load(request: EngineRequest, models: ModelPaths) -> CountingVoice:
    return CountingVoice(Path(os.environ["VOXQ_TEST_CALLS"]).with_suffix(".spoken"))


def _times_real_time() -> float | None:
    given = os.environ.get("VOXQ_TEST_TIMES_REAL_TIME")
    return float(given) if given else None


KIND = EngineFamily(
    "counting_voice:KIND",
    Capability.SPEAK,
    "Counts",
    _load,
    lambda request: Traits(is_parallel=True, times_real_time=_times_real_time()),
    models=("counting_voice:KIND",),
    options=frozenset({"voice", "speed"}),
    voices_for=lambda model: (Voice("teller", "en", "female"),),
)
