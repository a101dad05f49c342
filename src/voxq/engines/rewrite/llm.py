"""Rewriting by the language models of servers that the operator named, and by rules where there is none."""

from __future__ import annotations

from voxq.engines.contract import (
    AnyEngine,
    Capability,
    EngineError,
    EngineFamily,
    EngineRequest,
    ModelPaths,
    Traits,
)
from voxq.llm.provider import LIGHT, Provider
from voxq.locale import Message

_PATIENCE = 4.0
"""Requests that an item may make one after the other, each with all the time of its provider: two answers of
which each is asked for again."""
_BESIDE_SECONDS = 120.0
"""Pauses between them, and the time for which a provider may be left alone."""
_MARGIN_SECONDS = 10.0


def _provider_of(request: EngineRequest) -> Provider | None:
    """Return the provider of a model; None for the rules. Raises EngineError for one without an address."""
    if request.model == LIGHT:
        return None
    try:
        return Provider.of(request.config)
    except TypeError:
        raise EngineError(
            Message("LLM_PROVIDERS has no server with the name {name}.", name=request.model)
        ) from None


def _traits_for(request: EngineRequest) -> Traits:
    provider = _provider_of(request)
    if provider is None:
        return Traits(max_items=16, at_once=16, per_call=())
    longest = _longest_call(provider) + _MARGIN_SECONDS
    return Traits(calls=provider.calls, longest_call=longest, per_call=())


def _longest_call(provider: Provider) -> float:
    """Return the seconds within which a text is rewritten, or an error."""
    return _PATIENCE * provider.seconds + _BESIDE_SECONDS


def _load(request: EngineRequest, models: ModelPaths) -> AnyEngine:
    from voxq.engines.rewrite.by_model import ByModel
    from voxq.engines.rewrite.by_rules import ByRules

    provider = _provider_of(request)
    return ByRules() if provider is None else ByModel(provider, _longest_call(provider))


FAMILY = EngineFamily(
    name="llm",
    capability=Capability.REWRITE,
    summary="Language models on the servers in LLM_PROVIDERS; light: rules, no model",
    load=_load,
    traits_for=_traits_for,
    models=(LIGHT,),
    options=frozenset({"mode", "language", "prompt", "target", "segments", "stream"}),
    devices=("net",),
)
