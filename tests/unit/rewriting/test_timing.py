"""Which times rewritten texts can have: of summaries, custom texts and translations, too."""

from __future__ import annotations

from itertools import pairwise

import pytest

from voxq.rewriting.timing import timed, untimed, without_words
from voxq.speech.transcript import Segment, Transcript

SAID = (
    Segment("Well, we meet on Monday at three. Please bring", 0.0, 4.0),
    Segment("the blue folder with all of the documents in it. Thanks.", 4.5, 9.0),
)
TRANSCRIPT = Transcript.of(SAID, "en", 10.0)


@pytest.mark.parametrize("mode", ["light", "optimize", "format", "punctuate", "raw"])
def test_a_text_of_the_same_words_keeps_their_times(mode: str) -> None:
    made = timed(TRANSCRIPT, "We meet on Monday at three. Bring the blue folder.", mode)
    assert made is not None
    assert [segment.text for segment in made.segments] == [
        "We meet on Monday at three. Bring",
        "the blue folder.",
    ]
    assert made.segments[1].start == 4.5


def test_a_summary_has_no_times() -> None:
    assert timed(TRANSCRIPT, TRANSCRIPT.text, "summary") is None
    assert untimed(TRANSCRIPT, "- Monday").segments == ()


@pytest.mark.parametrize(
    ("text", "has_times"),
    [
        ("We meet on Monday at three, please.", True),
        ("Meeting: Monday, 15:00. Agenda: contracts, budget.", False),
        ("THE BLUE FOLDER", True),
        ("", False),
    ],
)
def test_a_custom_text_has_times_if_half_of_its_words_were_said(text: str, has_times: bool) -> None:
    assert (timed(TRANSCRIPT, text, "custom") is not None) is has_times


def test_the_sentences_of_a_translation_have_the_times_of_those_they_translate() -> None:
    text = "嗯，我们星期一三点见面。请把装有全部文件的蓝色文件夹带来。谢谢。"
    made = timed(TRANSCRIPT, text, "translate")
    assert made is not None and made.text == text
    assert [segment.text for segment in made.segments] == [
        "嗯，我们星期一三点见面。",
        "请把装有全部文件的蓝色文件夹带来。",
        "谢谢。",
    ]
    first, second, third = made.segments
    assert first.start == 0.0 and 2.0 < first.end < 4.0
    assert second.start == pytest.approx(first.end, abs=0.3) and 7.0 < second.end < 9.0
    assert third.end == pytest.approx(9.0, abs=0.1)
    assert not any(segment.words for segment in made.segments)
    for one, other in pairwise(made.segments):
        assert one.end <= other.start


def test_a_sentence_may_become_two_and_two_may_become_one() -> None:
    two = timed(
        TRANSCRIPT, "嗯。我们星期一下午三点见面。请把装有全部文件的蓝色文件夹带来，谢谢。", "translate"
    )
    assert two is not None
    assert "".join(segment.text.replace(" ", "") for segment in two.segments) == two.text
    assert 1 <= len(two.segments) <= 3
    assert max(segment.end for segment in two.segments) == pytest.approx(9.0, abs=0.1)


@pytest.mark.parametrize(
    "text",
    [
        "一。",
        "好。" * 30,
        "谢谢。好的。请务必把装有全部文件的那个蓝色文件夹带来，不要忘记了，我们等着用。嗯，见面。",
        "",
    ],
    ids=["left out", "too many", "other lengths", "nothing"],
)
def test_a_translation_whose_sentences_do_not_correspond_has_no_times(text: str) -> None:
    assert timed(TRANSCRIPT, text, "translate") is None


def test_a_sentence_of_two_speakers_is_not_given_to_one() -> None:
    said = (Segment("Please bring", 0, 1, channel=0), Segment("the blue folder.", 1, 2, channel=1))
    assert timed(Transcript.of(said, "en", 3.0), "请带来蓝色的文件夹。", "translate") is None


def test_long_translations_are_paired_in_a_second_or_so() -> None:
    said = tuple(Segment(f"This is sentence number {n}.", n * 3.0, n * 3.0 + 2.5) for n in range(3000))
    text = "".join(f"这是第{n}句话。" for n in range(3000))
    made = timed(Transcript.of(said, "en", 9000.0), text, "translate")
    assert made is not None
    assert [segment.start for segment in made.segments] == [segment.start for segment in said]


def test_words_can_be_left_out() -> None:
    made = timed(TRANSCRIPT, "We meet on Monday.", "light")
    assert made is not None and all(segment.words for segment in made.segments)
    assert not any(segment.words for segment in without_words(made).segments)
