"""Liveness and readiness of the service."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class Alive(BaseModel):
    """The API process answers; nothing else is checked."""

    status: Literal["alive"] = Field(description="Always alive.")


class Health(BaseModel):
    """Whether tasks would be processed now."""

    status: Literal["ready", "unavailable"] = Field(description="ready, or why it is not in `error`.")
    model_loaded: bool = Field(
        description="Whether a worker has a model in memory; false with `ready` if models load on demand."
    )
    redis_connected: bool = Field(description="Whether Redis answers.")
    workers_active: int = Field(ge=0, description="Workers that can start a task at once.")
    uptime: str = Field(examples=["3 days 5 hours"], description="Uptime of this API process.")
    error: str = Field(default="", description="503: the first reason.")
    reasons: list[str] = Field(default=[], description="503: all reasons, as codes.")
