"""GE2E: 256 numbers that tell who speaks, whatever the language. Contained in this package; on the CPU."""

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

_MOST_AT_ONCE = 32
"""Maximum sounds of a call: single windows gain from company, and a call of this size takes 100 MB."""


def _load(request: EngineRequest, models: ModelPaths) -> Embedder:
    from voxq.engines.embed import ge2e_model

    return ge2e_model.load(request)


FAMILY = EngineFamily(
    name="ge2e",
    capability=Capability.EMBED,
    models=("ge2e",),
    summary=Message("Voices as 256 numbers, built in: a hundred times faster than real time on a CPU"),
    load=_load,
    traits_for=lambda request: Traits(max_items=_MOST_AT_ONCE),
    requirements=Requirements(extras.WORKER.modules, extras.WORKER.name),
)
