"""Speaker encoders of 3D-Speaker and WeSpeaker as ONNX files, run by sherpa-onnx: CAM++, ERes2NetV2."""

from __future__ import annotations

from voxq import extras
from voxq.engines.contract import (
    Capability,
    Embedder,
    EngineFamily,
    EngineRequest,
    ModelPaths,
    Requirements,
    Traits,
)
from voxq.locale import Message

_MOST_AT_ONCE = 8
"""Maximum sounds of a call. sherpa-onnx takes one after the other; in one call they cost fewer messages."""


def _load(request: EngineRequest, models: ModelPaths) -> Embedder:
    from voxq.engines.embed import sherpa_speaker_model

    return sherpa_speaker_model.load(request, models)


FAMILY = EngineFamily(
    name="sherpa-speaker",
    capability=Capability.EMBED,
    models=("campplus-zh-en", "campplus-zh", "eres2netv2-zh"),
    summary=Message("Voices as 192 numbers by CAM++ or ERes2NetV2 of 3D-Speaker, on the CPU"),
    load=_load,
    traits_for=lambda request: Traits(max_items=_MOST_AT_ONCE),
    roles_for=lambda request: {"path": request.model},
    requirements=Requirements(extras.SHERPA.modules, extras.SHERPA.name),
)
