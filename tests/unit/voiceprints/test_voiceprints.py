"""Voiceprints as values: their vectors, their comparison, and what recordings are refused for."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import numpy as np
import pytest

from voxq.speech.sound_measures import NOTHING, SoundMeasures
from voxq.voiceprints.comparing import Gallery, Incomparable, checked, similarity
from voxq.voiceprints.quality import Part, judged, refusal
from voxq.voiceprints.voiceprint import Consent, Quality, Sample, Vector, Voiceprint, is_id, mean, new_id

GOOD = Quality(10.0, -25.0, 30.0, 0.0, 0.9)


def unit(*numbers: float) -> Vector:
    length = math.hypot(*numbers)
    return tuple(number / length for number in numbers)


def sample(vector: Vector, *, version: int = 1, revision: str = "ge2e:1:x", seconds: float = 10.0) -> Sample:
    task = f"2026-12-01_001_{'abcdef'[version]}bcdef"
    return Sample(
        version, task, "0" * 64, "ge2e", revision, vector, replace(GOOD, speech_seconds=seconds), 1.0
    )


def voiceprint(*samples: Sample, name: str = "Ada") -> Voiceprint:
    return Voiceprint(new_id(), "me", name, 1.0, Consent("Ada", "I agree.", 1.0), samples)


def test_a_voiceprint_has_the_vector_of_its_latest_version() -> None:
    old, one, other = sample(unit(1, 0)), sample(unit(0, 1), version=2), sample(unit(1, 1), version=2)
    assert voiceprint(old).vector == (1.0, 0.0)
    both = voiceprint(old, one, replace(other, task_id="2026-12-01_003_zbcdef"))
    assert both.version == 2
    assert both.vector == pytest.approx(unit(1 / math.sqrt(2), 1 + 1 / math.sqrt(2)), abs=1e-6)
    assert both.speech_seconds == 20.0


def test_more_speech_counts_for_more() -> None:
    assert mean([(unit(1, 0), 9.0), (unit(0, 1), 1.0)]) == pytest.approx(unit(9, 1), abs=1e-6)


def test_a_voiceprint_without_a_sample_has_no_vector() -> None:
    nobody = voiceprint()
    assert (nobody.version, nobody.vector, nobody.revision, nobody.is_ready) == (0, (), None, False)


def test_opposite_vectors_have_no_mean() -> None:
    assert mean([(unit(1, 0), 1.0), (unit(-1, 0), 1.0)]) == ()


def test_similarity_is_a_cosine() -> None:
    assert similarity(unit(1, 0), unit(1, 1)) == pytest.approx(math.sqrt(0.5))
    assert similarity(unit(1, 2), unit(1, 2)) == pytest.approx(1.0)
    with pytest.raises(ValueError, match="argument"):
        similarity(unit(1, 2), unit(1, 2, 3))


@pytest.mark.parametrize(
    ("vector", "revision"),
    [
        ((1.0, 0.0), "ge2e:2:y"),
        ((1.0, 0.0, 0.0), "ge2e:1:x"),
        ((math.nan, 0.0), "ge2e:1:x"),
        ((math.inf, 0.0), "ge2e:1:x"),
        ((0.5, 0.5), "ge2e:1:x"),
        ((0.0, 0.0), "ge2e:1:x"),
        ((), "ge2e:1:x"),
    ],
)
def test_a_vector_that_cannot_be_compared_is_refused(vector: tuple[float, ...], revision: str) -> None:
    with pytest.raises(Incomparable):
        checked(vector, revision, "ge2e:1:x", 2)


def test_a_vector_that_can_be_compared_is_accepted() -> None:
    assert checked([0.6, 0.8], "ge2e:1:x", "ge2e:1:x", 2) == (0.6, 0.8)


def test_a_speaker_is_found_among_others() -> None:
    ada, bob = voiceprint(sample(unit(1, 0, 0)), name="Ada"), voiceprint(sample(unit(0, 1, 0)), name="Bob")
    foreign = voiceprint(sample(unit(0, 0.1, 1), revision="other:1"))
    gallery = Gallery([ada, bob, foreign, voiceprint()], "ge2e:1:x")
    assert len(gallery) == 2
    found = gallery.identify(unit(0.1, 1, 0))
    assert found is not None
    assert found.voiceprint is bob
    assert gallery.identify(unit(0, 0, 1)) is None
    assert [each.voiceprint.name for each in gallery.matches(unit(1, 0.5, 0))] == ["Ada", "Bob"]
    assert Gallery([], "ge2e:1:x").matches(unit(1, 0)) == []


@pytest.mark.slow
def test_a_thousand_voiceprints_are_searched_in_milliseconds() -> None:
    rows = np.random.default_rng(1).normal(size=(1000, 256))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    every = [voiceprint(sample(tuple(map(float, row)))) for row in rows]
    gallery = Gallery(every, "ge2e:1:x")
    wanted = every[500].vector
    begun = time.process_time()
    for _ in range(20):
        found = gallery.identify(wanted)
        assert found is not None
        assert found.voiceprint is every[500]
    assert (time.process_time() - begun) / 20 < 0.005


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"speech_seconds": 2.9}, "too_little_speech"),
        ({"level": -60.0}, "speech_too_quiet"),
        ({"clipped": 0.05}, "speech_clipped"),
        ({"signal_to_noise": 3.0}, "speech_too_noisy"),
        ({"consistency": 0.4}, "several_speakers"),
    ],
)
def test_each_refusal_says_what_to_record_instead(changes: dict[str, float], code: str) -> None:
    refused = refusal(replace(GOOD, **changes))
    assert refused is not None
    assert refused.code == code
    assert any(word in refused.message for word in ("record", "turn the microphone down"))


def test_a_good_recording_is_not_refused() -> None:
    assert refusal(GOOD) is None


def test_parts_without_speech_do_not_count() -> None:
    loud = SoundMeasures(4.0, 3.0, -20.0, -60.0, 0.0)
    vector, measures = judged([Part(unit(1, 0), loud), Part((), NOTHING), Part(unit(1, 0.2), loud)])
    assert vector == pytest.approx(unit(2 + 0, 0.2), abs=0.01)
    assert measures.speech_seconds == 6.0
    assert measures.signal_to_noise == 40.0
    assert measures.consistency == pytest.approx(similarity(unit(1, 0), unit(1, 0.2)), abs=1e-3)


def test_nothing_that_was_said_is_too_little() -> None:
    vector, measures = judged([Part((), NOTHING)])
    assert vector == ()
    refused = refusal(measures)
    assert refused is not None
    assert refused.code == "too_little_speech"


def test_two_voices_are_not_consistent() -> None:
    loud = SoundMeasures(4.0, 3.0, -20.0, -60.0, 0.0)
    _, measures = judged([Part(unit(1, 0), loud), Part(unit(0.1, 1), loud)])
    assert measures.consistency < 0.2


@pytest.mark.parametrize("id", ["", "vp_", "../../etc/passwd", "vp_" + "g" * 24, "vp_" + "a" * 25, None, 7])
def test_what_is_no_id_is_not_looked_for(id: object) -> None:
    assert not is_id(id)
    assert is_id(new_id())
