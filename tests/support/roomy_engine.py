"""A recogniser that leaves a choice of layouts: "roomy_engine:KIND" with VOXQ_TEST_ENGINES=1."""

from __future__ import annotations

from dataclasses import replace

from voxq.engines.contract import EngineRequest, Layout, Traits
from voxq.engines.recognise import noop

_USUAL = Layout(2, 8)


def _traits_for(request: EngineRequest) -> Traits:
    replicas, items = request.replicas or _USUAL.replicas, request.items or _USUAL.items
    return Traits(at_once=replicas, max_items=items)


def _layouts_for(request: EngineRequest) -> tuple[Layout, ...]:
    counts = (request.replicas,) if request.replicas else (_USUAL.replicas, 1, 4)
    return tuple(Layout(replicas, items) for replicas in counts for items in (_USUAL.items, 16))


KIND = replace(noop.FAMILY, name="roomy_engine:KIND", traits_for=_traits_for, layouts_for=_layouts_for)
