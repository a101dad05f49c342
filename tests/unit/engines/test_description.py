"""What a family says of itself survives the way from one interpreter to another."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from voxq.engines import environments, registry
from voxq.engines.contract import EngineError, EngineRequest, Traits
from voxq.engines.description import describe, family_of


@pytest.mark.parametrize("name", ["hibari", "kokoro"])
def test_a_description_contains_everything_the_parent_needs(name: str) -> None:
    family = registry.find(name)
    told = family_of(json.loads(json.dumps(describe(family))))
    request = EngineRequest(name, name)
    assert told.traits_for(request) == family.traits_for(request)
    assert dict(told.roles_for(request)) == dict(family.roles_for(request))
    assert told.voices_for(name) == family.voices_for(name)
    assert (told.name, told.capability, told.summary) == (family.name, family.capability, family.summary)
    assert (told.options, told.devices, told.mixes) == (family.options, family.devices, family.mixes)
    with pytest.raises(EngineError, match="no model 'other'"):
        told.traits_for(EngineRequest(name, "other"))
    with pytest.raises(EngineError, match="own environment"):
        told.load(request, {})


def test_a_description_says_what_a_model_needs_of_a_voice() -> None:
    cloning = Traits(max_items=2, clones="samples", cloned_languages=("en", "zh"), per_call=("language",))
    family = replace(registry.find("hibari"), traits_for=lambda request: cloning)
    read = family_of(json.loads(json.dumps(describe(family))))
    assert read.traits_for(EngineRequest("hibari", "hibari")) == cloning
    assert read.languages_here("hibari") == ("en", "zh")


def test_a_description_from_before_voices_were_cloned_is_read() -> None:
    record = json.loads(json.dumps(describe(registry.find("hibari"))))
    for name in ("clones", "cloned_languages"):
        del record["models"]["hibari"]["traits"][name]
    assert family_of(record).traits_for(EngineRequest("hibari", "hibari")).clones == "none"


@pytest.mark.parametrize(
    "change", [{"contract": 7}, {"models": None}, {"capability": "fly"}, {"models": {"a": {}}}]
)
def test_an_unreadable_description_asks_for_a_new_installation(change: dict[str, Any]) -> None:
    with pytest.raises(EngineError, match="install it again"):
        family_of({**describe(registry.find("hibari")), **change})


@pytest.mark.parametrize("name", ["../up", "", "a/b", ".hidden", "/etc"])
def test_a_name_is_never_a_path(name: str) -> None:
    assert environments.find(name) is None
    assert not environments.remove(name)
