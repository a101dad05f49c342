import json
import subprocess
import sys
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxq.speech.audio import SAMPLE_RATE, Samples
from voxq.speech.decode import decode_blocks
from voxq.speech.spans import Span
from voxq.speech.vad import VoiceActivity, voiced_windows

RECORDINGS = Path(__file__).parents[2] / "data" / "audio"


@cache
def recording(name: str) -> Samples:
    return np.concatenate(list(decode_blocks(RECORDINGS / f"{name}.ogg", 60)))


def spans_of(samples: Samples, block: int = 10 * SAMPLE_RATE, maximum: float = 30.0) -> list[Span]:
    activity = VoiceActivity(maximum)
    spans = [s for at in range(0, len(samples), block) for s in activity.push(samples[at : at + block])]
    return spans + activity.flush()


@pytest.mark.parametrize(("name", "sentences"), [("zh_note", 2), ("zh_meeting", 5)])
def test_real_speech_is_found_sentence_by_sentence(name: str, sentences: int) -> None:
    assert len(spans_of(recording(name))) == sentences


@pytest.mark.parametrize("name", ["zh_note", "zh_meeting"])
def test_no_word_is_clipped(name: str) -> None:
    samples = recording(name).copy()
    total = float(np.sum(np.square(samples)))
    for span in spans_of(samples):
        samples[span.start : span.end] = 0
    assert float(np.sum(np.square(samples))) < 0.001 * total


def test_speech_is_found_in_noise_and_when_quiet() -> None:
    samples = recording("zh_note")
    noise = np.random.default_rng(1).normal(0, 0.01, len(samples)).astype(np.float32)
    for heard in (samples + noise, samples * 0.05):
        found = sum(map(len, spans_of(heard)))
        assert found > 0.8 * sum(map(len, spans_of(samples)))


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=30))
def test_the_result_does_not_depend_on_the_blocks(sizes: list[int]) -> None:
    samples = recording("zh_note")
    activity, spans, at = VoiceActivity(4.0), [], 0
    for size in sizes:
        spans += activity.push(samples[at : at + size])
        at += size
    spans += activity.push(samples[at:]) + activity.flush()
    assert spans == spans_of(samples, maximum=4.0)


def test_long_speech_is_cut_below_the_maximum() -> None:
    samples = recording("zh_meeting")
    speech = np.concatenate([samples[s.start + 4800 : s.end - 4800] for s in spans_of(samples)])
    spans = spans_of(np.tile(speech, 3), maximum=5.0)
    assert len(spans) > 5
    assert all(len(span) <= 5 * SAMPLE_RATE for span in spans)
    assert all(a.end <= b.start for a, b in pairwise(spans))


def sound(name: str) -> Samples:
    t = np.arange(10 * SAMPLE_RATE) / SAMPLE_RATE
    random = np.random.default_rng(0)
    chord = sum(np.sin(2 * np.pi * f * t) for f in (220, 277, 330)) * 0.2
    sounds = {
        "digital silence": np.zeros_like(t),
        "quiet noise": random.normal(0, 0.003, len(t)),
        "loud noise": random.normal(0, 0.3, len(t)),
        "tone": np.sin(2 * np.pi * 440 * t) * 0.5,
        "hum": np.sin(2 * np.pi * 50 * t) * 0.5,
        "chord": chord,
        "beeps": np.sin(2 * np.pi * 1000 * t) * (t % 1 < 0.3),
        "melody": np.sin(2 * np.pi * 220 * 2 ** (np.floor(t * 2) % 8 / 12) * t) * np.exp(-(t * 2 % 1) * 2),
        "clicks": (np.arange(len(t)) % 8000 < 5) * 0.8,
        "offset": np.ones_like(t),
    }
    return np.clip(sounds[name], -1, 1).astype(np.float32)


@pytest.mark.parametrize(
    "name",
    [
        *("digital silence", "quiet noise", "loud noise", "tone", "hum"),
        *("chord", "beeps", "melody", "clicks", "offset"),
    ],
)
def test_sounds_other_than_speech_give_no_spans(name: str) -> None:
    assert spans_of(sound(name)) == []


@pytest.mark.parametrize("count", [0, 1, 511, 512, 1599])
def test_less_than_a_tenth_of_a_second_is_silence(count: int) -> None:
    assert spans_of(recording("zh_note")[8000 : 8000 + count]) == []


@pytest.mark.parametrize("count", [0, 1, 511, 513])
def test_a_voice_is_looked_for_in_a_sound_of_any_length(count: int) -> None:
    assert voiced_windows(np.zeros(count, np.float32)) == [False] * -(-count // 512)


def test_a_voice_is_distinguished_from_other_sounds() -> None:
    voice = voiced_windows(recording("zh_note"))
    noise = voiced_windows(sound("loud noise"))
    assert sum(voice) > 0.5 * len(voice)
    assert sum(noise) < 0.05 * len(noise)


def test_the_model_is_used_without_the_package_around_it() -> None:
    code = (
        "import sys, json, voxq.speech.vad as v; v.VoiceActivity().flush(); print(json.dumps([*sys.modules]))"
    )
    loaded = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
    assert not {"faster_whisper", "ctranslate2", "torch"} & set(loaded)
