"""Recognition of messages by their form: every template, whatever its values, and no text too hard."""

from __future__ import annotations

import string
import time

import polib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from _messages import read
from voxq.locale import Forms, Message, about, recognised, translated

VAGUE = 8
"""Letters below which a template alone tells nothing."""


def values_for(template: str) -> dict[str, object]:
    """Return values of the types that a template has places for."""
    values: dict[str, object] = {}
    for number, (_, name, format, conversion) in enumerate(string.Formatter().parse(template)):
        if name is not None:
            is_number = bool(format) or name == "number"
            values[name] = number + 2 if is_number else f"x{number}" + ("" if conversion else "/y")
    return values


def letters(template: str) -> int:
    return sum(map(str.isalpha, "".join(literal for literal, *_ in string.Formatter().parse(template))))


def made(entry: polib.POEntry) -> Message | None:
    """Return a message of an entry's template; None if it has no values."""
    try:
        values = values_for(entry.msgid)
    except ValueError:  # a brace that stands for itself
        return None
    if not values or not all(map(str.isidentifier, values)):
        return None
    if not entry.msgid_plural:
        return Message(entry.msgid, **values)
    return Message.counted(
        entry.msgid, entry.msgid_plural, 7, **{n: v for n, v in values.items() if n != "number"}
    )


MADE = [
    pytest.param(message, id=message.template[:60])
    for message in map(made, read())
    if message and letters(message.template) >= VAGUE
]


@pytest.mark.parametrize("message", MADE)
def test_every_message_is_recognised_in_its_english_text(message: Message) -> None:
    again = recognised(str.__str__(message))
    assert isinstance(again, Message)
    assert again == message
    assert translated(str.__str__(message), "zh") == translated(message, "zh")


@pytest.mark.parametrize("entry", [e for e in read() if made(e) is None], ids=lambda entry: entry.msgid[:60])
def test_a_text_without_values_is_recognised_as_a_whole(entry: polib.POEntry) -> None:
    assert translated(entry.msgid, "zh") == entry.msgstr


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        (
            "The decoder crashed on this recording (signal SIGSEGV). Given up after 3 attempts.",
            "处理该录音时解码器崩溃（signal SIGSEGV）。尝试 3 次后放弃。",
        ),
        (
            "The engine crashed on this text. Given up after 1 attempt.",
            "处理该文本时引擎崩溃。尝试 1 次后放弃。",
        ),
        ("Processing timeout (600s exceeded)", "处理超时（超过 600 秒）"),
        ("Decoding timeout (60s exceeded)", "解码超时（超过 60 秒）"),
        ("The recording is longer than 7200 seconds.", "录音超过 7200 秒。"),
        ("There is no audio track 7; there are: 0 (en, aac).", "没有音轨 7；可用的有：0 (en, aac)。"),
        ("The codec of the sound track is not supported: dts.", "不支持该音轨的编码：dts。"),
        ("The file has more than 64 tracks.", "文件的轨道超过 64 条。"),
        ("Whisper does not support the language 'xx'.", "Whisper 不支持语言 'xx'。"),
        ("The SSML element <img> is not supported.", "不支持 SSML 元素 <img>。"),
        (
            "The recording could not be decoded: No space left on device.",
            "无法解码该录音：No space left on device。",
        ),
        ("No model here can speak.", "此处没有可用于合成的模型。"),
    ],
)
def test_stored_errors_are_translated_with_what_is_in_them(english: str, chinese: str) -> None:
    assert translated(english, "zh") == chinese


@pytest.mark.parametrize(
    "text",
    [
        "an engine's own words: it broke",
        "Error 7: out of cheese.",
        "/data/录音.wav",
        "text: read",
        "Whisper does not support the language xx.",
        "Processing timeout (manys exceeded)",
        "12 s",
        "x" * 100_000,
        "The engine failed (" + "x" * 5000 + ").",
    ],
)
def test_text_of_others_stays_as_it_is(text: str) -> None:
    assert translated(text, "zh") == text
    assert translated(Message(text), "zh") == text


def test_the_form_with_most_words_counts() -> None:
    templates = ("It failed: {error}", "It failed: {error} in {place}", "{what} Tried {number} times.")
    forms = Forms((template, None) for template in (*templates, "It failed with {error}."))
    assert template_of(forms, "It failed: x in y") == "It failed: {error} in {place}"
    assert template_of(forms, "It failed: x") == "It failed: {error}"
    assert template_of(forms, "It failed with x. Tried 3 times.") == "{what} Tried {number} times."


def template_of(forms: Forms, text: str) -> str | None:
    found = forms.recognised(text)
    return found.template if found is not None else None


def test_a_value_that_stands_twice_must_be_the_same() -> None:
    forms = Forms([("{model!r} is a name; give another: {model}-asr", None)])
    assert forms.recognised("'x' is a name; give another: x-asr") == "'x' is a name; give another: x-asr"
    assert forms.recognised("'x' is a name; give another: y-asr") is None


def test_a_message_in_front_of_or_behind_others_is_translated() -> None:
    message = about("clip.wav", Message("The file has more than {most} tracks.", most=64))
    assert (
        translated(str.__str__(message), "zh")
        == translated(message, "zh")
        == "clip.wav：文件的轨道超过 64 条。"
    )


WORDS = sorted({word for entry in read() for word in entry.msgid.split()})


@given(st.one_of(st.text(), st.lists(st.sampled_from(WORDS)).map(" ".join)))
def test_any_text_may_come(text: str) -> None:
    found = recognised(text)
    assert found == text
    translated(text, "zh")


@pytest.mark.parametrize(
    "piece",
    [
        "The engine ",
        "a: ",
        "{}",
        "'",
        "is missing. ",
        " Given up after 1 attempts.",
        "\0",
        "There is no {x}; ",
    ],
)
def test_no_text_takes_long(piece: str) -> None:
    recognised("warm")
    started = time.process_time()
    for length in (100, 2_000, 1_000_000):
        recognised((piece * length)[:length])
    assert time.process_time() - started < 0.2
