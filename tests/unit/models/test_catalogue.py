from __future__ import annotations

import pytest

from voxq.engines import registry
from voxq.engines.contract import Capability
from voxq.engines.languages import LANGUAGES
from voxq.model_store import published
from voxq.model_store.model import HUBS, Hubs, Model, is_repository
from voxq.model_store.published import MODELS, UnknownModel


@pytest.fixture(params=MODELS, ids=lambda model: model.name)
def model(request: pytest.FixtureRequest) -> Model:
    return request.param


def test_names_are_unique() -> None:
    names = [model.name for model in MODELS]
    assert len(set(names)) == len(names)


def test_catalogue_entries_are_complete(model: Model) -> None:
    assert published.find(model.name) is model
    assert model.role != "recogniser" or model.engine in registry.names(Capability.RECOGNISE)
    assert model.role != "synthesiser" or model.engine in registry.names(Capability.SPEAK)
    assert model.licence
    assert model.languages
    assert model.size_mb > 0
    assert set(model.language_codes or ()) <= set(LANGUAGES)


def test_a_hubs_entry_can_be_fetched_and_recognised(model: Model) -> None:
    source = model.hubs
    if source is None:
        pytest.skip("it comes in packages")
    assert source.repositories
    assert set(source.repositories) <= set(HUBS)
    assert all(map(is_repository, source.repositories.values()))
    assert source.required
    assert all(map(source.wants, source.required))
    assert not source.wants("README.md")
    assert not source.wants("example/asr_example.wav")


def test_a_repository_is_known_by_its_id(model: Model) -> None:
    """Look up a repository of the catalogue by id, which gives its entry with engine and companion models.
    One that several models share is no name of any of them."""
    if isinstance(model.source, Hubs):
        for repository in model.source.repositories.values():
            there = [
                each
                for each in published.MODELS
                if each.hubs and repository in each.hubs.repositories.values()
            ]
            if len(there) == 1:
                assert published.find(repository) is model
            else:
                with pytest.raises(published.UnknownModel):
                    published.find(repository)


def test_companions_are_helpers_that_need_nothing_themselves(model: Model) -> None:
    companions = list(map(published.find, model.needs))
    assert all(companion.role != "recogniser" and not companion.needs for companion in companions)


def test_the_presets() -> None:
    assert published.find("SenseVoice").needs == ()
    assert published.find("paraformer-zh").needs == ("ct-punc",)


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownModel, match=r"sensevoice.*whisper-base"):
        published.find("owner/nothing-like-it")
