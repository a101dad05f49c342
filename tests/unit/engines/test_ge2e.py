"""GE2E's vectors: compared with those that another implementation made with the same network, and with one
another."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from voxq.engines import registry
from voxq.engines.contract import (
    TOO_LITTLE_SPEECH,
    AudioItem,
    Capability,
    ChunkError,
    Embedder,
    Embedding,
    EngineError,
    EngineRequest,
    Samples,
)
from voxq.engines.embed.ge2e_sound import spoken, windows
from voxq.engines.warmup import clip

SECOND = 16_000
VECTORS = json.loads((Path(__file__).parents[2] / "data" / "voices" / "ge2e_vectors.json").read_text())
FAMILY = registry.find("ge2e", Capability.EMBED)


@pytest.fixture(scope="module")
def encoder() -> Embedder:
    return FAMILY.load(EngineRequest("ge2e", "ge2e"), {})


def sounds() -> dict[str, Samples]:
    speech, pause = clip(), np.zeros(2 * SECOND, np.float32)
    return {
        "clip": speech,
        "short": speech[:19_200],
        "quiet": speech * np.float32(0.01),
        "pauses": np.concatenate([speech[:40_000], pause, speech[40_000:], pause]),
        "three seconds": speech[30_000:78_000],
    }


def vector(encoder: Embedder, sound: Samples) -> np.ndarray:
    (answer,) = encoder.run([AudioItem(sound)])
    assert isinstance(answer, Embedding)
    return np.asarray(answer.vector)


@pytest.mark.numerics
@pytest.mark.parametrize("name", VECTORS)
def test_vectors_are_those_of_the_other_implementation(encoder: Embedder, name: str) -> None:
    found = vector(encoder, sounds()[name])
    assert found.shape == (256,)
    assert np.abs(found - VECTORS[name]).max() < 1e-5


def test_a_vector_has_unit_length_and_is_the_same_again(encoder: Embedder) -> None:
    one, again = vector(encoder, clip()), vector(encoder, clip())
    assert np.linalg.norm(one) == pytest.approx(1.0, abs=1e-9)
    assert (one == again).all()


def test_a_call_of_many_sounds_gives_the_vectors_of_each(encoder: Embedder) -> None:
    every = [*sounds().values()] * 5
    together = encoder.run([AudioItem(sound) for sound in every])
    for sound, answer in zip(every, together, strict=True):
        assert isinstance(answer, Embedding)
        assert np.allclose(vector(encoder, sound), answer.vector, atol=1e-5)


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(0, np.float32),
        np.zeros(5 * SECOND, np.float32),
        clip()[: SECOND // 3],
        np.full(SECOND, 1e-5, np.float32),
    ],
    ids=["nothing", "silence", "too short", "inaudible"],
)
def test_too_little_speech_has_an_error_of_its_own(encoder: Embedder, sound: Samples) -> None:
    assert encoder.run([AudioItem(sound)]) == [TOO_LITTLE_SPEECH]


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_a_sound_that_is_none_leaves_the_others_alone(encoder: Embedder, odd: float) -> None:
    broken = np.full(SECOND, odd, np.float32)
    first, wrong, last = encoder.run([AudioItem(clip()), AudioItem(broken), AudioItem(clip())])
    assert isinstance(wrong, ChunkError)
    assert wrong.code == "bad_sound"
    for answer in (first, last):
        assert isinstance(answer, Embedding)
        assert np.abs(np.asarray(answer.vector) - VECTORS["clip"]).max() < 1e-5


def test_it_refuses_a_gpu() -> None:
    with pytest.raises(EngineError, match="CPU"):
        FAMILY.load(EngineRequest("ge2e", "ge2e", device="cuda:0"), {})


@pytest.mark.parametrize("length", [0, 1, 479, 480, 1000, SECOND, SECOND * 3 + 7])
def test_windows_of_any_length(length: int) -> None:
    speech = spoken(clip()[:length])
    assert len(speech) % 480 == 0
    found = windows(speech)
    assert found.shape[0] >= 1
    assert found.shape[1:] == (160, 40)
    assert np.isfinite(found).all()
