"""Responses with the state of the queue and with its tasks."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from voxq.api.shapes.fields import CreatedAt, Duration, TaskId


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


class OpenTask(BaseModel):
    """A task that waits or is in work."""

    task_id: TaskId
    kind: str = Field(description="Kind of the task, as in the paths of the API.")
    status: Literal["queued", "processing"] = Field(description="Whether it waits or is in work.")
    lane: Literal["high", "short", "long"] = Field(description="Lane that it waits in, or came from.")
    created_at: CreatedAt
    age: int = Field(ge=0, description="Seconds since it was submitted.")
    duration: Duration
    model: str = Field(default="", description="Name of the model, if one was chosen.")
    position: int | None = Field(default=None, ge=1, description="Position in the queue: 1 is next.")
    estimated_wait: int | None = Field(
        default=None, ge=0, description="Approximate seconds until it is started; while it waits."
    )
    progress: int | None = Field(default=None, ge=0, le=100, description="Percentage that is done; in work.")
    estimated_left: int | None = Field(
        default=None, ge=0, description="Approximate seconds until it ends; in work, once there is progress."
    )
    result_url: str = Field(description="Relative URL of its state and result.")
    owner: str = Field(default="", description="Owner of the task, if it is not the caller.")


class OpenTasks(BaseModel):
    """A page of open tasks: those in work first, then those that wait, in the order of their lanes."""

    tasks: list[OpenTask] = Field(description="The tasks of this page.")
    next_cursor: str | None = Field(
        default=None,
        description="`cursor` of the next page, null on the last. A page may be short or empty.",
    )
