"""Response with ended tasks."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from voxq.api.shapes.fields import AudioUrl, CreatedAt, Duration, TaskId


class HistoryRecord(BaseModel):
    """One ended task."""

    task_id: TaskId
    filename: str = Field(
        examples=["2025-12-01_001_k3v9qz0b1x2y.wav"], description="Name of the stored file."
    )
    text: str = Field(description="What was said; empty for a failed task.")
    created_at: CreatedAt
    duration: Duration
    status: Literal["success", "failed"] = Field(description="success corresponds to a result's done.")
    audio_url: AudioUrl
    model: str = Field(default="", description="Name of the model, if known.")
    error: str = Field(default="", description="Why the task failed; with status=failed.")
    code: str = Field(default="", description="Why the task failed, as a code; with status=failed.")
    attempts: int = Field(default=0, description="Number of attempts; with status=failed.")
    retry_url: str | None = Field(
        default=None, description="URL for a POST that retries the task; with status=failed."
    )
    rewrite_mode: str = Field(
        default="",
        examples=["optimize"],
        description="How the transcript was rewritten, if it was; the result has the rewritten text.",
    )
    rewrite_error: str = Field(default="", description="Why the transcript could not be rewritten.")
    owner: str = Field(default="", description="Owner of the task, if it is not the caller.")


class History(BaseModel):
    """The caller's ended tasks, newest first."""

    total: int = Field(ge=0, description="How many records follow.")
    records: list[HistoryRecord] = Field(description="The records, the newest first.")
