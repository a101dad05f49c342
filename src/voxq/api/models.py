"""The shapes of all answers, as the OpenAPI document shows them. Fields that are not set are left out."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from voxq.tasks.task import Kind

TaskId = Annotated[str, Field(examples=["2025-12-01_001_k3v9qz0b1x2y"], description="Names the task.")]
Position = Annotated[int, Field(ge=0, description="Place in line: 1 is next, 0 means it does not wait.")]
EstimatedWait = Annotated[int, Field(ge=0, description="Seconds until work on it begins, roughly.")]
CreatedAt = Annotated[
    str, Field(examples=["2025-12-01T10:00:00Z"], description="When it was submitted, UTC.")
]
Duration = Annotated[float, Field(ge=0, description="Seconds of audio; 0 while unknown.")]
Attempts = Annotated[int, Field(ge=0, description="How often work on it was begun and charged to it.")]
AudioUrl = Annotated[
    str | None, Field(description="Where the recording is; null once it is gone (relative URL).")
]
RetryUrl = Annotated[
    str | None, Field(description="POST here to try again; null once the recording is gone (relative URL).")
]


class Error(BaseModel):
    """What every error looks like. Some carry more fields, which their route describes."""

    model_config = ConfigDict(extra="allow")

    error: str = Field(description="One sentence for people.")
    code: str = Field(description="One word for programs.")
    task_id: str | None = Field(None, description="The task in question.")
    model: str | None = Field(None, description="404: the model that was asked for.")
    models: list[str] | None = Field(None, description="404: the models there are.")
    voices: list[str] | None = Field(None, description="404, 422: the voices there are.")
    field: str | None = Field(None, description="422: the option that is wrong.")
    supported_formats: list[str] | None = Field(None, description="400: what can be uploaded.")
    detail: str | None = Field(None, description="400: what is wrong with the recording.")
    status: str | None = Field(None, description="409: where the task is.")
    queued_seconds: int | None = Field(None, description="429: seconds of audio that wait.")
    quota_seconds: int | None = Field(
        None, description="429, 413: the limit for this key alone; `queued_seconds` are its own then."
    )
    retry_after: int | None = Field(None, description="429: as the header, where requests come too fast.")
    max_upload_mb: int | None = Field(None, description="413: the limit for one file.")


class Submitted(BaseModel):
    """A task that was accepted, or that was there already for the same Idempotency-Key."""

    task_id: TaskId
    status: Literal["queued", "processing", "done", "failed", "cancelled"] = Field(
        description="queued, but for a repeated Idempotency-Key whose task has gone on."
    )
    position: Position
    estimated_wait: EstimatedWait


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


class HistoryRecord(BaseModel):
    """One ended task."""

    task_id: TaskId
    filename: str = Field(examples=["2025-12-01_001_k3v9qz0b1x2y.wav"], description="The stored name.")
    text: str = Field(description="What was said; empty for a failed task.")
    created_at: CreatedAt
    duration: Duration
    status: Literal["success", "failed"] = Field(description="success is what a result calls done.")
    audio_url: AudioUrl
    model: str = Field(default="", description="Name of the model, where known.")
    error: str = Field(default="", description="Why it failed; only then.")
    code: str = Field(default="", description="Why it failed, in one word; with status=failed.")
    attempts: int = Field(default=0, description="How often it was tried; with status=failed.")
    retry_url: str | None = Field(default=None, description="POST here to try again; with status=failed.")
    owner: str = Field(default="", description="Whose it is, where it is not the caller's.")


class History(BaseModel):
    """The caller's ended tasks, newest first."""

    total: int = Field(ge=0, description="How many records follow.")
    records: list[HistoryRecord]


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


class VoiceView(BaseModel):
    """Somebody who can speak."""

    name: str = Field(examples=["heart"], description="For the field `voice` of a submission.")
    language: str = Field(description="ISO 639-1 code.")
    gender: Literal["female", "male"]
    accent: str | None = Field(description="A region, where a language has several.")
    model: str = Field(description="Whose voice it is.")
    sample: str = Field(description="Where it can be listened to (relative URL).")


class VoiceList(BaseModel):
    """The voices there are; of each language the first is used when none is asked for."""

    voices: list[VoiceView]


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


class Alive(BaseModel):
    """The process answers; this says nothing about anything else."""

    status: Literal["alive"]


class Health(BaseModel):
    """Whether work would be done."""

    status: Literal["ready", "unavailable"]
    model_loaded: bool = Field(description="Whether some worker can begin at once.")
    redis_connected: bool
    workers_active: int = Field(ge=0, description="Workers that can begin at once.")
    uptime: str = Field(examples=["3 days 5 hours"], description="Of this API process.")
    error: str = Field(default="", description="503: the first reason.")
    reasons: list[str] = Field(default=[], description="503: all reasons, as words.")


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


class ResidentView(BaseModel):
    """A model that is loaded."""

    name: str
    state: str = Field(description="loading or ready.")
    memory_mb: float | None = Field(description="What it takes; null while unknown.")
    load_seconds: float | None = Field(description="How long loading it took.")
    batch_items: int | None = Field(
        description="Chunks it may get at once: fewer after it ran out of memory."
    )
    batch_padded_seconds: float | None = Field(
        description="Seconds of padded audio it may get at once: fewer after it ran out of memory."
    )


class WorkerView(BaseModel):
    """A living worker."""

    id: int
    state: str = Field(description="loading, ready, stopping or failed.")
    engine: str
    model: str = Field(description="Its default model.")
    device: str
    host: str
    held: int = Field(description="Tasks it works on.")
    rtf: float | None = Field(description="Engine seconds per second of audio, as warmed up.")
    resident: list[ResidentView] = Field(description="The models it has loaded.")
    switches: int = Field(description="Models it loaded on demand.")
    out_of_memory: int = Field(description="Batches that did not fit into memory.")


class DeviceView(BaseModel):
    """A processor with its memory, and the workers on it."""

    device: str = Field(examples=["cuda:0"])
    host: str
    workers: list[int] = Field(description="Ids of the workers on it.")
    total_mb: float | None = Field(description="Its memory; null while unknown.")
    used_mb: float | None = Field(description="Of it, what anybody uses.")
    free_mb: float | None
    utilization_percent: float | None = Field(description="Share of its memory that is used.")
    avg_load_time_seconds: float | None = Field(description="Of the models loaded so far; null without any.")
    total_switches: int = Field(description="Models loaded on demand.")
    resident: list[ResidentView] = Field(description="The models that are loaded on it.")


class KindStats(BaseModel):
    """Figures of one kind of task."""

    tasks: TasksByStatus
    since_start: SinceStart
    last_hour: LastHour


class Stats(KindStats):
    """Figures of the whole service. Beside `kinds` and what workers have, they are of recordings."""

    kinds: dict[Kind, KindStats] = Field(description="asr: of recordings, the same again; tts: of texts.")
    workers: list[WorkerView]
    devices: list[DeviceView]


class PlaceView(BaseModel):
    """Where a model is loaded."""

    device: str = Field(examples=["cuda:0"])
    host: str
    state: str = Field(description="loading or ready.")


class ModelView(BaseModel):
    """A model that can be asked for."""

    name: str = Field(examples=["whisper-base"], description="For the field `model` of a submission.")
    aliases: list[str] = Field(description="Other names that mean it here, in any case.")
    is_default: bool = Field(description="Whether it is used when no model is asked for.")
    engine: str | None = Field(description="null where only a worker knows; so below.")
    languages: str | None = Field(description="What it recognises, in words.")
    language_codes: list[str] = Field(description="What `language` may name besides auto.")
    licence: str | None
    resident: list[PlaceView] = Field(description="Where it is loaded now; elsewhere that takes a while.")


class ModelList(BaseModel):
    """The models there are."""

    default: str = Field(description="The one that is used when none is asked for.")
    models: list[ModelView] = Field(description="The default first.")
