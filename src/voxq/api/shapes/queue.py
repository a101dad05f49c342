"""Response with the state of the queue."""

from __future__ import annotations

from pydantic import BaseModel, Field


class Lanes(BaseModel):
    """Number of waiting tasks by lane."""

    high: int = Field(description="Submitted with priority=high.")
    short: int = Field(description="Short recordings such as voice notes.")
    long: int = Field(description="Long recordings, unknown durations, priority=low.")


class QueueStatus(BaseModel):
    """State of the queue, with the tasks of all owners."""

    queued: int = Field(ge=0, description="Waiting tasks.")
    processing: int = Field(ge=0, description="Tasks that workers are processing.")
    failed: int = Field(ge=0, description="Failed tasks that are still stored.")
    workers: int = Field(ge=0, description="Living workers.")
    workers_busy: int = Field(ge=0, description="Workers that are processing a task.")
    queued_seconds: float = Field(ge=0, description="Seconds of waiting audio.")
    lanes: Lanes = Field(description="Waiting tasks by lane.")
