"""Responses to submissions and to deletions."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from voxq.api.shapes.fields import EstimatedWait, Position, TaskId


class Submitted(BaseModel):
    """An accepted task, or the existing one for the same Idempotency-Key."""

    task_id: TaskId
    status: Literal["queued", "processing", "done", "failed", "cancelled"] = Field(
        description="queued, unless a repeated Idempotency-Key names a task that is no longer queued."
    )
    position: Position
    estimated_wait: EstimatedWait


class BatchItem(BaseModel):
    """One text of a batch: its task, or the reason why it was refused."""

    task_id: str | None = Field(description="null if it was refused.")
    status: str = Field(description="queued or refused.")
    error: str = Field(default="", description="Why it was refused.")
    code: str = Field(default="", description="Why it was refused, as a code.")


class Batch(BaseModel):
    """The tasks of a batch, in the order of its texts."""

    total: int = Field(ge=0, description="Number of accepted texts.")
    tasks: list[BatchItem] = Field(description="One entry for each text, in their order.")


class Removed(BaseModel):
    """Result of deleting a task."""

    task_id: TaskId
    status: Literal["cancelled", "deleted"] = Field(
        description="cancelled: it had not ended and will not be done. deleted: all its data are removed."
    )
