"""Telephone keys by their tones (DTMF): a recogniser without a model, as an example of an engine.

Each key is two tones at once, one of four low ones and one of four high ones. The power of these eight is
measured every 20 ms; a key is two or more such frames in a row with the same pair.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from voxq.engines.contract import (
    SAMPLE_RATE,
    AudioItem,
    Capability,
    ChunkError,
    EngineError,
    EngineFamily,
    EngineRequest,
    ModelPaths,
    Recognised,
    Samples,
    Segment,
    Traits,
    Word,
)

LOW = (697, 770, 852, 941)
HIGH = (1209, 1336, 1477, 1633)
KEYS = ("123A", "456B", "789C", "*0#D")
"""A row for each low tone, a column for each high one."""

_FRAME = SAMPLE_RATE // 50
_QUIETEST = 1e-4
"""Mean power of a frame in which there may be a key."""
_SHARE = 0.7
"""Of the power of a frame that must be in its two tones."""


@dataclass(frozen=True, slots=True)
class Dtmf:
    """Finds keys. It has no weights, so its revision is that of the code."""

    revision: str = "dtmf:1"

    def run(self, batch: Sequence[AudioItem]) -> list[Recognised | ChunkError]:
        return [self._recognise(item) for item in batch]

    def _recognise(self, item: AudioItem) -> Recognised | ChunkError:
        if not np.isfinite(item.samples).all():
            return ChunkError("bad_sound", "This recording has samples that are no numbers.")
        keys = tuple(_keys(item.samples))
        if not keys:
            return Recognised((), None)
        words = keys if item.options.get("words") else ()
        text = "".join(key.text for key in keys)
        return Recognised((Segment(text, keys[0].start, keys[-1].end, words),), item.options.get("language"))


def _keys(samples: Samples) -> Iterator[Word]:
    """Each key that was pressed, with its times in seconds."""
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    numbered = enumerate(_key(frame) for frame in frames)
    for key, run in groupby(numbered, key=lambda each: each[1]):
        places = [place for place, _ in run]
        if key is not None and len(places) > 1:
            yield Word(key, places[0] * _FRAME / SAMPLE_RATE, (places[-1] + 1) * _FRAME / SAMPLE_RATE)


def _key(frame: Samples) -> str | None:
    power = float(np.mean(frame**2))
    if power < _QUIETEST:
        return None
    low, high = [_power(frame, tone) for tone in LOW], [_power(frame, tone) for tone in HIGH]
    if max(low) + max(high) < _SHARE * power or min(max(low), max(high)) < 0.1 * power:
        return None
    return KEYS[int(np.argmax(low))][int(np.argmax(high))]


def _power(frame: Samples, hertz: int) -> float:
    """Mean power of one tone in a frame."""
    turns = np.exp(-2j * np.pi * hertz / SAMPLE_RATE * np.arange(len(frame)))
    return float(2 * abs(np.dot(frame, turns) / len(frame)) ** 2)


def _load(request: EngineRequest, models: ModelPaths) -> Dtmf:
    if request.device_class != "cpu":
        raise EngineError("dtmf runs on the CPU.")
    return Dtmf()


FAMILY = EngineFamily(
    name="dtmf",
    capability=Capability.RECOGNISE,
    summary="Keys of a telephone by their tones; no model",
    load=_load,
    traits_for=lambda request: Traits(max_items=8),
    models=("dtmf",),
    options=frozenset({"words"}),
)
