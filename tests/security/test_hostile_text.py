"""Texts that are slow to process, or that look like something else."""

from __future__ import annotations

import contextlib
import time
import unicodedata
from collections.abc import Callable
from typing import TypeVar

import httpx
import pytest
from attacked import Attacked, end_of, said
from hypothesis import given, settings
from hypothesis import strategies as st

from voxq.engines.speak.phonemes import reading_of
from voxq.kinds.hotwords import hotwords_in
from voxq.speech import normalise, scripts, sentences, written
from voxq.speech.markup import MarkupError, Utterance, document_of, utterances_of
from voxq.speech.sentences import LONGEST

T = TypeVar("T")

MOST = 100_000
"""Characters: the default of MAX_TEXT_CHARACTERS."""
SECONDS = 5.0
"""Maximum seconds for so many characters. Linear processing takes at most a tenth of it; quadratic, hours."""

PIECES = (
    *(
        "1",
        "a",
        "A.",
        ".",
        "...a",
        "!?",
        '."',
        ')"\u201d',
        '("',
        "e.g. ",
        "a@b.c",
        "@a",
        "http://a.b/?q=",
        "www.",
    ),
    *(
        "a,",
        ",",
        "—",
        "a-",
        "a+",
        "a'",
        "1,000",
        "1.2.",
        "12:30:",
        "2025-12-01",
        "2025年12月1日",
        "5%",
        "1/2",
        "-1",
    ),
    *(" ", "\t", "\n", " \n ", "\r\n", "\u2028", "\0", "\x1b[31m", "\u202e\u05d0", "\ufeff", "\ud800"),
    *(
        "e\u0301\u0316",
        "\u0301",
        "\u1100\u1161\u11a8",
        "\ufdfa",
        "\u0130",
        "ｶﾞ",
        "カ",
        "好",
        "好，",
        "好。",
        "a好",
    ),
    *(
        "一二三",
        "￥25",
        "½",
        "\U0001f468\u200d\U0001f469",
        "\U000e0041",
        "<speak>",
        "<break time='9s'/>",
        "&lt;",
    ),
)


def worked(seconds: float, work: Callable[[], T]) -> T:
    """Return the result, which must take this process at most so many seconds."""
    started = time.thread_time()
    result = work()
    assert time.thread_time() - started < seconds
    return result


def look_through(text: str, seconds: float) -> list[sentences.Sentence]:
    """Process a text as at submission and before synthesis, each step within so many seconds."""
    worked(seconds, lambda: written.is_pronounceable(text))
    worked(seconds, lambda: scripts.language_of(text))
    worked(seconds, lambda: sentences.spoken_seconds(text))
    worked(seconds, lambda: hotwords_in(text))
    worked(seconds, lambda: _unmarked(text))
    tidied = worked(seconds, lambda: written.tidy(text))
    found = worked(seconds, lambda: sentences.split(tidied))
    for sentence in found[:3]:
        for language in ("zh", "en"):
            worked(seconds, lambda s=sentence, of=language: normalise.normalise(s.text, of))
        for latin in (True, False):
            pieces = worked(seconds, lambda s=sentence, la=latin: list(scripts.runs(s.text, latin=la)))
            assert "".join(piece for _, piece in pieces) == sentence.text
    return found


def _unmarked(text: str) -> list[Utterance]:
    with contextlib.suppress(MarkupError):
        return utterances_of(document_of(text, "auto"), ("en",))
    return []


@pytest.mark.parametrize("piece", PIECES, ids=ascii)
def test_no_text_takes_long_to_look_through(piece: str) -> None:
    look_through((piece * MOST)[:MOST], SECONDS)


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3), min_size=1, max_size=8).map("".join))
@settings(max_examples=60)
def test_any_text_becomes_short_plain_sentences(pattern: str) -> None:
    """A model gets short inputs, without characters that have no sound."""
    for sentence in look_through((pattern * 5000)[:5000], SECONDS / 4):
        assert 0 < len(sentence.text) <= LONGEST
        assert sentence.text == sentence.text.strip()
        assert not {unicodedata.category(character) for character in sentence.text} & {"Cc", "Cf", "Cs", "Co"}


@pytest.mark.parametrize(
    "text",
    [
        "<speak><audio src='file:///etc/passwd'/><break time='99999s'/>Hello.</speak>",
        "Hello.\u202e\u2066dlrow\0\x1b]0;title\x07\x1b[2J {{7*7}} ${7*7} %s%n %(x)s",
        "Z" + "\u0301" * 240,
        "Go. " + "\u200d\u200b" * 900,
        "1" * 240,
        "2025-12-01" * 10,
        "a-" * 60,
        "A.B." * 30,
        "'; DROP TABLE tasks; -- \r\nSET x 1\r\n*1\r\n$8\r\nFLUSHALL\r\n",
        "the " * 60,
    ],
    ids=[
        "markup",
        "escapes",
        "accents",
        "joiners",
        "digits",
        "dates",
        "hyphens",
        "initials",
        "commands",
        "the",
    ],
)
def test_strange_texts_are_spoken_or_clearly_refused(
    service: Attacked, anna: httpx.Client, text: str
) -> None:
    answer = anna.post("/api/v1/tts/submit", json={"text": text, "speed": 4, "language": "en"})
    if answer.status_code != 200:
        assert answer.json()["code"] in ("invalid_ssml", "unpronounceable", "voice_not_found")
        return
    result = anna.get(f"/api/v1/tts/result/{answer.json()['task_id']}", params={"wait": 60}).json()
    assert result["status"] == "done" or result["code"] in ("engine_error", "unpronounceable"), result


@pytest.mark.parametrize("text", ["H₂a", "①st", "5..İ—10^9", "1,000" * 12])
def test_numbers_too_long_for_the_phonemiser_are_spelt_out(text: str) -> None:
    assert reading_of(text, "en", normalised=False).phonemes


def test_lone_surrogates_do_no_harm(service: Attacked, anna: httpx.Client) -> None:
    """UTF-8 can encode only whole surrogate pairs."""
    answer = anna.post("/api/v1/tts/submit", content=b'{"text": "Hello \\ud83d\\ude00 \\ud83d there."}')
    assert answer.status_code in (200, 400, 422), answer.text
    assert end_of(anna, "tts", said(anna, "Hello \U0001f600 there.")) == "done"
