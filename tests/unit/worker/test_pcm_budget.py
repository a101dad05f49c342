from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from voxq.worker.media.pcm_budget import Sound, has_capacity

sounds = st.builds(Sound, st.floats(0, 30_000), st.booleans())


@given(st.lists(sounds, min_size=1, max_size=40), st.floats(1000, 32_000), st.randoms(use_true_random=False))
def test_stored_audio_is_bounded_and_every_recording_gets_its_turn(
    line: list[Sound], seconds: float, choices: random.Random
) -> None:
    there: list[Sound] = []
    rounds = 0
    while line:
        rounds += 1
        assert rounds < 100
        for sound in list(line):
            if has_capacity(sound, there, seconds):
                line.remove(sound)
                there.append(sound)
        alone = [max((s.seconds for s in there if s.is_long is kind), default=0.0) for kind in (True, False)]
        assert sum(sound.seconds for sound in there) <= seconds + sum(alone)
        if max(alone) <= seconds / 4:
            assert sum(sound.seconds for sound in there) <= seconds * (1 + 1e-9)
        there.remove(choices.choice(there))


@given(st.lists(st.floats(0, 30_000), max_size=20), st.floats(1000, 32_000))
def test_long_recordings_leave_space_for_notes(long: list[float], seconds: float) -> None:
    there = [Sound(each, True) for each in long]
    for _ in range(20):
        note = Sound(seconds / 100, False)
        assert has_capacity(note, there, seconds)
        there.append(note)
