"""The queue at a glance."""

from __future__ import annotations

from pydantic import BaseModel, Field


class Lanes(BaseModel):
    """Waiting tasks by lane."""

    high: int = Field(description="Submitted with priority=high.")
    short: int = Field(description="Voice notes and the like.")
    long: int = Field(description="Long recordings, unknown durations, priority=low.")


class QueueStatus(BaseModel):
    """The queue at a glance, everybody's tasks."""

    queued: int = Field(ge=0, description="Tasks that wait.")
    processing: int = Field(ge=0, description="Tasks that workers have.")
    failed: int = Field(ge=0, description="Failed tasks that are still kept.")
    workers: int = Field(ge=0, description="Workers that are alive.")
    workers_busy: int = Field(ge=0, description="Workers that have a task.")
    queued_seconds: float = Field(ge=0, description="Seconds of audio that wait.")
    lanes: Lanes
