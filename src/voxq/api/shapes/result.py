"""Status and result of a task, with one model for each status."""

from __future__ import annotations

from typing import Annotated, Any, Literal

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
    text: str = Field(description="Text of the speech.")
    spoken: str = Field(
        default="",
        examples=["The price is three dollars and fifty cents."],
        description="Text as the voice read it out, with figures in words; only of synthesised speech.",
    )
    raw_text: str = Field(default="", description="Text before punctuation was added, if it was.")
    emotion: str = Field(default="", examples=["happy"], description="Emotion, if the model detects it.")
    channel: int = Field(
        default=0, description="Channel it was spoken in, 0 for the left one; only with channels=separate."
    )
    events: list[str] = Field(
        default=[], examples=[["laughter"]], description="Sounds besides speech, if the model detects them."
    )
    language: str = Field(default="", description="ISO 639-1 code of what is spoken, if the model tells.")
    speaker: str = Field(default="", examples=["S1"], description="Who speaks; only with `speakers`.")


class DroppedView(BaseModel):
    """A text that a filter took out of what the model gave."""

    start: float = Field(description="Seconds from the beginning of the recording.")
    end: float = Field(description="Seconds from the beginning of the recording.")
    text: str = Field(description="Text as the model gave it.")
    why: str = Field(
        examples=["no_speech"],
        description="no_speech: the model itself doubts that anybody spoke; prompt: it repeats its prompt; "
        "repeated: it says the same over and over.",
    )


class WordView(BaseModel):
    """A word; in Chinese, a token."""

    word: str = Field(description="The word.")
    start: float = Field(description="Seconds from the beginning of the recording.")
    end: float = Field(description="Seconds from the beginning of the recording.")
    speaker: str = Field(default="", examples=["S1"], description="Who says it; only with `speakers`.")


class TimingsView(BaseModel):
    """Durations of the task's phases, in seconds."""

    queued: float = Field(description="From acceptance until a worker took it.")
    decode: float = Field(description="Decoding the recording, or splitting the text.")
    vad: float = Field(description="Detecting speech in the recording.")
    engine: float = Field(description="The task's share of the model's time.")
    encode: float = Field(default=0.0, description="Joining and encoding speech.")
    total: float = Field(description="From acceptance to the end.")
    rtf: float | None = Field(description="Real-time factor: engine seconds per second of audio.")


class IncidentView(BaseModel):
    """A fault during the task."""

    at: str = Field(description="Time of the fault, UTC.")
    code: str = Field(description="One word for programs.")
    message: str = Field(description="One sentence for people.")


class AudioTrackView(BaseModel):
    """A sound track of a recording with several."""

    index: int = Field(description="Its number, from 0.")
    codec: str = Field(examples=["aac"], description="Name of its codec.")
    language: str | None = Field(description="ISO 639-1 code, if the file says.")
    title: str | None = Field(description="Its title, if the file says.")
    channels: int = Field(description="Number of its channels.")
    default: bool = Field(description="Whether the file marks it as the one to be played.")
    taken: bool = Field(description="Whether it is the one that was recognised.")


class StepView(BaseModel):
    """A step that the task could do without."""

    status: Literal["done", "failed"] = Field(description="Whether the step succeeded.")
    result: dict[str, Any] = Field(default={}, description="Result of the step.")
    code: str = Field(default="", description="Why it failed, in one word.")
    error: str = Field(default="", description="Why it failed, in one sentence.")
    retry_url: str | None = Field(default=None, description="Relative URL for a POST that retries this step.")


class RewrittenView(BaseModel):
    """What became of a text that was rewritten."""

    text: str = Field(description="The rewritten text.")
    mode: str = Field(
        examples=["optimize"],
        description="How it was rewritten: as requested; light: rules took over; raw: it is as it was.",
    )
    checks: dict[str, str] = Field(
        default={},
        examples=[{"numbers": "ok", "negations": "ok"}],
        description="Comparisons with the original text, each ok or what is wrong.",
    )
    changes: dict[str, int] = Field(
        default={}, examples=[{"deleted": 3, "inserted": 0}], description="Numbers of words that changed."
    )
    model: str = Field(
        default="", examples=["qwen3:8b"], description="Language model that was asked, if any."
    )
    provider: str = Field(default="", description="Name of its provider.")
    seconds: float = Field(description="How long it took.")
    reason: str = Field(default="", description="Why it is not, or not everywhere, what was requested.")
    reason_code: str = Field(
        default="",
        examples=["llm_unreachable"],
        description="The same in one word: unfaithful, or the failure of the provider.",
    )


class SkippedView(BaseModel):
    """Something of a text that was not spoken."""

    text: str = Field(examples=["Привет"], description="What was left out.")
    why: str = Field(
        examples=["The voice does not read this script."], description="One sentence for people."
    )


class VoiceMatchView(BaseModel):
    """The voice that stands for one that was asked for by its voiceprint or vector. It is like it, no clone
    of it."""

    voice: str = Field(examples=["zf_xiaoxiao"], description="Voice that speaks.")
    similarity: float = Field(
        description="Cosine of its vector and the one asked for, -1 to 1; recordings of one speaker have "
        "about 0.9."
    )


class VoiceQualityView(BaseModel):
    """Measures of a recording of a voice."""

    speech_seconds: float = Field(description="Seconds in which somebody speaks, pauses left out.")
    level: float = Field(description="Loudness of the speech, in dB below full scale.")
    signal_to_noise: float = Field(description="Decibels by which the speech is louder than the pauses.")
    clipped: float = Field(description="Share of the samples that are cut off at full scale, 0 to 1.")
    consistency: float = Field(
        description="Similarity of the two groups of its parts that differ most, up to 1: one speaker is like"
        " himself."
    )


class EmbeddingView(BaseModel):
    """A voice as a vector, or the voiceprint that it became part of."""

    model: str = Field(examples=["ge2e"], description="Model that made the vector.")
    revision: str = Field(description="Revision of it: vectors of different ones cannot be compared.")
    speech_seconds: float = Field(description="Seconds of speech that it was made from.")
    quality: VoiceQualityView = Field(description="Measures of the recording.")
    vector: list[float] = Field(default=[], description="Numbers of unit length, 256 of them by ge2e.")
    voiceprint_id: str = Field(default="", description="Voiceprint that the recording is part of.")
    version: int = Field(default=0, description="Its version that the recording is part of.")


class QueuedResult(BaseModel):
    """A task that is waiting."""

    task_id: TaskId
    status: Literal["queued"] = Field(description="State of the task; it decides which fields there are.")
    position: Position
    estimated_wait: EstimatedWait
    created_at: CreatedAt
    duration: Duration


class ProcessingResult(BaseModel):
    """A task that a worker is processing."""

    task_id: TaskId
    status: Literal["processing"] = Field(description="State of the task; it decides which fields there are.")
    progress: int = Field(ge=0, le=100, description="Percentage of the recording or text that is done.")
    text: str = Field(description="What has been recognised, rewritten or spoken so far.")
    draft: str = Field(
        default="",
        description="What a language model is writing after `text`, if `stream` was set. It is shown before "
        "all of it is checked: the result may differ.",
    )
    created_at: CreatedAt
    started_at: str = Field(description="When the worker took it, UTC.")
    duration: Duration


class DoneResult(BaseModel):
    """A task with its result."""

    task_id: TaskId
    status: Literal["done"] = Field(description="State of the task; it decides which fields there are.")
    text: str = Field(description="Recognised text, empty if nothing was said; or the spoken text.")
    raw_text: str = Field(description="Text before punctuation was added.")
    language: str | None = Field(description="ISO 639-1 code; null if nothing was said.")
    model: str = Field(default="", description="Name of the model that was used.")
    duration: Duration
    created_at: CreatedAt
    ended_at: str = Field(description="When it ended, UTC.")
    segments: list[SegmentView] = Field(description="The stretches of speech, or the sentences, in order.")
    words: list[WordView] = Field(
        default=[], description="Words with their times; only with timestamps=word."
    )
    audio_tracks: list[AudioTrackView] = Field(
        default=[], description="Sound tracks of the recording, if it has several."
    )
    dropped: list[DroppedView] = Field(
        default=[], description="Texts that were taken out, because nobody may have said them."
    )
    no_speech: bool = Field(
        default=False, description="Whether no speech was found in the recording; the text is then empty."
    )
    voice: str = Field(default="", description="Voice of synthesised speech; likewise the next fields.")
    voice_match: VoiceMatchView | None = Field(
        default=None, description="How much that voice is like the voiceprint or vector of the request."
    )
    speed: float = Field(default=1.0, description="Speed as requested.")
    format: str = Field(default="", description="Format of the audio file.")
    sample_rate: int = Field(default=0, description="Sample rate of the audio file, in Hz.")
    skipped: list[SkippedView] = Field(
        default=[], description="What of the text was not spoken: code blocks, words in a foreign script."
    )
    timings: TimingsView = Field(description="Durations of its phases.")
    attempts: Attempts
    incidents: list[IncidentView] = Field(description="Faults from which the task recovered.")
    rewritten: RewrittenView | None = Field(
        default=None, description="What became of the text that was rewritten, if that was requested."
    )
    rewrite_error: str = Field(
        default="", description="Why the text could not be rewritten; `steps` tells how to retry that."
    )
    embedding: EmbeddingView | None = Field(
        default=None, description="The voice of a recording that a voiceprint or a vector was made from."
    )
    speakers: list[str] = Field(
        default=[], examples=[["S1", "S2"]], description="Speakers in order of who speaks first."
    )
    speakers_error: str = Field(
        default="", description="Why the speakers are not told apart; `steps` tells how to retry that."
    )
    steps: dict[str, StepView] = Field(default={}, description="Results of the optional steps, by name.")
    audio_url: AudioUrl


class FailedResult(BaseModel):
    """A task that failed."""

    task_id: TaskId
    status: Literal["failed"] = Field(description="State of the task; it decides which fields there are.")
    error: str = Field(
        examples=["Processing timeout (600s exceeded)"], description="Reason, in one sentence."
    )
    code: str = Field(description="Reason, as one word for programs.")
    model: str = Field(default="", description="Name of the model, if one was chosen.")
    attempts: Attempts
    incidents: list[IncidentView] = Field(description="Faults during the task.")
    duration: Duration
    created_at: CreatedAt
    ended_at: str = Field(description="When it failed, UTC.")
    retry_url: RetryUrl
    audio_url: AudioUrl


class CancelledResult(BaseModel):
    """A task that was cancelled."""

    task_id: TaskId
    status: Literal["cancelled"] = Field(description="State of the task; it decides which fields there are.")
    created_at: CreatedAt
    ended_at: str = Field(description="When it was cancelled, UTC.")
    duration: Duration


Result = Annotated[
    QueuedResult | ProcessingResult | DoneResult | FailedResult | CancelledResult,
    Field(discriminator="status"),
]
