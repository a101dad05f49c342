"""Figures: of each kind of task, and of the whole service."""

from __future__ import annotations

from pydantic import BaseModel, Field

from voxq.api.shapes.workers import DeviceView, WorkerView


class MeanAndP95(BaseModel):
    mean: float | None = Field(description="null before anything was measured.")
    p95: float | None = Field(description="null before anything was measured; at most 10% too high.")


class LastHour(BaseModel):
    """Tasks done in the last 3600 seconds."""

    done: int = Field(ge=0, description="How many (of the last 5000).")
    audio_seconds: float = Field(description="Seconds of audio in them.")
    queue_wait: MeanAndP95 = Field(description="Seconds they waited.")
    real_time_factor: MeanAndP95 = Field(description="Engine seconds per second of audio.")


class SinceStart(BaseModel):
    """Everything since Redis was empty."""

    done: int
    failed: int
    cancelled: int
    audio_seconds: float = Field(description="Seconds of audio done.")
    queue_wait: MeanAndP95 = Field(description="Seconds that tasks waited.")
    real_time_factor: MeanAndP95 = Field(description="Engine seconds per second of audio.")
    failures_by_code: dict[str, int] = Field(description="Failed tasks by their code.")


class TasksByStatus(BaseModel):
    """Tasks by where they are; ended ones since Redis was empty."""

    queued: int
    processing: int
    done: int
    failed: int
    cancelled: int


class KindStats(BaseModel):
    """Figures of one kind of task."""

    tasks: TasksByStatus
    since_start: SinceStart
    last_hour: LastHour


class Stats(KindStats):
    """Figures of the whole service. Beside `kinds` and what workers have, they are of recordings."""

    kinds: dict[str, KindStats] = Field(description="asr: of recordings, the same again; tts: of texts.")
    workers: list[WorkerView]
    devices: list[DeviceView]
