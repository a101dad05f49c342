"""Responses made from a task's document in Redis, with its sentences in the language of the request."""

from __future__ import annotations

from typing import Any

from voxq import kinds
from voxq.api.language import said
from voxq.api.shapes.history import HistoryRecord
from voxq.api.shapes.result import (
    CancelledResult,
    DoneResult,
    DroppedView,
    EmbeddingView,
    FailedResult,
    IncidentView,
    ProcessingResult,
    QueuedResult,
    Result,
    RewrittenView,
    SegmentView,
    SkippedView,
    StepView,
    TimingsView,
    WordView,
)
from voxq.core.task import Status, short_id, utc
from voxq.kinds.rewritten import is_makeshift
from voxq.kinds.steps import SPEAKERS
from voxq.rewriting import records
from voxq.speech.transcript import Dropped, Segment, Transcript

Document = dict[str, Any]


def audio_url(kind: str, task_id: str) -> str:
    return f"/api/v1/{kind}/audio/{short_id(task_id)}"


def result_url(kind: str, task_id: str) -> str:
    return f"/api/v1/{kind}/result/{short_id(task_id)}"


def retry_url(kind: str, task_id: str) -> str:
    return f"/api/v1/{kind}/retry/{short_id(task_id)}"


def result(document: Document, *, position: int, estimated_wait: int, has_audio: bool) -> Result:
    """Build the response for a document of any status; `position` and `estimated_wait` are for waiting
    tasks."""
    match Status(document["status"]):
        case Status.QUEUED:
            return QueuedResult(
                **_common(document), status="queued", position=position, estimated_wait=estimated_wait
            )
        case Status.PROCESSING:
            return ProcessingResult(
                **_common(document),
                status="processing",
                progress=document["progress"],
                text=document["text"],
                started_at=document["started_at"],
                **{name: document[name] for name in ("draft",) if name in document},
            )
        case Status.DONE:
            return _done(document, has_audio)
        case Status.FAILED:
            return _failed(document, has_audio)
        case Status.CANCELLED:
            return CancelledResult(**_common(document), status="cancelled", ended_at=document["ended_at"])


def transcript(document: Document) -> Transcript:
    """Return the stored transcript of a task with status `done`, to be rendered in another format."""
    return Transcript.from_json(document)


def history_record(kind: str, record: Document, *, has_audio: bool) -> HistoryRecord:
    """Build the response item for a record of the history list."""
    told = ("error", "model", "rewrite_mode", "rewrite_error")
    optional = {name: record[name] for name in told if name in record}
    optional |= {name: said(optional[name]) for name in ("error", "rewrite_error") if name in optional}
    return HistoryRecord(
        task_id=record["task_id"],
        filename=record["file"],
        text=record["text"],
        created_at=record["created_at"],
        duration=record["duration"],
        status=record["status"],
        audio_url=audio_url(kind, record["task_id"]) if has_audio else None,
        **optional,
    )


def dead_letter(kind: str, document: Document, *, has_audio: bool) -> HistoryRecord:
    """Build a history item for a failed task, with what is needed to retry it."""
    task_id = document["task_id"]
    return HistoryRecord(
        task_id=task_id,
        filename=document["file"],
        text="",
        created_at=document["created_at"],
        duration=document["duration"],
        status="failed",
        audio_url=audio_url(kind, task_id) if has_audio else None,
        error=said(document["error"]),
        code=document["code"],
        attempts=document["attempts"],
        retry_url=retry_url(kind, task_id) if _may_retry(kind, has_audio) else None,
        **_model(document),
    )


def _may_retry(kind: str, has_audio: bool) -> bool:
    """Whether everything that the task was made from still exists."""
    return has_audio or not kinds.find(kind).takes_recording


def _common(document: Document) -> Document:
    return {name: document[name] for name in ("task_id", "created_at", "duration")}


def _model(document: Document) -> Document:
    """Return the model's name; earlier versions did not store it."""
    name = document.get("model")
    return {"model": name} if name else {}


def _done(document: Document, has_audio: bool) -> DoneResult:
    segments = [Segment.from_json(segment) for segment in document["segments"]]
    words = [
        WordView(word=word.text.strip(), start=word.start, end=word.end, **_who(segment))
        for segment in segments
        for word in segment.words
    ]
    optional: Any = {"words": words} if words else {}
    told = ("voice", "format", "speed", "sample_rate", "audio_tracks")
    optional |= {name: document[name] for name in told if document.get(name) is not None}
    if (dropped := document.get("dropped")) is not None:
        optional |= {"dropped": list(map(_dropped, dropped)), "no_speech": not document["text"]}
    if steps := document.get("steps"):
        optional["steps"] = {name: _step(document, name, step) for name, step in steps.items()}
    optional |= rewritten(document)
    optional |= _speakers(document, segments)
    if embedding := document.get("embedding"):
        optional["embedding"] = EmbeddingView(**embedding)
    if skipped := document.get("skipped"):
        optional["skipped"] = [SkippedView(**each | {"why": said(each["why"])}) for each in skipped]
    return DoneResult(
        **_common(document),
        **_model(document),
        **optional,
        status="done",
        text=document["text"],
        raw_text=document["raw_text"],
        language=document["language"],
        ended_at=document["ended_at"],
        segments=[_segment(segment) for segment in segments],
        timings=_timings(document),
        attempts=document["attempts"],
        incidents=_incidents(document),
        audio_url=audio_url(kinds.kind_in(document).name, document["task_id"]) if has_audio else None,
    )


def rewritten(document: Document) -> Document:
    """Return what became of the text, of a task that rewrites one or of its step that does: `rewritten`, or
    `rewrite_error`; nothing where nothing was rewritten."""
    if error := records.step_in(document).get("error"):
        return {"rewrite_error": said(error)}
    if made := records.made_in(document):
        told: Document = dict(made)
        told["checks"] = {name: said(value) for name, value in made["checks"].items()}
        if reason := made.get("reason"):
            told["reason"] = said(reason)
        return {"rewritten": RewrittenView(**told)}
    return {}


def rewritten_json(document: Document) -> Document:
    """Return `rewritten` as JSON."""
    told = rewritten(document)
    if isinstance(made := told.get("rewritten"), RewrittenView):
        return {"rewritten": made.model_dump(exclude_unset=True)}
    return told


def _step(document: Document, name: str, step: Document) -> StepView:
    url = f"{retry_url(kinds.kind_in(document).name, document['task_id'])}?step={name}"
    if step["status"] == "done":
        may_retry = is_makeshift({"steps": {name: step}})
        return StepView(**step, retry_url=url) if may_retry else StepView(**step)
    told: Document = step | {"error": said(step["error"])}
    return StepView(**told, retry_url=url)


def _timings(document: Document) -> TimingsView:
    """Return the durations of the phases; only speech has one for encoding."""
    given = {name: seconds for name, seconds in document["timings"].items() if name != "encode" or seconds}
    return TimingsView(**given)


def _segment(segment: Segment) -> SegmentView:
    extras = {
        "raw_text": segment.raw_text,
        "emotion": segment.emotion,
        "events": list(segment.events),
        "language": segment.language,
        "spoken": segment.spoken,
    }
    told: Any = {name: value for name, value in extras.items() if value} | _who(segment)
    if segment.channel is not None:
        told["channel"] = segment.channel
    return SegmentView(start=segment.start, end=segment.end, text=segment.text, **told)


def _who(segment: Segment) -> Document:
    return {} if segment.speaker is None else {"speaker": segment.speaker}


def _speakers(document: Document, segments: list[Segment]) -> Document:
    """Return the names of the speakers, or why they could not be told apart; nothing if nobody asked."""
    step: Document | None = document.get("steps", {}).get(SPEAKERS)
    if step is None:
        return {}
    if error := step.get("error"):
        return {"speakers_error": said(error)}
    return {"speakers": list(dict.fromkeys(each.speaker for each in segments if each.speaker))}


def _dropped(record: Document) -> DroppedView:
    dropped = Dropped.from_json(record)
    return DroppedView(start=dropped.start, end=dropped.end, text=dropped.text, why=dropped.why)


def _failed(document: Document, has_audio: bool) -> FailedResult:
    kind, task_id = kinds.kind_in(document).name, document["task_id"]
    return FailedResult(
        **_common(document),
        **_model(document),
        status="failed",
        error=said(document["error"]),
        code=document["code"],
        attempts=document["attempts"],
        incidents=_incidents(document),
        ended_at=document["ended_at"],
        retry_url=retry_url(kind, task_id) if _may_retry(kind, has_audio) else None,
        audio_url=audio_url(kind, task_id) if has_audio else None,
    )


def _incidents(document: Document) -> list[IncidentView]:
    return [
        IncidentView(at=utc(incident["at"]), code=incident["code"], message=said(incident["message"]))
        for incident in document["incidents"]
    ]
