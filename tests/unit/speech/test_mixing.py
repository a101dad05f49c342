"""Speech of any channel, at any level, reaches the VAD; noise is not made louder."""

from __future__ import annotations

import numpy as np
import pytest
from audio import recording
from hypothesis import given, settings
from hypothesis import strategies as st

from voxq.speech.audio import SAMPLE_RATE, Channels, Samples
from voxq.speech.mixing import Mixer
from voxq.speech.vad import VoiceActivity

LEVELS = range(-6, -61, -6)


def mixed(channels: Channels, *sizes: int, only: int | None = None) -> Samples:
    mixer, pieces, at = Mixer(len(channels), only), [], 0
    for size in (*sizes, channels.shape[1]):
        pieces.append(mixer.push(channels[:, at : at + size]))
        at += size
    return np.concatenate([*pieces, mixer.flush()])


def speech_in(samples: Samples) -> float:
    """Seconds of speech that the VAD finds."""
    activity = VoiceActivity()
    return sum(map(len, activity.push(samples) + activity.flush())) / SAMPLE_RATE


def at(level: float, samples: Samples, bits: int = 16) -> Samples:
    """Recording whose peak has this level in dBFS, in so many bits."""
    steps = 2.0 ** (bits - 1)
    scaled = samples / np.abs(samples).max() * 10 ** (level / 20)
    return (np.round(scaled * steps) / steps).astype(np.float32)


def noise(level: float, seconds: float = 20, seed: int = 0) -> Samples:
    """White noise; `level` of its mean power in dBFS."""
    dice = np.random.default_rng(seed)
    return dice.normal(0, 10 ** (level / 20), round(seconds * SAMPLE_RATE)).astype(np.float32)


SPEECH = recording("zh_note")
FOUND = speech_in(SPEECH)


@pytest.mark.parametrize("level", LEVELS)
def test_speech_at_any_level_is_found(level: int) -> None:
    assert speech_in(mixed(at(level, SPEECH)[np.newaxis])) == pytest.approx(FOUND, rel=0.05)


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("level", LEVELS)
def test_speech_in_one_channel_at_any_level_is_found(level: int, side: int) -> None:
    channels = np.zeros((2, len(SPEECH)), np.float32)
    channels[side] = at(level, SPEECH)
    assert speech_in(mixed(channels)) == pytest.approx(FOUND, rel=0.05)


@pytest.mark.parametrize("level", [-20, -40, -56])
def test_speech_beside_a_channel_of_louder_noise_is_found(level: int) -> None:
    beside = noise(level + 6, len(SPEECH) / SAMPLE_RATE)
    channels = np.stack((at(level, SPEECH), beside))
    assert speech_in(mixed(channels)) == pytest.approx(FOUND, rel=0.1)
    mean: Samples = channels.mean(axis=0)
    assert speech_in(mean) < 0.7 * FOUND, "else nothing was shown"


@pytest.mark.parametrize("level", [-6, -30, -54])
def test_channels_that_cancel_each_other_are_heard(level: int) -> None:
    left = at(level, SPEECH)
    assert not np.any(left + -left)
    for right in (-left, -0.5 * left):
        assert speech_in(mixed(np.stack((left, right)))) == pytest.approx(FOUND, rel=0.05)


def test_two_speakers_of_different_levels_are_both_heard() -> None:
    loud, quiet = at(-6, SPEECH), at(-50, SPEECH)
    silence = np.zeros(len(SPEECH), np.float32)
    left = np.concatenate((loud, silence)) + noise(-66, 2 * len(SPEECH) / SAMPLE_RATE)
    right = np.concatenate((silence, quiet))
    assert speech_in(mixed(np.stack((left, right)))) == pytest.approx(2 * FOUND, rel=0.1)


def test_a_recording_at_an_ordinary_level_is_not_touched() -> None:
    mono = at(-12, SPEECH)
    assert np.abs(mixed(mono[np.newaxis]) - mono).max() < 0.001
    assert np.abs(mixed(np.stack((mono, mono))) - mono).max() < 0.001


@pytest.mark.parametrize("level", [-30, -50, -70, -90, -96])
@pytest.mark.parametrize("channels", [1, 2])
def test_noise_is_not_amplified(level: int, channels: int) -> None:
    samples = np.stack([noise(level, seed=seed) for seed in range(channels)])
    assert np.abs(mixed(samples)).max() <= 1.2 * np.abs(samples).max()


def test_silence_and_the_steps_of_sixteen_bits_stay_what_they_are() -> None:
    assert not mixed(np.zeros((1, 10 * SAMPLE_RATE), np.float32)).any()
    dice = np.random.default_rng(0)
    dither = (dice.integers(-1, 2, (1, 10 * SAMPLE_RATE)) / 32768).astype(np.float32)
    assert np.array_equal(mixed(dither), dither[0])
    tone = 1e-5 * np.sin(np.arange(10 * SAMPLE_RATE) * 0.1)  # too faint for anybody
    bursts = (tone * (np.arange(len(tone)) // SAMPLE_RATE % 2)).astype(np.float32)
    assert np.abs(mixed(bursts[np.newaxis])).max() < 2e-5


def test_the_gain_is_bounded_and_never_clips() -> None:
    samples = np.concatenate((at(-60, SPEECH), at(0, SPEECH), at(-60, SPEECH)))
    heard = mixed(samples[np.newaxis])
    assert np.abs(heard).max() <= 1.0
    thirds = np.array_split(np.abs(heard), 3)
    assert max(map(float, (thirds[0].max(), thirds[2].max()))) < 0.2
    assert speech_in(heard) > 2.4 * FOUND, "what is far quieter, but not at the same time, is found"


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 60_000), max_size=10), st.sampled_from([1, 2]))
def test_the_result_does_not_depend_on_the_blocks(sizes: list[int], count: int) -> None:
    channels = np.stack((at(-50, SPEECH), np.roll(at(-20, SPEECH), 40_000)))[:count]
    assert np.allclose(mixed(channels, *sizes), mixed(channels), atol=1e-7)
    assert len(mixed(channels, *sizes)) == channels.shape[1]


@pytest.mark.parametrize("level", [-6, -50])
def test_a_channel_alone_is_heard_without_the_other_that_leaks_into_it(level: int) -> None:
    """Two people speak one after the other; each is heard in the other's channel, too, 26 dB below."""
    silence = np.zeros(len(SPEECH), np.float32)
    agent = np.concatenate((at(-6, SPEECH, 24), silence))
    caller = np.concatenate((silence, at(level, SPEECH, 24)))
    channels = np.stack((agent + caller / 20, caller + agent / 20))
    for channel, own in ((0, slice(0, len(SPEECH))), (1, slice(len(SPEECH), None))):
        heard = mixed(channels, only=channel)
        assert speech_in(heard[own]) == pytest.approx(FOUND, rel=0.1)
        assert speech_in(heard) == pytest.approx(FOUND, rel=0.1)


def test_both_channels_are_heard_where_both_speak() -> None:
    channels = np.stack((at(-6, SPEECH), np.roll(at(-16, SPEECH), 30_000)))
    for channel in (0, 1):
        assert speech_in(mixed(channels, only=channel)) == pytest.approx(FOUND, rel=0.15)
