from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxq.engines.recognise.hotwords import MOST, safe_words
from voxq.engines.recognise.sensevoice_tags import Tagged
from voxq.engines.recognise.timed_words import align, ends_sentence, segments, sentences
from voxq.speech.transcript import Word, words_within
from voxq.speech.units import split_units

TEXT = st.text(st.sampled_from("ab9éß你好カ한 .,。，“\"-'<|>"), max_size=40)


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("Hello, world!", ["Hello,", "world!"]),
        ("你好，世界。", ["你", "好，", "世", "界。"]),
        ("用Telegram发12条", ["用", "Telegram", "发", "12", "条"]),
        ('he said "No - never".', ["he", "said", '"No-', 'never".']),
        ("- it's 3.5%", ["-it's", "3.5%"]),
        ("my mother-in-law's car", ["my", "mother-in-law's", "car"]),
        ("aujourd'hui, l’été", ["aujourd'hui,", "l’été"]),
        ("안녕 하세요", ["안녕", "하세요"]),
        ("。 …", []),
    ],
)
def test_text_is_split_into_words(text: str, units: list[str]) -> None:
    assert split_units(text) == units


@given(TEXT)
def test_splitting_loses_nothing(text: str) -> None:
    units = split_units(text)
    assert "".join(units) == ("".join(text.split()) if any(c.isalnum() for c in text) else "")
    assert all(any(c.isalnum() for c in unit) for unit in units)


def test_words_get_the_times_of_their_parts() -> None:
    pieces = [("▁don", 0.1, 0.2), ("'", 0.2, 0.3), ("t", 0.3, 0.4), ("▁5", 0.5, 0.6), ("0", 0.7, 0.8)]
    assert align(["Don't", "50."], pieces) == (Word("Don't", 0.1, 0.4), Word("50.", 0.5, 0.8))


def test_times_of_other_words_are_not_used() -> None:
    assert align(["open", "left"], [("open", 0, 1), ("right", 1, 2)]) == ()
    assert align(["open", "left"], [("open", 0, 1)]) == ()
    assert align(["open"], []) == ()


@given(TEXT)
def test_every_word_gets_times_from_its_letters(text: str) -> None:
    units = split_units(text)
    letters = [(c, i / 10, (i + 1) / 10) for i, c in enumerate("".join(text.split()))]
    words = align(units, letters)
    assert [word.text for word in words] == units
    assert all(a.end <= b.start for a, b in pairwise(words))


@given(
    st.lists(st.tuples(st.floats(-5, 40), st.floats(-5, 40)), max_size=8),
    st.floats(0, 30),
)
def test_times_stay_inside_and_in_order(times: list[tuple[float, float]], seconds: float) -> None:
    words = words_within([Word("a", start, end) for start, end in times], seconds)
    edges = [time for word in words for time in (word.start, word.end)]
    assert edges == sorted(edges)
    assert all(0 <= time <= seconds for time in edges)


@pytest.mark.parametrize(
    ("unit", "ends"), [("left.", True), ("好。”", True), ("3.5", False), ("left,", False)]
)
def test_the_end_of_a_sentence(unit: str, ends: bool) -> None:
    assert ends_sentence(unit) is ends


@given(st.lists(st.sampled_from(["a", "b.", "好", "吗？"]), max_size=12))
def test_sentences_contain_all_words(units: list[str]) -> None:
    words = [Word(unit, i, i + 1) for i, unit in enumerate(units)]
    groups = list(sentences(words))
    assert [word for group in groups for word in group] == words
    assert all(ends_sentence(group[-1].text) for group in groups[:-1])


def test_without_times_a_chunk_is_one_segment() -> None:
    (segment,) = segments("One. Two.", (), 3.0, show_words=True)
    assert (segment.text, segment.start, segment.end, segment.words) == ("One. Two.", 0.0, 3.0, ())
    assert segments("", (), 3.0, show_words=True) == ()


def test_tags_become_fields() -> None:
    tagged = Tagged.of("<|yue|><|HAPPY|><|Laughter|><|withitn|>今日<|BGM|>好")
    assert tagged == Tagged("今日好", "yue", "happy", ("laughter", "music"))


@pytest.mark.parametrize(
    "raw",
    ["<|nospeech|><|EMO_UNKNOWN|><|Event_UNK|><|woitn|>", "<|nospeech|><|NEUTRAL|><|Speech|><|withitn|>The."],
)
def test_a_no_speech_tag_gives_no_text(raw: str) -> None:
    assert Tagged.of(raw).text == ""
    assert Tagged.of(raw).language is None


@given(st.text(max_size=60))
def test_no_text_of_a_model_breaks_the_tags(raw: str) -> None:
    assert not Tagged.of(f"<|en|>{raw}").text.startswith("<|en|>")


@pytest.mark.parametrize(
    "hostile",
    [
        "http://example.org/words",
        "/etc/passwd",
        "words.txt",
        "..",
        r"C:\words",
        "a" * 41,
        "<|endoftext|>",
        "x=1",
        "a_b",
        "",
        " ",
        "[1]",
    ],
)
def test_only_words_are_accepted_as_hotwords(hostile: str) -> None:
    assert safe_words([hostile, "open"]) == ["open"]


def test_hotwords_are_single_words() -> None:
    assert safe_words(["Jon Smyth", "达摩院", "Jon", "don't", "e-mail"]) == [
        "Jon", "Smyth", "达摩院", "don't", "e-mail",
    ]  # fmt: skip
    assert len(safe_words(str(number) for number in range(10 * MOST))) == MOST
