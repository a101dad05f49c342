"""Every built-in family passes the conformance test that other engine authors use; sherpa-onnx does so in
test_sherpa_onnx.py and test_sherpa_families.py, where its models are made."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from audio import english

from voxq.engines import registry
from voxq.engines.contract import EngineError, EngineFamily, EngineRequest, Spoken, TextItem
from voxq.model_store.model import ModelError
from voxq.model_store.store import ModelStore
from voxq.testing.engines import NotConforming, check_engine

MODELS = Path(__file__).parent.parent / "data" / "models"


def paths(family: EngineFamily, model: str) -> dict[str, Path]:
    try:
        return family.model_paths(EngineRequest(family.name, model), ModelStore().resolve)
    except ModelError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize(
    ("engine", "model"),
    [
        ("faster-whisper", "whisper-base"),
        ("hibari", "hibari"),
        ("kokoro", "kokoro"),
        ("llm", "light"),
        ("ge2e", "ge2e"),
    ],
)
def test_a_built_in_family_conforms(engine: str, model: str) -> None:
    family = registry.find(engine)
    check_engine(family, model, paths=paths(family, model))


@pytest.mark.skipif(importlib.util.find_spec("funasr") is None, reason="FunASR is not installed")
@pytest.mark.parametrize("model", ["sv-words", "bicif-words"])
def test_funasr_conforms(model: str) -> None:
    family, directory = registry.find("funasr"), str(MODELS / model)
    sounds = [english("go left right stop")]
    check_engine(family, directory, paths=paths(family, directory), clips=sounds)


def test_an_engine_that_finds_text_in_silence_does_not() -> None:
    with pytest.raises(NotConforming, match="silence"):
        check_engine(registry.find("noop"), "noop")


class Careless:
    """Synthesiser that ignores the text and the voice and alternates between two sounds."""

    revision = "1"

    def __init__(self) -> None:
        self.calls = 0

    def run(self, batch: list[TextItem]) -> list[Spoken]:
        self.calls += 1
        return [Spoken(np.full(16_000, 0.1 * (self.calls % 2), np.float32), 16_000) for _ in batch]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "sounds different"),
        ({"contract": 0}, "version 0"),
        ({"name": "Not A Name"}, "lower-case"),
        ({"devices": ("tpu",)}, "classes"),
        ({"voices_for": lambda model: ()}, "no voice"),
        ({"models": ()}, "name one"),
    ],
)
def test_violations_are_named(changes: dict[str, Any], message: str) -> None:
    family = replace(registry.find("hibari"), load=lambda request, models: Careless(), **changes)
    with pytest.raises(NotConforming, match=message):
        check_engine(family)


def test_an_engine_that_fetches_its_model_does_not_conform() -> None:
    def load(request: EngineRequest, models: object) -> Careless:
        import socket

        socket.create_connection(("192.0.2.1", 80), timeout=1)
        raise EngineError("unreachable")

    with pytest.raises(NotConforming, match="connects"):
        check_engine(replace(registry.find("hibari"), load=load))
