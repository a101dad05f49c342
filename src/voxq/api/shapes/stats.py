"""Statistics of each kind of task and of the whole service."""

from __future__ import annotations

from pydantic import BaseModel, Field

from voxq.api.shapes.workers import DeviceView, WorkerView


class MeanAndP95(BaseModel):
    mean: float | None = Field(description="Mean; null without data.")
    p95: float | None = Field(description="95th percentile, at most 10% too high; null without data.")


class LastHour(BaseModel):
    """Tasks done in the last 3600 seconds."""

    done: int = Field(ge=0, description="Number of tasks (among the last 5000).")
    audio_seconds: float = Field(description="Seconds of audio in these tasks.")
    queue_wait: MeanAndP95 = Field(description="Seconds that these tasks waited.")
    real_time_factor: MeanAndP95 = Field(description="Engine seconds per second of audio.")


class SinceStart(BaseModel):
    """Totals since Redis was empty."""

    done: int = Field(description="Tasks that are done.")
    failed: int = Field(description="Tasks that failed.")
    cancelled: int = Field(description="Tasks that were cancelled.")
    audio_seconds: float = Field(description="Seconds of audio done.")
    queue_wait: MeanAndP95 = Field(description="Seconds that tasks waited.")
    real_time_factor: MeanAndP95 = Field(description="Engine seconds per second of audio.")
    failures_by_code: dict[str, int] = Field(description="Failed tasks by their code.")


class TasksByStatus(BaseModel):
    """Number of tasks by status; ended ones since Redis was empty."""

    queued: int = Field(description="Tasks that wait.")
    processing: int = Field(description="Tasks in work.")
    done: int = Field(description="Tasks that are done.")
    failed: int = Field(description="Tasks that failed.")
    cancelled: int = Field(description="Tasks that were cancelled.")


class KindStats(BaseModel):
    """Statistics of one kind of task."""

    tasks: TasksByStatus = Field(description="Number of tasks by status.")
    since_start: SinceStart = Field(description="Totals.")
    last_hour: LastHour = Field(description="The last 3600 seconds.")


class Stats(KindStats):
    """Statistics of the whole service. Except for `kinds` and the workers, they concern recordings only."""

    kinds: dict[str, KindStats] = Field(
        description="asr: recordings, as at the top level; tts: texts to speak."
    )
    workers: list[WorkerView] = Field(description="The workers, by number.")
    devices: list[DeviceView] = Field(description="Their devices.")
