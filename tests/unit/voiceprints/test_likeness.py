"""The voices that are most like a vector."""

from __future__ import annotations

import json
import math

import pytest

from voxq.engines.contract import EngineRequest
from voxq.engines.embed import ge2e
from voxq.engines.speak.kokoro_voices import VOICES
from voxq.voiceprints import likeness
from voxq.voiceprints.comparing import Incomparable

_READ = json.loads(likeness.TABLE.read_text("utf-8"))
_VOICES = {name: tuple(vector) for name, vector in _READ["voices"].items()}
_REVISION = _READ["revision"]


def test_the_table_has_every_voice_but_the_japanese() -> None:
    assert _VOICES.keys() == {voice.name for voice in VOICES if voice.language != "ja"}


def test_the_table_is_of_the_embedder_in_this_package() -> None:
    pytest.importorskip("onnxruntime")
    assert ge2e.FAMILY.load(EngineRequest("ge2e", "ge2e"), {}).revision == _REVISION


@pytest.mark.parametrize("name", ["af_heart", "zm_yunxi", "ff_siwis"])
def test_a_voice_is_most_like_itself(name: str) -> None:
    first, second = likeness.most_alike(_VOICES[name], _REVISION, _VOICES, 2)

    assert first.voice == name
    assert first.similarity > 0.99 > second.similarity


def test_only_the_voices_asked_for_are_compared() -> None:
    (found,) = likeness.most_alike(_VOICES["af_heart"], _REVISION, {"zf_xiaoxiao", "unknown"})

    assert found.voice == "zf_xiaoxiao"
    assert likeness.most_alike(_VOICES["af_heart"], _REVISION, {"unknown"}) == ()


def test_a_vector_of_another_model_is_refused() -> None:
    with pytest.raises(likeness.OtherRevision):
        likeness.most_alike(_VOICES["af_heart"], "campplus", _VOICES)


@pytest.mark.parametrize("vector", [(math.nan,) * 256, (math.inf,) * 256, (1.0,), (0.0,) * 256])
def test_what_is_no_vector_is_refused(vector: tuple[float, ...]) -> None:
    with pytest.raises(Incomparable):
        likeness.most_alike(vector, _REVISION, _VOICES)
