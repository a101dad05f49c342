"""hibari: English, one voice, small and fast, contained in a package. The embedded default."""

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
    Voice,
)
from voxq.locale import Message
from voxq.machine.devices import threads_for

_MOST_AT_ONCE = 4
"""Maximum sentences per batch: each takes up to 60 MB, and the first sentence of a text waits for the longest
in its batch."""


def _load(request: EngineRequest, models: ModelPaths) -> Synthesiser:
    from voxq.engines.speak import hibari_model

    return hibari_model.load(request, _at_once(request))


def _at_once(request: EngineRequest) -> int:
    return min(threads_for(request.threads), _MOST_AT_ONCE)


FAMILY = EngineFamily(
    name="hibari",
    capability=Capability.SPEAK,
    models=("hibari",),
    summary=Message("English, one voice, built in: about a hundred times faster than real time on a CPU"),
    voices_for=lambda model: (Voice("heart", "en", "female", "US"),),
    load=_load,
    traits_for=lambda request: Traits(max_items=_at_once(request), is_parallel=True),
    options=frozenset({"voice", "speed", "pitch", "normalise"}),
    requirements=Requirements(extras.HIBARI.modules, extras.HIBARI.name),
)
