"""hibari: English, one voice, small and fast, inside a package. The embedded default."""

from __future__ import annotations

from voxq.engines.base import EngineRequest, ModelPaths
from voxq.engines.synthesis import Synthesiser, SynthesiserKind, Voice
from voxq.machine.devices import threads_for

_MOST_AT_ONCE = 4
"""Each takes up to 60 MB meanwhile, and the first sentence of a text waits for the longest beside it."""


def _load(request: EngineRequest, models: ModelPaths) -> Synthesiser:
    from voxq.engines import hibari_model

    return hibari_model.load(request, _at_once(request))


def _at_once(request: EngineRequest) -> int:
    return min(threads_for(request.threads), _MOST_AT_ONCE)


KIND = SynthesiserKind(
    summary="English, one voice, built in: faster than real time by a hundred on a CPU",
    voices=(Voice("heart", "en", "female", "US"),),
    load=_load,
    roles_for=lambda request: {},
    at_once=_at_once,
)
