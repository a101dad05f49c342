"""Properties of FunASR's models before loading; nothing here needs FunASR."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from engine_calls import Options, recognition

from voxq.engines import registry
from voxq.engines.contract import EngineError, EngineRequest
from voxq.model_store import published

MODELS = Path(__file__).parents[2] / "data" / "models"
KIND = registry.find("funasr")


def request(model: object) -> EngineRequest:
    return EngineRequest("funasr", str(model))


def key(model: object, options: Options) -> str:
    return KIND.traits_for(request(model)).batch_key(options)


def test_the_catalogues_recognisers_are_known() -> None:
    names = [m.name for m in published.MODELS if m.engine == "funasr" and m.role == "recogniser"]
    assert {"sensevoice", "paraformer-zh", "paraformer-en", "fun-asr-nano"} <= set(names)
    for name in names:
        assert KIND.traits_for(request(name)).max_items > 1
        needs = published.find(name).needs
        assert tuple(KIND.roles_for(request(name)).values()) == (name, *needs)


def test_segments_are_shorter_than_whispers() -> None:
    chunking = KIND.traits_for(request("sensevoice")).chunking
    assert (chunking.maximum, chunking.target) == (30, 15)


@pytest.mark.parametrize("repository", ["somebody/MySenseVoice-v2", "iic/speech_paraformer-large-contextual"])
def test_models_are_recognised_by_the_names_of_their_repositories(repository: str) -> None:
    assert KIND.traits_for(request(repository)).max_items == 32


@pytest.mark.parametrize("name", ["noop", "ct-punc", "owner/model", "/no/such/directory"])
def test_an_unknown_model_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(EngineError, match=r"sensevoice, paraformer-zh"):
        KIND.traits_for(request(name))


def test_a_batch_may_mix_options_that_are_not_per_call() -> None:
    plain, hot = recognition(), recognition(hotwords=("VoxQ",))
    english = recognition("en")
    assert key("sensevoice", plain) == key("sensevoice", hot) != key("sensevoice", english)
    assert key("paraformer-zh", plain) == key("paraformer-zh", english) != key("paraformer-zh", hot)
    bicif = MODELS / "bicif-words"
    assert key(bicif, plain) == key(bicif, hot) == key(bicif, recognition(words=True, use_punc=False))


def test_an_own_model_uses_the_punctuation_model_beside_it(tmp_path: Path) -> None:
    own = shutil.copytree(MODELS / "bicif-words", tmp_path / "own")
    assert dict(KIND.roles_for(request(own))) == {"path": str(own)}
    beside = shutil.copytree(MODELS / "ct-punc", tmp_path / "ct-punc")
    assert dict(KIND.roles_for(request(own))) == {"path": str(own), "punc": str(beside)}
    assert dict(KIND.roles_for(request(MODELS / "sv-words"))) == {"path": str(MODELS / "sv-words")}


def test_a_punctuation_model_recognises_nothing() -> None:
    with pytest.raises(EngineError, match="recognises no speech"):
        KIND.traits_for(request(MODELS / "ct-punc"))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (None, r"config\.yaml is missing"),
        ("model: Conformer\n", r"holds a Conformer.*SenseVoiceSmall"),
        ("{", "does not say which model"),
        ("- a\n", "does not say which model"),
        ("model: !!python/object/apply:os.getpid []\n", "does not say which model"),
    ],
)
def test_a_directory_without_a_supported_model_is_refused(
    tmp_path: Path, config: str | None, message: str
) -> None:
    if config is not None:
        (tmp_path / "config.yaml").write_text(config)
    with pytest.raises(EngineError, match=message):
        KIND.traits_for(request(tmp_path))
