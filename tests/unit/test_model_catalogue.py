"""Models of a service: the default, the operator's own, and installed ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from voxq.engines import registry
from voxq.engines.contract import Capability, EngineError
from voxq.model_catalogue import ListedModel, Listing, ModelCatalogue, default_model, listings_of
from voxq.model_store import published
from voxq.model_store.published import UnknownModel
from voxq.model_store.store import ModelStore
from voxq.settings import Settings


@pytest.fixture
def search(tmp_path: Path) -> Path:
    """Directory with a complete whisper-small and an incomplete whisper-tiny."""
    for repository, files in {"small": ("config.json", "model.bin"), "tiny": ("config.json",)}.items():
        directory = tmp_path / "hub" / f"Systran/faster-whisper-{repository}"
        directory.mkdir(parents=True)
        for file in files:
            (directory / file).touch()
    return tmp_path / "hub"


def model_catalogue(tmp_path: Path, search: Path, **settings: str) -> ModelCatalogue:
    ours = Settings(**settings)  # pyright: ignore[reportArgumentType]
    store = ModelStore(tmp_path / "models", [search], environ={"HF_HOME": str(tmp_path)})
    own = [ListedModel(name, engine, model) for name, (engine, model) in ours.own_models.items()]
    return ModelCatalogue(default_model(ours), own, store)


def test_the_default_comes_first_and_then_all_that_can_be_loaded(tmp_path: Path, search: Path) -> None:
    calls = "calls=noop:/models/calls, Notes=noop:sleep-1ms"
    assert [model.name for model in model_catalogue(tmp_path, search, asr_models=calls).all()] == [
        "whisper-base",
        "Notes",
        "calls",
        "whisper-small",
    ]


def test_an_operators_name_hides_what_is_installed_under_it(tmp_path: Path, search: Path) -> None:
    ours = model_catalogue(tmp_path, search, asr_models="whisper-small=noop:noop")
    assert ours.find("whisper-small") == ListedModel("whisper-small", "noop", "noop")
    assert [model.name for model in ours.all()] == ["whisper-base", "whisper-small"]
    assert ours.entry_of("whisper-small") is None
    assert ours.engine_of("whisper-small") == "noop"


def test_models_are_found_by_name_and_alias(tmp_path: Path, search: Path) -> None:
    ours = model_catalogue(tmp_path, search)
    assert ours.find(None) == ours.find("whisper-1") == ours.find("Whisper-Base") == ours.default
    assert ours.find("small") == ListedModel("whisper-small", "faster-whisper", "whisper-small")
    for missing in ("whisper-tiny", "tiny", "sensevoice", "tts-1", "../whisper-small", ""):
        with pytest.raises(UnknownModel, match=r"whisper-base, whisper-small\."):
            ours.find(missing)


def test_models_installed_later_are_found(tmp_path: Path, search: Path) -> None:
    ours = model_catalogue(tmp_path, search)
    (search / "Systran/faster-whisper-tiny/model.bin").touch()
    assert ours.find("tiny").name == "whisper-tiny"


def test_models_that_cannot_be_loaded_are_not_offered(
    tmp_path: Path, search: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Find a Paraformer that other tools fetched, without its punctuation model, then without its engine."""
    ours, engines = model_catalogue(tmp_path, search), {"faster-whisper", "funasr"}
    monkeypatch.setattr(registry, "is_installed", engines.__contains__)

    def put(name: str) -> None:
        hubs = published.find(name).hubs
        assert hubs is not None
        directory = search / hubs.repositories["modelscope"]
        directory.mkdir(parents=True)
        for file in hubs.required:
            (directory / file).touch()

    put("paraformer-zh")
    with pytest.raises(UnknownModel):
        ours.find("paraformer")
    put("ct-punc")
    assert ours.find("paraformer") == ListedModel("paraformer-zh", "funasr", "paraformer-zh")
    engines.remove("funasr")
    with pytest.raises(UnknownModel):
        ours.find("paraformer")


def test_the_catalogue_describes_its_models_under_any_name(tmp_path: Path, search: Path) -> None:
    ours = model_catalogue(
        tmp_path, search, asr_models="fast=faster-whisper:whisper-tiny,ours=funasr:/models/ours"
    )
    for name, described in {"whisper-base": "whisper-base", "fast": "whisper-tiny"}.items():
        entry = ours.entry_of(name)
        assert entry is not None
        assert entry.name == described
    assert ours.entry_of("ours") is None
    assert ours.engine_of("ours") == "funasr"
    assert ours.entry_of("another machine's") is None
    assert ours.engine_of("another machine's") is None


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("small", ListedModel("whisper-small", "faster-whisper", "whisper-small")),
        ("/models/our-whisper", ListedModel("our-whisper", "noop", "/models/our-whisper")),
        ("someone/their-model", ListedModel("their-model", "noop", "someone/their-model")),
    ],
)
def test_the_default_brings_its_engine_if_it_is_known(model: str, expected: ListedModel) -> None:
    assert default_model(Settings(asr_model=model, asr_engine="noop")) == expected


PROVIDERS = "local=http://127.0.0.1:11434/v1|qwen3:8b,openai=https://api.openai.com/v1|gpt-5"


def rewriters(**settings: str) -> Listing:
    ours = Settings(**settings)  # pyright: ignore[reportArgumentType]
    return listings_of(ours)[Capability.REWRITE]


def test_providers_are_models_that_rewrite_and_the_rules_are_the_last() -> None:
    listing = rewriters(llm_providers=PROVIDERS, llm_default="openai")
    assert [model.name for model in listing.all()] == ["openai", "local", "light"]
    assert listing.find(None).name == listing.default.name == "openai"
    assert listing.find("light").name == "light"
    with pytest.raises(EngineError):
        listing.find("http://127.0.0.1:11434/v1")


def test_without_providers_only_the_rules_rewrite() -> None:
    assert [model.name for model in rewriters().all()] == ["light"]
    assert rewriters().default.name == "light"


def test_another_model_of_a_provider_gives_other_answers() -> None:
    assert rewriters(llm_providers=PROVIDERS).parts_of("local") == ("qwen3:8b",)


def test_a_key_is_in_no_representation() -> None:
    listed = rewriters(llm_providers=PROVIDERS, llm_keys="local=sk-secret").find("local")
    assert listed.config["key"] == "sk-secret"
    assert "sk-secret" not in repr(listed)
