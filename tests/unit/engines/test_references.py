"""Voices to speak in, on their way to an engine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voxq.engines.contract import (
    Capability,
    ChunkError,
    EngineFamily,
    Reference,
    Spoken,
    TextItem,
    Traits,
)
from voxq.engines.contract import EngineRequest as Request
from voxq.processes.model.protocol import KeptSpeech, ReferenceRef, SentenceRef
from voxq.processes.model.references import read_reference
from voxq.processes.model.speaking import Speaker

SOUND = np.linspace(-0.5, 0.5, 800, dtype=np.float32)
VECTOR = (0.6, 0.8)


@pytest.fixture
def pcm(tmp_path: Path) -> Path:
    path = tmp_path / "reference.f32"
    path.write_bytes(SOUND.astype("<f4").tobytes())
    return path


def code_of(answer: object) -> str:
    assert isinstance(answer, ChunkError), answer
    return answer.code


def test_a_recording_is_read_with_its_rate_and_text(pcm: Path) -> None:
    read = read_reference(ReferenceRef(pcm, 8000, "hello"), "samples")
    assert isinstance(read, Reference) and read.samples is not None
    assert np.array_equal(read.samples, SOUND)
    assert (read.sample_rate, read.text, read.vector) == (8000, "hello", None)


def test_a_vector_needs_no_recording() -> None:
    read = read_reference(ReferenceRef(vector=VECTOR, revision="ge2e:1"), "vector")
    assert isinstance(read, Reference)
    assert (read.vector, read.revision, read.samples) == (VECTOR, "ge2e:1", None)


@pytest.mark.parametrize(
    ("ref", "clones", "code"),
    [
        (ReferenceRef(vector=VECTOR), "samples", "bad_reference"),
        (ReferenceRef(Path("/nowhere/at.all")), "samples", "audio_unavailable"),
        (ReferenceRef(Path("/nowhere/at.all")), "vector", "bad_reference"),
        (ReferenceRef(vector=(float("nan"), 1.0)), "vector", "bad_reference"),
        (ReferenceRef(vector=()), "vector", "bad_reference"),
        (ReferenceRef(vector=VECTOR), "none", "bad_reference"),
    ],
)
def test_what_a_model_cannot_use_is_an_error(ref: ReferenceRef, clones: str, code: str) -> None:
    assert code_of(read_reference(ref, clones)) == code


@pytest.mark.parametrize(
    ("content", "rate", "code"),
    [
        (b"", 8000, "bad_reference"),
        (b"\0" * 401, 8000, "audio_unavailable"),
        (np.full(100, np.nan, "<f4").tobytes(), 8000, "bad_reference"),
        (bytes(4 * 8000 * 61), 8000, "bad_reference"),
        (bytes(400), 1, "bad_reference"),
    ],
)
def test_an_odd_recording_is_an_error(pcm: Path, content: bytes, rate: int, code: str) -> None:
    pcm.write_bytes(content)
    assert code_of(read_reference(ReferenceRef(pcm, rate), "samples")) == code


def test_a_key_differs_with_anything_that_makes_another_voice() -> None:
    same, other = SOUND.copy(), SOUND[::-1].copy()
    keys = [
        each.key
        for each in (
            Reference(SOUND),
            Reference(other),
            Reference(SOUND, 8000),
            Reference(SOUND, text="hello"),
            Reference(vector=VECTOR),
            Reference(vector=VECTOR, revision="2"),
        )
    ]
    assert len(set(keys)) == len(keys)
    assert Reference(same).key == Reference(SOUND).key


class Echo:
    """Synthesiser that says a reference's own sound."""

    revision = "1"

    def run(self, batch: Sequence[TextItem]) -> list[Spoken | ChunkError]:
        return [
            Spoken(item.reference.samples, item.reference.sample_rate)
            if item.reference and item.reference.samples is not None
            else ChunkError("unknown_voice", "No.")
            for item in batch
        ]


ECHO = EngineFamily(
    name="echo",
    capability=Capability.SPEAK,
    summary="Says what it was given",
    load=lambda request, models: Echo(),
    traits_for=lambda request: Traits(max_items=4, clones="samples", cloned_languages=("en",)),
    models=("echo",),
    options=frozenset({"emotion"}),
)


def test_a_sentence_is_spoken_in_the_voice_of_its_recording(pcm: Path, tmp_path: Path) -> None:
    speaker = Speaker(ECHO, Request("echo", "echo"), {})
    read = speaker.read(SentenceRef("Hello.", {}, tmp_path / "0.f32", ReferenceRef(pcm, 8000)))
    assert not isinstance(read, ChunkError)
    (kept,) = speaker.call([read])
    assert kept == KeptSpeech(len(SOUND), 8000)
    assert (tmp_path / "0.f32").read_bytes() == pcm.read_bytes()


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"pitch": 2.0}, ("pitch",)),
        ({"style": "whispered", "speed": 1.5, "emotion": {"sad": 1.0}}, ("speed", "style")),
        ({"pitch": 0.0, "style": None, "speed": 1.0, "voice": "x", "seed": 3}, ()),
        ({"pitch": None, "speed": None}, ()),
    ],
)
def test_options_that_a_family_does_not_honour_are_named(
    options: dict[str, Any], names: tuple[str, ...], tmp_path: Path, pcm: Path
) -> None:
    assert ECHO.not_honoured(options) == names
    speaker = Speaker(ECHO, Request("echo", "echo"), {})
    read = speaker.read(SentenceRef("Hello.", options, tmp_path / "0.f32", ReferenceRef(pcm, 8000)))
    if names:
        assert isinstance(read, ChunkError)
        assert read.code == "option_unsupported" and ", ".join(names) in read.message
    else:
        assert not isinstance(read, ChunkError)
