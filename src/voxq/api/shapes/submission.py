"""What a submission is answered with, and a withdrawal."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from voxq.api.shapes.fields import EstimatedWait, Position, TaskId


class Submitted(BaseModel):
    """A task that was accepted, or that was there already for the same Idempotency-Key."""

    task_id: TaskId
    status: Literal["queued", "processing", "done", "failed", "cancelled"] = Field(
        description="queued, but for a repeated Idempotency-Key whose task has gone on."
    )
    position: Position
    estimated_wait: EstimatedWait


class BatchItem(BaseModel):
    """One text of a batch: its task, or why there is none."""

    task_id: str | None = Field(description="null if it was refused.")
    status: str = Field(description="queued or refused.")
    error: str = Field(default="", description="Why it was refused.")
    code: str = Field(default="", description="Why it was refused, in one word.")


class Batch(BaseModel):
    """The tasks of a batch, in the order of its texts."""

    total: int = Field(ge=0, description="How many texts were taken.")
    tasks: list[BatchItem]


class Removed(BaseModel):
    """What became of a task that was not wanted any more."""

    task_id: TaskId
    status: Literal["cancelled", "deleted"] = Field(
        description="cancelled: it had not ended, and will not be done. deleted: nothing of it is left."
    )
