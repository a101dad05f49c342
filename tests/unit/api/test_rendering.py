"""The texts of a task in all formats: as it was said, rewritten, and the difference."""

from __future__ import annotations

import json
from typing import Any

import pytest
from task_lab import done, make_task

from voxq.api import rendering, views
from voxq.api.rendering import ResultFormat, Text
from voxq.core.refusal import Refusal
from voxq.kinds.text import TextOptions
from voxq.queue import documents
from voxq.speech.transcript import Segment, Word

WORDS = (Word("um", 0.0, 0.4), Word(" hello", 0.5, 1.0), Word(" world", 1.0, 1.5))
SPOKEN = Segment("um hello world", 0.0, 1.5, language="en")
MADE = {"checks": {}, "changes": {}, "seconds": 0.1}


def document(
    *segments: Segment, rewritten: str | None = None, mode: str = "light", **step: Any
) -> dict[str, Any]:
    """Document of a transcription, whose step made this text or ended in another way."""
    if rewritten is not None:
        step = {"status": "done", "result": MADE | {"text": rewritten, "mode": mode}}
    text = " ".join(segment.text for segment in segments)
    given = {"segments": tuple(each.to_json() for each in segments), "raw_text": text, "dropped": ()}
    outcome = done(text, duration=3.0, steps={"rewrite": step} if step else {}, **given)
    return json.loads(documents.dump(documents.ended(make_task(), outcome)))


def text_document() -> dict[str, Any]:
    """Document of a text that was rewritten as a task of its own."""
    made = MADE | {"text": "Hello, world.", "mode": "optimize"}
    outcome = done("Hello, world.", raw_text="um hello world", segments=(), rewritten=made)
    task = make_task(kind="text", options=TextOptions())
    return json.loads(documents.dump(documents.ended(task, outcome)))


def refusal(document: dict[str, Any], format: ResultFormat, text: Text | None = Text.REWRITTEN) -> Refusal:
    with pytest.raises(Refusal) as caught:
        rendering.rendered(document, format, text)
    return caught.value


def test_subtitles_of_the_rewritten_text_have_the_times_of_its_words() -> None:
    spoken = Segment(SPOKEN.text, 0.0, 1.5, words=WORDS)
    made = document(spoken, rewritten="Hello, world.")
    srt = rendering.rendered(made, ResultFormat.SRT, Text.REWRITTEN)
    assert srt.startswith("1\n00:00:00,500 --> 00:00:01,500\nHello, world.\n")
    assert "Hello, world." in rendering.rendered(made, ResultFormat.VTT, Text.REWRITTEN)
    assert rendering.rendered(made, ResultFormat.TEXT, Text.REWRITTEN) == "Hello, world.\n"
    for original in (None, Text.ORIGINAL):
        assert rendering.rendered(made, ResultFormat.TEXT, original) == "um hello world\n"


@pytest.mark.parametrize("words", [(), WORDS])
def test_json_has_words_only_if_they_were_asked_for(words: tuple[Word, ...]) -> None:
    made = document(Segment(SPOKEN.text, 0.0, 1.5, words=words), rewritten="Hello, world.")
    shape = json.loads(rendering.rendered(made, ResultFormat.VERBOSE_JSON, Text.REWRITTEN))
    assert shape["text"] == "Hello, world."
    assert [segment["text"] for segment in shape["segments"]] == ["Hello, world."]
    assert ("words" in shape) is bool(words)
    result = views.result(
        rendering.with_text(made, Text.REWRITTEN), position=0, estimated_wait=0, has_audio=False
    ).model_dump(exclude_unset=True)
    assert (result["text"], result["raw_text"]) == ("Hello, world.", "um hello world")
    assert ("words" in result) is bool(words)


def test_a_transcript_that_was_not_rewritten_has_no_rewritten_text() -> None:
    for format in (ResultFormat.TEXT, ResultFormat.SRT):
        assert refusal(document(SPOKEN), format).code == "not_rewritten"
    assert refusal(document(SPOKEN), ResultFormat.DIFF, None).code == "not_rewritten"
    with pytest.raises(Refusal, match="without `rewrite`"):
        rendering.with_text(document(SPOKEN), Text.REWRITTEN)


def test_a_rewriting_that_failed_says_how_to_repeat_it() -> None:
    failed = document(SPOKEN, status="failed", code="timeout", error="Processing timeout (600s exceeded)")
    found = refusal(failed, ResultFormat.VTT)
    assert found.code == "not_rewritten" and "600s" in found.message
    assert found.details["retry_url"].startswith("/api/v1/asr/retry/")
    assert found.details["retry_url"].endswith("?step=rewrite")


@pytest.mark.parametrize("format", [ResultFormat.SRT, ResultFormat.VTT, ResultFormat.VERBOSE_JSON])
@pytest.mark.parametrize(("mode", "text"), [("summary", "- hello [0:00]"), ("custom", "Guten Tag")])
def test_a_text_that_is_not_what_was_said_has_no_times(format: ResultFormat, mode: str, text: str) -> None:
    made = document(SPOKEN, rewritten=text, mode=mode)
    found = refusal(made, format)
    assert (found.code, found.details["field"]) == ("invalid_option", "format")
    assert rendering.rendered(made, ResultFormat.TEXT, Text.REWRITTEN) == f"{text}\n"
    assert rendering.rendered(made, format, None), "what was said has them"
    shown = rendering.with_text(made, Text.REWRITTEN)
    assert (shown["text"], shown["segments"]) == (text, [])


def test_a_translation_has_the_times_of_its_sentences() -> None:
    spoken = Segment("How are you? I am fine.", 0.0, 2.0)
    made = document(spoken, rewritten="你好吗？我很好。", mode="translate")
    vtt = rendering.rendered(made, ResultFormat.VTT, Text.REWRITTEN)
    assert "你好吗？" in vtt and vtt.count("-->") == 2


def test_a_text_has_no_subtitles() -> None:
    for format in (ResultFormat.SRT, ResultFormat.VTT):
        for text in (None, *Text):
            found = refusal(text_document(), format, text)
            assert (found.code, found.details["field"]) == ("invalid_option", "format")
    assert rendering.rendered(text_document(), ResultFormat.TEXT, Text.ORIGINAL) == "um hello world\n"
    for text in (None, Text.REWRITTEN):
        assert rendering.rendered(text_document(), ResultFormat.TEXT, text) == "Hello, world.\n"


def test_silence_is_not_a_failure() -> None:
    silent = document(status="done", result={})
    assert rendering.rendered(silent, ResultFormat.TEXT, Text.REWRITTEN) == "\n"
    assert rendering.rendered(silent, ResultFormat.DIFF, None) == "[]"


def test_the_difference_has_both_texts_and_times() -> None:
    made = document(Segment(SPOKEN.text, 0.0, 1.5, words=WORDS), rewritten="hello there world")
    assert json.loads(rendering.rendered(made, ResultFormat.DIFF, None)) == [
        {"op": "delete", "raw": "um ", "rewritten": "", "start": 0.0, "end": 0.4},
        {"op": "equal", "raw": "hello ", "rewritten": "hello ", "start": 0.5, "end": 1.0},
        {"op": "insert", "raw": "", "rewritten": "there ", "start": 1.0, "end": 1.0},
        {"op": "equal", "raw": "world", "rewritten": "world", "start": 1.0, "end": 1.5},
    ]


def test_the_difference_of_a_text_has_no_times() -> None:
    steps = json.loads(rendering.rendered(text_document(), ResultFormat.DIFF, None))
    assert "".join(step["raw"] for step in steps) == "um hello world"
    assert all(step.keys() == {"op", "raw", "rewritten"} for step in steps)


def test_the_difference_is_of_both_texts() -> None:
    for text in Text:
        assert refusal(document(SPOKEN, rewritten="a"), ResultFormat.DIFF, text).details["field"] == "text"
