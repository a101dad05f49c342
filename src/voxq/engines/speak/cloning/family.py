"""Description of the families that speak in the voice of a recording."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from voxq.engines.contract import (
    AnyEngine,
    Capability,
    EngineError,
    EngineFamily,
    EngineRequest,
    ModelPaths,
    Requirements,
    Traits,
)
from voxq.locale import Message

AV = "av==18.1.0"
"""What changes speed and pitch, and reads and resamples recordings."""
_COMMON = frozenset({"language", "speed", "pitch", "seed"})


@dataclass(frozen=True, slots=True)
class CloningModel:
    """A model: names of the model store by role, and the languages that it speaks."""

    roles: Mapping[str, str]
    languages: tuple[str, ...]


def cloning_family(
    name: str,
    summary: str,
    load: Callable[[EngineRequest, ModelPaths], AnyEngine],
    models: Mapping[str, CloningModel],
    *,
    library: str,
    pins: tuple[str, ...],
    devices: tuple[str, ...] = ("cuda", "cpu"),
    options: frozenset[str] = frozenset(),
) -> EngineFamily:
    """Describe a family that speaks one sentence at a time; `options`: what it honours beyond speed and
    pitch."""

    def model_of(request: EngineRequest) -> CloningModel:
        if request.model not in models:
            raise EngineError(
                Message(
                    "The engine {name} has no model {model!r}. It has: {models}.",
                    name=name,
                    model=request.model,
                    models=", ".join(models),
                )
            )
        return models[request.model]

    return EngineFamily(
        name=name,
        capability=Capability.SPEAK,
        summary=summary,
        load=load,
        traits_for=lambda request: Traits(clones="samples", cloned_languages=model_of(request).languages),
        roles_for=lambda request: model_of(request).roles,
        models=tuple(models),
        options=_COMMON | options,
        devices=devices,
        requirements=Requirements((library,), environment=name),
        pins=(*pins, AV),
    )
