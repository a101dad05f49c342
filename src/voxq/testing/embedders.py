"""Conformance of engines that turn speech into vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from voxq.engines.contract import (
    SAMPLE_RATE,
    TOO_LITTLE_SPEECH,
    AnyEngine,
    AudioItem,
    ChunkError,
    Samples,
)
from voxq.processes.model.answers import checked_vector
from voxq.testing.conforming import check, check_revision, only_answer

_TOLERANCE = 1e-4
"""Difference of one number of a vector: numerical libraries round differently in batches of another shape."""


def check_embedder(load: Callable[[], AnyEngine], clips: Sequence[Samples], most: int) -> None:
    """Try an engine with clips of speech, of at least two seconds each, in calls of up to `most`. Raises
    NotConforming."""
    engine = load()
    check(list(engine.run([])) == [], "an empty batch has an answer")
    sounds = [*clips, *(clip[: len(clip) // 2] for clip in clips)]
    single = [_vector(only_answer(engine.run([AudioItem(sound)]))) for sound in sounds]
    together = [
        _vector(answer)
        for first in range(0, len(sounds), most)
        for answer in engine.run([AudioItem(sound) for sound in sounds[first : first + most]])
    ]
    check(len(single) == len(together), f"{len(together)} answers to {len(single)} sounds")
    for number, (alone, batched) in enumerate(zip(single, together, strict=True)):
        check(_is_same(alone, batched), f"item {number} has another vector in a batch than alone")
    check(len({len(vector) for vector in single}) == 1, "vectors differ in length")
    again = [_vector(only_answer(engine.run([AudioItem(sound)]))) for sound in sounds]
    check(all(map(_is_same, single, again)), "the same sound has another vector the second time")
    _check_silence(engine)
    if most > 2:
        _check_odd_sound(engine, clips[0], single[0])
    check_revision(engine, load)


def _check_silence(engine: AnyEngine) -> None:
    for sound in (np.zeros(SAMPLE_RATE, np.float32), np.zeros(0, np.float32)):
        answer = only_answer(engine.run([AudioItem(sound)]))
        is_refused = isinstance(answer, ChunkError) and answer.code == TOO_LITTLE_SPEECH.code
        check(is_refused, f'silence must be the error "{TOO_LITTLE_SPEECH.code}" of its item')


def _check_odd_sound(engine: AnyEngine, clip: Samples, alone: tuple[float, ...]) -> None:
    odd = np.full(SAMPLE_RATE, np.nan, np.float32)
    answers = engine.run([AudioItem(sound) for sound in (clip, odd, clip)])
    check(len(answers) == 3, f"{len(answers)} answers to 3 items")
    check(isinstance(answers[1], ChunkError), "a sound that is none must be an error of its item")
    for answer in (answers[0], answers[2]):
        check(_is_same(_vector(answer), alone), "an item suffers from another that is no sound")


def _vector(answer: object) -> tuple[float, ...]:
    vector = checked_vector(answer)
    check(not isinstance(vector, ChunkError), f"no vector of unit length: {answer!r:.200}")
    assert not isinstance(vector, ChunkError)
    return vector


def _is_same(one: Sequence[float], other: Sequence[float]) -> bool:
    return len(one) == len(other) and bool(np.allclose(one, other, atol=_TOLERANCE))
