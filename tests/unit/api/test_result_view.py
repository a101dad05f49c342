"""Results of transcriptions as clients get them, from the documents in Redis."""

from __future__ import annotations

import json
from typing import Any

import pytest
from task_lab import make_task

from voxq.api import views
from voxq.api.kinds.transcription.openai.answers import answer
from voxq.api.kinds.transcription.openai.form import Wanted
from voxq.api.shapes.result import DoneResult
from voxq.core.outcome import Outcome
from voxq.core.task import Status
from voxq.kinds.transcription import TranscriptionOptions
from voxq.queue import documents
from voxq.speech.subtitles import Format
from voxq.speech.transcript import Dropped, Segment

SPOKEN = Segment("Hello.", 0.5, 1.0, language="en")
TAKEN_OUT = Dropped("Thank you.", 1.5, 2.0, "no_speech")


def document(*segments: Segment, dropped: tuple[Dropped, ...] | None = ()) -> dict[str, Any]:
    outcome = Outcome(
        Status.DONE,
        ended_at=1.0,
        duration=3.0,
        text=" ".join(segment.text for segment in segments),
        segments=tuple(segment.to_json() for segment in segments),
        dropped=None if dropped is None else tuple(each.to_json() for each in dropped),
    )
    return json.loads(documents.dump(documents.ended(make_task(), outcome)))


def result(document: dict[str, Any]) -> dict[str, Any]:
    view = views.result(document, position=0, estimated_wait=0, has_audio=True)
    assert isinstance(view, DoneResult)
    return view.model_dump(exclude_unset=True)


def test_a_result_contains_dropped_text_and_the_language_of_each_segment() -> None:
    told = result(document(SPOKEN, dropped=(TAKEN_OUT,)))
    assert told["dropped"] == [{"start": 1.5, "end": 2.0, "text": "Thank you.", "why": "no_speech"}]
    assert told["no_speech"] is False
    assert told["segments"][0]["language"] == "en"


def test_no_speech_is_an_answer() -> None:
    told = result(document(dropped=()))
    assert (told["text"], told["dropped"], told["no_speech"]) == ("", [], True)


def test_a_result_of_an_earlier_version_has_no_dropped_text() -> None:
    assert not {"dropped", "no_speech"} & result(document(SPOKEN, dropped=None)).keys()


@pytest.mark.parametrize("format", [Format.JSON, Format.VERBOSE_JSON])
def test_openai_clients_also_get_dropped_text(format: Format) -> None:
    transcript = views.transcript(document(dropped=(TAKEN_OUT,)))
    told = json.loads(bytes(answer(transcript, Wanted(TranscriptionOptions(), format=format)).body))
    assert told["text"] == ""
    assert told["no_speech"] is True
    assert told["dropped"][0]["text"] == "Thank you."
