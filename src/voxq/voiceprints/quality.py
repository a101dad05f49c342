"""Checks of recordings that a voiceprint is to be made from. Each refusal says what to record instead."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass

from voxq.locale import Message
from voxq.speech.sound_measures import SoundMeasures, combined
from voxq.voiceprints.comparing import similarity
from voxq.voiceprints.voiceprint import Quality, Vector, mean

LEAST_SPEECH = 3.0
"""Seconds of speech without which a voice is not known reliably."""
_LEAST_LEVEL = -50.0
_LEAST_SIGNAL_TO_NOISE = 8.0
_MOST_CLIPPED = 0.01
_LEAST_CONSISTENCY = 0.7
"""Similarity of both halves of a voice at least: of one speaker it was 0.77 and more, of two that are alike
0.68; see report/BENCHMARKS.md."""
_MOST_COMPARED = 32
"""Parts that are looked at: those of a long recording are taken from all of it."""
_ALIKE = 1e-12
"""Length from which on parts differ at all."""
_ROUNDS = 8
"""Rounds in which the direction is found in which the parts differ most."""
_LEAST_PART = 1.0
"""Seconds of speech that a part must have for its vector to be judged."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a recording; its vector is empty where there is too little speech."""

    vector: Vector
    sound: SoundMeasures


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a recording does not do. `message` says what to record instead."""

    code: str
    message: str


def judged(parts: Sequence[Part]) -> tuple[Vector, Quality]:
    """Return the mean of the vectors of all parts, and the measures of the whole. The vector is empty if
    there is none."""
    spoken = [part for part in parts if part.vector]
    vector = mean([(part.vector, part.sound.speech_seconds) for part in spoken])
    sound = combined([part.sound for part in spoken])
    long = [part for part in spoken if part.sound.speech_seconds >= _LEAST_PART]
    consistency = _consistency(long[:: 1 + len(long) // _MOST_COMPARED])
    quality = Quality(
        round(sound.speech_seconds, 2),
        round(sound.level, 1),
        round(sound.level - sound.noise, 1),
        round(sound.clipped, 4),
        round(consistency, 3),
    )
    return vector, quality


def refusal(quality: Quality) -> Refused | None:
    """Return why a recording with these measures does not do; None if it does."""
    if quality.speech_seconds < LEAST_SPEECH:
        return Refused(
            "too_little_speech",
            Message(
                "There are {seconds:.1f} s of speech: record at least {least:g} s, better 10 to 30 s, of one"
                " person who speaks without long pauses.",
                seconds=quality.speech_seconds,
                least=LEAST_SPEECH,
            ),
        )
    if quality.level < _LEAST_LEVEL:
        return Refused(
            "speech_too_quiet",
            Message(
                "The speech is too quiet ({level:.0f} dB): record closer to the microphone, or turn it up.",
                level=quality.level,
            ),
        )
    if quality.clipped > _MOST_CLIPPED:
        return Refused(
            "speech_clipped",
            Message(
                "The speech is distorted, because it is too loud for the recording ({percent:.0f} % of it is"
                " cut off): turn the microphone down, or speak from further away.",
                percent=quality.clipped * 100,
            ),
        )
    if quality.signal_to_noise < _LEAST_SIGNAL_TO_NOISE:
        return Refused(
            "speech_too_noisy",
            Message(
                "There is too much noise (the speech is only {decibels:.0f} dB louder): record in a quiet"
                " room, without music, close to the microphone.",
                decibels=quality.signal_to_noise,
            ),
        )
    if quality.consistency < _LEAST_CONSISTENCY:
        return Refused(
            "several_speakers",
            Message("More than one voice is heard: record one person who speaks alone."),
        )
    return None


def _consistency(parts: Sequence[Part]) -> float:
    """Divide the parts into two groups, where they differ most, and return how alike these are."""
    middle = mean([(part.vector, 1.0) for part in parts])
    apart = [[a - b for a, b in zip(part.vector, middle, strict=True)] for part in parts]
    direction = max(apart, key=lambda each: math.hypot(*each), default=[])
    for _ in range(_ROUNDS):
        shares = [_dot(each, direction) for each in apart]
        direction = [_dot(shares, column) for column in zip(*apart, strict=True)]
        length = math.hypot(*direction)
        if length < _ALIKE:
            return 1.0
        direction = [number / length for number in direction]
    groups: dict[bool, list[tuple[Vector, float]]] = {True: [], False: []}
    for part, each in zip(parts, apart, strict=True):
        groups[_dot(each, direction) > 0].append((part.vector, part.sound.speech_seconds))
    one, other = mean(groups[True]), mean(groups[False])
    return similarity(one, other) if one and other else 1.0


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(map(operator.mul, one, other))
