"""How a task is: one shape for each status, and what they are made of."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from voxq.api.shapes.fields import (
    Attempts,
    AudioUrl,
    CreatedAt,
    Duration,
    EstimatedWait,
    Position,
    RetryUrl,
    TaskId,
)


class SegmentView(BaseModel):
    """A stretch of speech."""

    start: float = Field(description="Seconds from the beginning of the recording.")
    end: float = Field(description="Seconds from the beginning of the recording.")
    text: str = Field(description="What was said.")
    raw_text: str = Field(default="", description="The same before punctuation was added, if it was.")
    emotion: str = Field(default="", examples=["happy"], description="How it sounded, if the model tells.")
    events: list[str] = Field(
        default=[], examples=[["laughter"]], description="What was heard besides speech, if the model tells."
    )


class WordView(BaseModel):
    """One word; for Chinese, one token."""

    word: str = Field(description="The word.")
    start: float = Field(description="Seconds from the beginning of the recording.")
    end: float = Field(description="Seconds from the beginning of the recording.")


class TimingsView(BaseModel):
    """Where the time went, in seconds."""

    queued: float = Field(description="From acceptance until a worker took it.")
    decode: float = Field(description="Decoding the recording, or splitting the text.")
    vad: float = Field(description="Finding the speech in it.")
    engine: float = Field(description="Its share of the model's time.")
    encode: float = Field(default=0.0, description="Joining and encoding speech.")
    total: float = Field(description="From acceptance to the end.")
    rtf: float | None = Field(description="Real-time factor: engine seconds per second of audio.")


class IncidentView(BaseModel):
    """Something that went wrong on the way."""

    at: str = Field(description="When, UTC.")
    code: str = Field(description="One word for programs.")
    message: str = Field(description="One sentence for people.")


class QueuedResult(BaseModel):
    """The task waits."""

    task_id: TaskId
    status: Literal["queued"]
    position: Position
    estimated_wait: EstimatedWait
    created_at: CreatedAt
    duration: Duration


class ProcessingResult(BaseModel):
    """A worker has the task."""

    task_id: TaskId
    status: Literal["processing"]
    progress: int = Field(ge=0, le=100, description="Percent of the recording or text that is done.")
    text: str = Field(description="What has been recognised or spoken so far.")
    created_at: CreatedAt
    started_at: str = Field(description="When the worker took it, UTC.")
    duration: Duration


class DoneResult(BaseModel):
    """The task has its result."""

    task_id: TaskId
    status: Literal["done"]
    text: str = Field(description="What was said, empty when nothing was; or the text that was spoken.")
    raw_text: str = Field(description="The same before punctuation was added.")
    language: str | None = Field(description="ISO 639-1 code; null when nothing was said.")
    model: str = Field(default="", description="Name of the model that recognised it.")
    duration: Duration
    created_at: CreatedAt
    ended_at: str = Field(description="When it ended, UTC.")
    segments: list[SegmentView] = Field(description="The stretches of speech, or the sentences, in order.")
    words: list[WordView] = Field(default=[], description="Only if asked for with timestamps=word.")
    voice: str = Field(default="", description="Of speech: who speaks; so below.")
    speed: float = Field(default=1.0, description="As asked for.")
    format: str = Field(default="", description="Of its file.")
    sample_rate: int = Field(default=0, description="Of its file, in Hz.")
    timings: TimingsView
    attempts: Attempts
    incidents: list[IncidentView] = Field(description="What went wrong and was survived.")
    audio_url: AudioUrl


class FailedResult(BaseModel):
    """The task could not be done."""

    task_id: TaskId
    status: Literal["failed"]
    error: str = Field(examples=["Processing timeout (600s exceeded)"], description="Why, in one sentence.")
    code: str = Field(description="Why, in one word.")
    model: str = Field(default="", description="Name of the model it was given to, if it was.")
    attempts: Attempts
    incidents: list[IncidentView] = Field(description="What went wrong on the way.")
    duration: Duration
    created_at: CreatedAt
    ended_at: str = Field(description="When it failed, UTC.")
    retry_url: RetryUrl
    audio_url: AudioUrl


class CancelledResult(BaseModel):
    """The task was withdrawn."""

    task_id: TaskId
    status: Literal["cancelled"]
    created_at: CreatedAt
    ended_at: str = Field(description="When it was withdrawn, UTC.")
    duration: Duration


Result = Annotated[
    QueuedResult | ProcessingResult | DoneResult | FailedResult | CancelledResult,
    Field(discriminator="status"),
]
