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
from voxq.locale import Message
from voxq.machine.devices import threads_for

_TIMES_REAL_TIME = 1.5
"""On one core, beside another sentence on the next."""
_MOST_AT_ONCE = 2
"""Maximum sentences per batch: the longest takes 0.4 GB."""


def _load(request: EngineRequest, models: ModelPaths) -> Synthesiser:
    from voxq.engines.speak import kokoro_model

    return kokoro_model.load(request, models, _at_once(request))


def _at_once(request: EngineRequest) -> int:
    return min(threads_for(request.threads), _MOST_AT_ONCE)


def _traits_for(request: EngineRequest) -> Traits:
    return Traits(max_items=_at_once(request), is_parallel=True, times_real_time=_TIMES_REAL_TIME)


FAMILY = EngineFamily(
    name="kokoro",
    capability=Capability.SPEAK,
    models=("kokoro",),
    summary=Message("Chinese, English, Japanese, Spanish and French in 45 voices: 'voxq models pull kokoro'"),
    voices_for=lambda model: VOICES,
    load=_load,
    traits_for=_traits_for,
    roles_for=lambda request: {"path": request.model, "voices": "kokoro-voices"},
    mixes=True,
    options=frozenset({"voice", "speed", "pitch", "language", "normalise"}),
    requirements=Requirements(extras.KOKORO.modules, extras.KOKORO.name),
    languages=REQUIREMENTS,
)
