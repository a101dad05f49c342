"""Whether the service lives, and whether it would work."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class Alive(BaseModel):
    """The process answers; this says nothing about anything else."""

    status: Literal["alive"]


class Health(BaseModel):
    """Whether work would be done."""

    status: Literal["ready", "unavailable"]
    model_loaded: bool = Field(description="Whether some worker can begin at once.")
    redis_connected: bool
    workers_active: int = Field(ge=0, description="Workers that can begin at once.")
    uptime: str = Field(examples=["3 days 5 hours"], description="Of this API process.")
    error: str = Field(default="", description="503: the first reason.")
    reasons: list[str] = Field(default=[], description="503: all reasons, as words.")
