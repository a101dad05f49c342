"""Model plans for tests that need no model process."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from voxq.engines.contract import Capability, EngineRequest
from voxq.engines.recognise import noop
from voxq.storage.tuning import Subject
from voxq.worker.plan import ModelPlan


def model_plan(name: str = "noop", *, size_mb: int = 0, **traits: Any) -> ModelPlan:
    """Plan of a noop model, with some traits changed."""
    request = EngineRequest("noop", "noop")
    changed = replace(noop.FAMILY.traits_for(request), **traits)
    subject = Subject(noop.FAMILY, request, {})
    return ModelPlan(name, Capability.RECOGNISE, request, changed, subject, size_mb=size_mb)
