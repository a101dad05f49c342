"""Model fingerprints: a change of anything that a result depends on makes earlier results unusable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import pytest

from voxq import kinds
from voxq.api.submission.model_fingerprints import ModelFingerprints
from voxq.core.options import Affects, Mark, SetBy
from voxq.kinds.base import StepSpec
from voxq.kinds.speech import SPEECH, SpeechOptions
from voxq.kinds.transcription import TRANSCRIPTION, TranscriptionOptions
from voxq.model_catalogue import listings_of
from voxq.model_store.stamp import Stamp
from voxq.settings import load_settings


@pytest.fixture
def model(tmp_path: Path) -> Path:
    directory = tmp_path / "calls"
    directory.mkdir()
    (directory / "model.bin").write_bytes(b"weights")
    return directory


def fingerprints(
    model: Path, offered: Mapping[str, Sequence[str]] = MappingProxyType({}), **given: Any
) -> ModelFingerprints:
    """Those of an API process that starts now; `offered`: names that workers offer, by capability."""
    settings = load_settings(asr_models=f"calls=faster-whisper:{model}", **given)

    async def names(capability: str) -> Sequence[str]:
        return offered.get(capability, ())

    return ModelFingerprints(settings, listings_of(settings), names)


async def model_fingerprint(model: Path, kind: str = "asr", name: str = "calls", **given: Any) -> str:
    return await fingerprints(model, **given).of(kinds.find(kind), name)


async def test_a_fingerprint_is_stable(model: Path) -> None:
    assert await model_fingerprint(model) == await model_fingerprint(model)
    assert await model_fingerprint(model, "tts", "hibari") == await model_fingerprint(model, "tts", "hibari")


async def test_other_weights_change_the_fingerprint(model: Path) -> None:
    before = await model_fingerprint(model)
    (model / "model.bin").write_bytes(b"better weights")
    assert await model_fingerprint(model) != before


async def test_other_companion_models_change_the_fingerprint(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOXQ_MODELS", str(tmp_path))
    (tmp_path / "ct-punc").mkdir()
    model_fingerprints = set()
    for revision in ("earlier", "later"):
        Stamp(revision, "modelscope", {}).write(tmp_path / "ct-punc")
        model_fingerprints.add(await model_fingerprint(model, name="paraformer-zh"))
    assert len(model_fingerprints) == 2


async def test_the_operators_defaults_change_the_fingerprint(model: Path, tmp_path: Path) -> None:
    hotwords = tmp_path / "hotwords.txt"
    hotwords.write_text("Aimee\n")
    others = [
        await model_fingerprint(model),
        await model_fingerprint(model, asr_language="zh"),
        await model_fingerprint(model, asr_batch_size=30),
        await model_fingerprint(model, asr_hotwords_path=hotwords),
        await model_fingerprint(model, name="whisper-base"),
        await model_fingerprint(model, "tts", "hibari"),
    ]
    assert len(set(others)) == len(others)


async def test_a_kind_with_one_step_has_the_fingerprint_of_its_model(model: Path) -> None:
    ours = fingerprints(model)
    options = SpeechOptions("heart", model="kokoro")
    assert await ours.of_steps(SPEECH, options) == await ours.of(SPEECH, "kokoro")


async def test_models_of_all_steps_change_the_fingerprint(model: Path) -> None:
    steps = (*SPEECH.steps, StepSpec("listen", "recognise", source="speak", optional=True))
    kind = replace(SPEECH, name="echo", steps=steps)

    async def of_steps() -> str:
        return await fingerprints(model).of_steps(kind, SpeechOptions("heart", model="calls"))

    before = await of_steps()
    assert await of_steps() == before
    (model / "model.bin").write_bytes(b"better weights")
    assert await of_steps() != before


async def test_a_model_known_only_to_workers_counts_by_its_name(model: Path) -> None:
    names = ("theirs", "others")
    assert len({await model_fingerprint(model, "tts", name) for name in names}) == 2


async def test_a_request_that_names_the_default_model_is_the_same_as_one_that_names_none(model: Path) -> None:
    ours = fingerprints(model, {"recognise": ("calls", "whisper-base")})
    named = await ours.with_model(TRANSCRIPTION, TranscriptionOptions())
    assert named == TranscriptionOptions(model="calls"), "the first that workers offer"
    assert await ours.with_model(TRANSCRIPTION, TranscriptionOptions("noop")) == TranscriptionOptions("noop")
    alone = await fingerprints(model, asr_model="noop").with_model(TRANSCRIPTION, TranscriptionOptions())
    assert alone.values()["model"] == "noop", "without workers, the default of this machine"


async def test_an_operators_default_counts_by_its_declaration_alone(model: Path) -> None:
    @dataclass(frozen=True, slots=True)
    class More(TranscriptionOptions):
        beam: Annotated[int | None, Mark(set_by=SetBy.OPERATOR, setting="asr_threads")] = None
        note: Annotated[str, Mark(affects=Affects.NOTHING, setting="log_level")] = ""

    kind = replace(TRANSCRIPTION, options=More)
    assert kind.settings_used == (*TRANSCRIPTION.settings_used, "asr_threads")
    before = await fingerprints(model, asr_threads=1).of(kind, "calls")
    assert await fingerprints(model, asr_threads=2).of(kind, "calls") != before
