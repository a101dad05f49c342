"""Plans of models, for tests of what needs no model process."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from voxq.engines import noop
from voxq.engines.base import EngineRequest
from voxq.worker.plan import ModelPlan


def model_plan(name: str = "noop", *, size_mb: int = 0, **traits: Any) -> ModelPlan:
    """Of the noop engine, with some of its traits changed."""
    request = EngineRequest("noop", "noop")
    return ModelPlan(name, request, replace(noop.KIND.traits_for(request), **traits), {}, size_mb)
