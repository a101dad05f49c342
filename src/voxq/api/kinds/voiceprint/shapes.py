"""Bodies of the routes of voiceprints."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, Field

from voxq.api.shapes.names import ShownName
from voxq.api.shapes.result import VoiceQualityView
from voxq.api.shapes.submission import Submitted

TheId = Annotated[str, Path(description="The `voiceprint_id`.")]
_Id = Annotated[str, Field(examples=["vp_0123456789abcdef01234567"], description="Id of the voiceprint.")]
_Name = Annotated[str, Field(examples=["Ada"], description="What its owner calls it.")]
_Quality = Annotated[VoiceQualityView, Field(description="Measures of the recording.")]


class Extracted(BaseModel):
    """A voice as a vector."""

    embedding: list[float] = Field(description="Numbers of unit length, 256 of them by ge2e.")
    model: str = Field(examples=["ge2e"], description="Model that made the vector.")
    revision: str = Field(
        examples=["ge2e:1:0fae5e6c2e4b5a2c"],
        description="Revision of it: vectors of different ones cannot be compared.",
    )
    duration: float = Field(examples=[12.4], description="Seconds of the recording.")
    speech_seconds: float = Field(examples=[9.8], description="Seconds of speech in it.")
    quality: _Quality


class ConsentView(BaseModel):
    """Agreement of the person whose voice it is."""

    given_by: str = Field(examples=["Ada Lovelace"], description="Who gave it.")
    text: str = Field(examples=["My voice may be known again in our meetings."], description="Its words.")
    at: str = Field(description="When it was recorded, UTC.")


_Consent = Annotated[ConsentView, Field(description="Who agreed, to what, and when.")]


class VoiceprintView(BaseModel):
    """A voiceprint."""

    voiceprint_id: _Id
    name: _Name
    status: Literal["ready", "pending", "failed"] = Field(
        description="ready: it has a vector; pending: its first recording is being worked on; failed: that"
        " did not do, and `error` says why."
    )
    version: int = Field(description="Its latest version; 0 while there is none.")
    model: str | None = Field(description="Model of its vector; null while there is none.")
    revision: str | None = Field(description="Revision of that model.")
    recordings: int = Field(description="Number of recordings that the version was made from.")
    speech_seconds: float = Field(description="Seconds of speech in them.")
    quality: list[VoiceQualityView] = Field(description="Measures of each of them.")
    consent: _Consent
    created_at: str = Field(description="When it was created, UTC.")
    tasks: list[str] = Field(description="Ids of the tasks that it was made by, the oldest first.")
    code: str = Field(default="", description="Reason why its first recording did not do, for programs.")
    error: str = Field(default="", description="The same in one sentence, which says what to record instead.")
    vector: list[float] = Field(default=[], description="Its vector; only with vector=true.")


class VoiceprintList(BaseModel):
    """The voiceprints of one owner."""

    total: int = Field(description="Number of them.")
    voiceprints: list[VoiceprintView] = Field(description="The oldest first.")


class VoiceprintSubmitted(Submitted):
    """A recording that was accepted for a voiceprint."""

    voiceprint_id: _Id
    version: int = Field(description="Version that the recording is for.")


class Rename(BaseModel, extra="forbid"):
    """What may be changed of a voiceprint."""

    name: ShownName = Field(description="What its owner calls it.")


class Verified(BaseModel):
    """Comparison of a voice with one voiceprint."""

    match: bool = Field(description="Whether it counts as the same speaker.")
    similarity: float = Field(examples=[0.86], description="Cosine of both vectors, -1 to 1.")
    threshold: float = Field(examples=[0.8], description="Similarity from which on it does.")
    voiceprint_id: _Id
    name: _Name


class Candidate(BaseModel):
    """A voiceprint that a voice is like."""

    voiceprint_id: _Id
    name: _Name
    similarity: float = Field(description="Cosine of both vectors, -1 to 1.")


class Identified(BaseModel):
    """Search for a voice among all voiceprints of one owner."""

    match: Candidate | None = Field(description="The speaker; null if nobody is like enough.")
    candidates: list[Candidate] = Field(description="The five that are most alike, the best first.")
    threshold: float = Field(description="Similarity from which on it counts as the same speaker.")
    compared: int = Field(description="Number of voiceprints that the voice was compared with.")
    skipped: int = Field(description="Number of others, made with another model or not ready yet.")


class Erased(BaseModel):
    """A voiceprint that was deleted."""

    voiceprint_id: _Id
    deleted: Literal[True] = Field(description="Always true.")
    tasks_erased: int = Field(description="Tasks whose recordings and results are erased with it.")


class SampleView(BaseModel):
    """The share of one recording in a voiceprint."""

    version: int = Field(description="Version that it belongs to.")
    task_id: str = Field(description="Task that made it.")
    sha256: str = Field(description="Digest of the recording.")
    model: str = Field(description="Model that made the vector.")
    revision: str = Field(description="Revision of that model.")
    vector: list[float] = Field(description="Numbers of unit length.")
    quality: _Quality
    at: str = Field(description="When it was made, UTC.")


class AuditLine(BaseModel):
    """Something that was done with a voiceprint."""

    at: str = Field(description="When, UTC.")
    action: str = Field(description="created, changed, recorded, exported or deleted.")
    by: str = Field(description="Name of the key with which it was done.")


class Exported(BaseModel):
    """All that is kept of a voiceprint."""

    voiceprint_id: _Id
    name: _Name
    owner: str = Field(description="Name of the key that it belongs to.")
    created_at: str = Field(description="When it was created, UTC.")
    consent: _Consent
    samples: list[SampleView] = Field(description="What each recording contributes, in all versions.")
    tasks: list[str] = Field(description="Ids of the tasks that it was made by.")
    audit: list[AuditLine] = Field(description="What was done with it, this export included.")
