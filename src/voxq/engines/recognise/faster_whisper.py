"""Whisper models in CTranslate2's format, run by faster-whisper."""

from __future__ import annotations

import re
from pathlib import Path

from voxq import extras
from voxq.engines.contract import (
    Capability,
    Chunking,
    EngineFamily,
    EngineRequest,
    ModelPaths,
    Recogniser,
    Requirements,
    Traits,
)
from voxq.locale import Message

_ONLY_TRANSCRIBES = re.compile(r"turbo|distil|\.en\b")
"""Marks in the names of models that were not trained to translate."""


def _traits_for(request: EngineRequest) -> Traits:
    # One chunk per call: on a CPU CTranslate2 gains nothing from batches; on a GPU it has not been measured.
    return Traits(
        Chunking(),
        max_items=1,
        padded_to=30.0,
        detects_language=True,
        follows_language=True,
        translates=not _ONLY_TRANSCRIBES.search(Path(request.model).name.lower()),
    )


def _load(request: EngineRequest, models: ModelPaths) -> Recogniser:
    from voxq.engines.recognise import faster_whisper_model

    return faster_whisper_model.load(request, models)


FAMILY = EngineFamily(
    name="faster-whisper",
    capability=Capability.RECOGNISE,
    summary=Message("Whisper models in CTranslate2's form: about 100 languages, CPU or NVIDIA GPU"),
    traits_for=_traits_for,
    load=_load,
    roles_for=lambda request: {"path": request.model},
    options=frozenset({"language", "hotwords", "words", "translate"}),
    devices=("cuda", "cpu"),
    requirements=Requirements(extras.WHISPER.modules, extras.WHISPER.name),
)
