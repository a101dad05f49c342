"""Kokoro v1.0: Chinese, English, Japanese, Spanish and French in many voices, as ONNX on the CPU."""

from __future__ import annotations

from voxq.engines.base import EngineRequest, ModelPaths
from voxq.engines.kokoro_voices import VOICES
from voxq.engines.language_packages import PACKAGES
from voxq.engines.synthesis import Synthesiser, SynthesiserKind


def _load(request: EngineRequest, models: ModelPaths) -> Synthesiser:
    from voxq.engines import kokoro_model

    return kokoro_model.load(request, models)


KIND = SynthesiserKind(
    summary="Chinese, English, Japanese, Spanish and French in 45 voices: 'voxq models pull kokoro'",
    voices=VOICES,
    load=_load,
    roles_for=lambda request: {"path": request.model, "voices": "kokoro-voices"},
    mixes=True,
    packages=PACKAGES,
)
