"""Kokoro v1.0: Chinese, English, Japanese, Spanish and French in many voices, as ONNX on the CPU."""

from __future__ import annotations

from voxq import extras
from voxq.engines.contract import (
    Capability,
    EngineFamily,
    EngineRequest,
    ModelPaths,
    Requirements,
    Synthesiser,
    Traits,
)
from voxq.engines.speak.kokoro_voices import REQUIREMENTS, VOICES


def _load(request: EngineRequest, models: ModelPaths) -> Synthesiser:
    from voxq.engines.speak import kokoro_model

    return kokoro_model.load(request, models)


FAMILY = EngineFamily(
    name="kokoro",
    capability=Capability.SPEAK,
    models=("kokoro",),
    summary="Chinese, English, Japanese, Spanish and French in 45 voices: 'voxq models pull kokoro'",
    voices_for=lambda model: VOICES,
    load=_load,
    traits_for=lambda request: Traits(is_parallel=True),
    roles_for=lambda request: {"path": request.model, "voices": "kokoro-voices"},
    mixes=True,
    options=frozenset({"voice", "speed", "language", "normalise"}),
    requirements=Requirements(extras.KOKORO.modules, extras.KOKORO.name),
    languages=REQUIREMENTS,
)
