"""Results as texts: which of a task's texts, the one that was said or the rewritten one, in which format."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

from voxq import kinds
from voxq.api import views
from voxq.api.language import said
from voxq.core.refusal import Refusal, invalid
from voxq.locale import Message
from voxq.rewriting import records, timed_differences, timing
from voxq.speech.subtitles import Format, render
from voxq.speech.transcript import Transcript

NEEDS_TIMES = frozenset(Format) - {Format.JSON, Format.TEXT}
"""Formats that a text without times cannot have."""
_SUBTITLES = frozenset({Format.SRT, Format.VTT})


class ResultFormat(StrEnum):
    """Formats of results."""

    JSON = "json"
    TEXT = "text"
    SRT = "srt"
    VTT = "vtt"
    VERBOSE_JSON = "verbose_json"
    DIARIZED_JSON = "diarized_json"
    RTTM = "rttm"
    DIFF = "diff"


class Text(StrEnum):
    """Texts that a task may have."""

    ORIGINAL = "original"
    REWRITTEN = "rewritten"


def rendered(document: views.Document, format: ResultFormat, text: Text | None) -> str:
    """Render the text of a task that is done in any format but json.

    Raises Refusal ("not_rewritten"; "invalid_option" if the text cannot have the format). Comparing long
    texts takes seconds: not for an event loop.
    """
    if format is ResultFormat.DIFF:
        if text is not None:
            raise invalid("text", Message("is not for the format diff, which has both texts"))
        return json.dumps(_differences(document), ensure_ascii=False)
    wanted = Format(format)
    is_text_task = document.get("rewritten") is not None
    if is_text_task and wanted in NEEDS_TIMES - {Format.VERBOSE_JSON}:
        raise without_times("format", wanted, "text, json, diff")
    return render(transcript(document, text, wanted, "format"), wanted)


def with_text(document: views.Document, text: Text) -> views.Document:
    """Return the document of a task that is done with one of its texts, and the segments of that; none where
    it has no times. Raises Refusal ("not_rewritten"). Not for an event loop, either."""
    shown = transcript(document, text, Format.JSON, "format")
    return document | {"text": shown.text, "segments": [each.to_json() for each in shown.segments]}


def transcript(document: views.Document, text: Text | None, format: Format, field: str) -> Transcript:
    """Return one of the texts of a task that is done, to be rendered in a format; None: the text of its
    result. `field` is the option that asked for the format.

    Raises Refusal ("not_rewritten"; "invalid_option", if the format needs times and the text has none).
    """
    stored = views.transcript(document)
    if document.get("rewritten") is not None:  # it was made from a text
        return replace(stored, text=document["raw_text"]) if text is Text.ORIGINAL else stored
    if text is not Text.REWRITTEN:
        return stored
    made = _made(document)
    if made is None:
        return stored
    shown = timing.timed(stored, made["text"], made["mode"])
    if shown is None:
        if format in NEEDS_TIMES:
            raise without_times(field, format, "text, json")
        return timing.untimed(stored, made["text"])
    keeps_words = format in _SUBTITLES or timing.has_words(stored)
    return shown if keeps_words else timing.without_words(shown)


def without_times(field: str, format: Format, known: str) -> Refusal:
    """Make the refusal of a format that needs times for a text that has none."""
    return invalid(
        field,
        Message(
            "{format} needs times, and this text has none: it is not the words of a recording in their "
            "order. Possible are {known}",
            format=format,
            known=known,
        ),
    )


def _differences(document: views.Document) -> list[dict[str, Any]]:
    made = _made(document)
    if document.get("rewritten") is not None:
        return timed_differences.of_texts(document["raw_text"], document["text"])
    stored = views.transcript(document)
    return timed_differences.of_transcript(stored, stored.text if made is None else made["text"])


def _made(document: views.Document) -> Mapping[str, Any] | None:
    """Return what became of the text; None if there was no text. Raises Refusal ("not_rewritten")."""
    made = records.made_in(document)
    if made is not None:
        return made
    step = records.step_in(document)
    if not step:
        raise Refusal(
            "not_rewritten",
            Message("There is no rewritten text: the recording was submitted without `rewrite`"),
        )
    if error := step.get("error"):
        url = views.retry_url(kinds.kind_in(document).name, document["task_id"])
        raise Refusal(
            "not_rewritten",
            Message("The text could not be rewritten: {reason}", reason=said(error)),
            retry_url=f"{url}?step={records.STEP}",
        )
    return None
