"""Cuts in the opening of a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxq.processes.media.protocol import Prepared, Sentences, Split
from voxq.processes.media.split import split
from voxq.speech.markup import Delivery, Utterance, document_of, utterances_of
from voxq.speech.opening import cut_opening
from voxq.speech.sentences import Break, spoken_seconds

RAIN = "If it rains tomorrow, we will take the bus, and the children will stay at home."


def said(
    text: str, times_real_time: float | None = 2.0, input_type: str = "text", language: str = "en"
) -> list[Utterance]:
    """Return what the media process makes of a text."""
    found: list[Utterance] = []
    for message in split(Split("a", text, input_type, language, (), times_real_time)):
        match message:
            case Sentences():
                found += message.sentences
            case Prepared():
                return found
            case _:
                raise AssertionError(message)
    raise AssertionError("no end")


def texts(text: str, times_real_time: float | None = 2.0, input_type: str = "text") -> list[str]:
    return [each.text for each in said(text, times_real_time, input_type)]


def test_the_first_sentence_is_cut_at_its_first_clause() -> None:
    rest = "we will take the bus, and the children will stay at home."
    assert texts(RAIN) == ["If it rains tomorrow,", "we will take the bus,", rest.partition(", ")[2]]
    assert texts(f"{RAIN} Then it is time, I think, to go to bed.")[3:] == [
        "Then it is time, I think, to go to bed."
    ]
    assert texts(RAIN, 20.0) == ["If it rains tomorrow,", rest]


def test_chinese_is_cut_without_a_space() -> None:
    first, second = said("大家下午在公司门口见面，然后一起去公园散步。", language="zh")
    assert (first.text, first.joint) == ("大家下午在公司门口见面，", None)
    assert (second.text, second.joint) == ("然后一起去公园散步。", "")


def test_only_a_voice_that_is_slow_needs_it() -> None:
    assert texts(RAIN, None) == [RAIN]


@pytest.mark.parametrize(
    "text",
    [
        "Good morning, all of you.",
        "Well, if I had known that you would come so late I would have eaten alone.",
        "This is a sentence that goes on and on and on until it ends, I am afraid.",
        "今天是 Monday morning，then we all go back home together again.",
        "3.14159265358979, as far as anybody can remember the number.",
        "日本東京都新宿区西新宿、そこで私たちは会いました。",
    ],
)
def test_it_stays_whole_where_the_pieces_could_not_be_read_alone(text: str) -> None:
    """Too short a piece, nothing gained, or words that would be read in another language."""
    assert len(said(text)) == 1


def test_a_later_sentence_is_cut_only_if_it_would_come_too_late() -> None:
    long = (
        "He told me that the house had been empty for years, that nobody wanted to buy it because of "
        "the roof, and that in the end they had pulled it down to make room for a road."
    )
    opening = "This is what the man at the counter of the shop told me yesterday."
    assert texts(f"Listen. {long}")[1] == "He told me that the house had been empty for years,"
    assert texts(f"{opening} {opening} {long}") == [opening, opening, long]


def test_the_directions_of_ssml_are_followed_as_they_are() -> None:
    assert texts(f"<speak>{RAIN}</speak>", input_type="auto") == [RAIN]


def test_pieces_are_delivered_as_one_sentence() -> None:
    delivery = Delivery(before=1.0, pause=2.0, rate=1.5, pitch=2.0)
    first, *middle, last = cut_opening([Utterance(RAIN, Break.PARAGRAPH, delivery)], 2.0)
    assert first.delivery == Delivery(1.0, None, 1.5, 2.0)
    assert [each.delivery for each in middle] == [Delivery(0.0, None, 1.5, 2.0)]
    assert last.delivery == Delivery(0.0, 2.0, 1.5, 2.0)
    assert [each.ending for each in (first, *middle, last)] == [Break.CLAUSE, Break.CLAUSE, Break.PARAGRAPH]
    assert [each.joint for each in (first, *middle, last)] == [None, " ", " "]


_TEXTS = st.lists(
    st.sampled_from(
        [
            *(
                "If it rains tomorrow, ",
                "we will take the bus ",
                "and the children, ",
                "of Paris, ",
                "1,",
                "e.g., ",
            ),
            *(
                "大家下午在公司门口见面，",
                "然后一起去公园。",
                "home. ",
                "Is it? ",
                "“",
                "”",
                "(",
                ")",
                "\n\n",
                "3; ",
            ),
        ]
    ),
    max_size=40,
).map("".join)


@given(_TEXTS, st.floats(0.5, 50))
def test_pieces_joined_are_the_sentences(text: str, times_real_time: float) -> None:
    whole = utterances_of(document_of(text, "text"))
    pieces = cut_opening(whole, times_real_time)
    joined: list[str] = []
    for piece in pieces:
        if piece.joint is None:
            joined.append(piece.text)
        else:
            joined[-1] += piece.joint + piece.text
    assert joined == [each.text for each in whole]
    assert sum(map(spoken_seconds, joined)) == pytest.approx(sum(spoken_seconds(each.text) for each in whole))
    assert all(each.text == each.text.strip() != "" for each in pieces)
