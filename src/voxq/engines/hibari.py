"""hibari: English, one voice, small and fast, inside a package. The embedded default."""

from __future__ import annotations

from voxq.engines.base import EngineRequest, ModelPaths
from voxq.engines.synthesis import Synthesiser, SynthesiserKind, Voice


def _load(request: EngineRequest, models: ModelPaths) -> Synthesiser:
    from voxq.engines import hibari_model

    return hibari_model.load(request)


KIND = SynthesiserKind(
    summary="English, one voice, built in: faster than real time by a hundred on a CPU",
    voices=(Voice("heart", "en", "female", "US"),),
    load=_load,
    roles_for=lambda request: {},
)
