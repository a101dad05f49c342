"""English speech for the demo, the tests and the packaged warm-up clip, spoken by hibari's voice "heart"."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
from hibari import Hibari

_SENTENCE_GAP_SECONDS = 0.25


@cache
def _voice() -> Hibari:
    return Hibari(voice="heart")


def speak(text: str, seed: int = 1) -> tuple[npt.NDArray[np.float32], int]:
    """Speak a text; returns samples of shape (n,), -1.0 to 1.0, and their rate in Hz.

    The same seed gives the same samples. Long text is spoken sentence by sentence with short pauses.
    """
    voice = _voice()
    gap = np.zeros(int(_SENTENCE_GAP_SECONDS * voice.sample_rate), np.float32)
    parts: list[npt.NDArray[np.float32]] = []
    for sentence in voice.stream(text, seed=seed):
        parts += [np.clip(sentence, -1.0, 1.0).astype(np.float32), gap]
    return (np.concatenate(parts[:-1]) if parts else np.zeros(0, np.float32)), voice.sample_rate
