"""Notation of voice mixtures, and which voices may be mixed."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxq.engines import mixtures, voices
from voxq.engines.contract import EngineError
from voxq.engines.mixtures import LEAST_WEIGHT, MOST_VOICES, MOST_WEIGHT, Mixture, MixtureError
from voxq.engines.speak.kokoro_voices import VOICES

SPEAKERS = voices.speakers_of(["hibari", "kokoro"])
names = st.sampled_from([voice.name for voice in VOICES])
weights = st.integers(1, 10_000).map(lambda thousandths: thousandths / 1000)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("af_heart", "af_heart"),
        (" AF_Heart (2) ", "af_heart"),
        ("af_heart+af_sky", "af_heart(0.5)+af_sky(0.5)"),
        ("af_heart(2)+af_sky(1)", "af_heart(0.667)+af_sky(0.333)"),
        ("af_heart(4) + af_sky(2)", "af_heart(0.667)+af_sky(0.333)"),
        ("af_heart+af_sky+af_heart", "af_heart(0.667)+af_sky(0.333)"),
        ("af_heart(10)+af_sky(0.001)", "af_heart(1)+af_sky(0.001)"),
    ],
)
def test_a_mixture_has_one_name(written: str, name: str) -> None:
    assert Mixture.parse(written).name == name


@given(st.dictionaries(names, weights, min_size=1, max_size=MOST_VOICES))
def test_the_name_of_a_mixture_gives_the_same_shares(parts: dict[str, float]) -> None:
    mixture = Mixture.parse("+".join(f"{name}({weight})" for name, weight in parts.items()))
    assert sum(mixture.shares.values()) == pytest.approx(1)
    again = Mixture.parse(mixture.name)
    assert dict(again.shares) == pytest.approx(dict(mixture.shares), abs=0.005)
    assert list(again.shares) == list(parts), "the first decides on the language"


@given(st.text() | st.from_regex(r"[a-z_]{1,9}[(][-0-9.e+]{0,9}[)]([+][a-z_()0-9.]{0,9}){0,5}"))
def test_whatever_is_written_is_a_mixture_or_refused(written: str) -> None:
    try:
        mixture = Mixture.parse(written)
    except MixtureError:
        return
    assert 1 <= len(mixture.shares) <= MOST_VOICES
    assert all(share > 0 for share in mixture.shares.values())
    assert re.fullmatch(r"[a-z0-9_.+()-]+", mixture.name)


@pytest.mark.parametrize(
    "weight", ["0", "0.0001", "10.1", "99", "-1", "1e3", "nan", "inf", "", "2)(3", "\u0662"]
)
def test_a_weight_is_a_plain_number_within_bounds(weight: str) -> None:
    assert LEAST_WEIGHT < 1 < MOST_WEIGHT
    with pytest.raises(MixtureError):
        Mixture.parse(f"af_heart({weight})+af_sky")


@pytest.mark.parametrize(
    ("wanted", "error", "says"),
    [
        ("af_heart+zf_xiaobei", MixtureError, "one language"),
        ("heart+af_heart", MixtureError, "cannot be mixed"),
        ("af_heart+af_sky+af_nova+af_bella+af_jessica", MixtureError, "mixed of 4"),
        ("af_heart+", MixtureError, "must be a name"),
        ("af_heart+../af_sky", MixtureError, "must be a name"),
        ("af_heart+nobody", EngineError, "Unknown voice"),
    ],
)
def test_impossible_mixtures_are_refused_with_the_reason(
    wanted: str, error: type[EngineError], says: str
) -> None:
    with pytest.raises(EngineError, match=says) as told:
        voices.choose(SPEAKERS, wanted, "en")
    assert type(told.value) is error


def test_a_mixed_voice_has_the_traits_of_its_first() -> None:
    speaker = voices.choose(SPEAKERS, "BF_Emma(3)+am_adam", "zh")
    voice = speaker.voice
    assert (speaker.model, voice.language, voice.gender, voice.accent) == ("kokoro", "en", "female", "GB")
    assert voice == mixtures.find(voice.name, VOICES)
    assert voices.choose(SPEAKERS, "heart+heart", "en").voice.name == "heart"
    assert mixtures.find("bf_emma+nobody", VOICES) is None
