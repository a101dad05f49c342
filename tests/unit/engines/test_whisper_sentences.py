from __future__ import annotations

import pytest
from faster_whisper.transcribe import Segment, Word

from voxq.engines.recognise.whisper_sentences import by_sentence, holds_sentences


def segment(*words: str) -> Segment:
    """A segment whose words take a second each."""
    timed = [Word(float(n), n + 1.0, word, 1.0) for n, word in enumerate(words)]
    end = float(len(words))
    return Segment(0, 0, 0.0, end, "".join(words), [], -0.2, 1.0, 0.0, timed, 0.0)


@pytest.mark.parametrize(
    ("words", "texts"),
    [
        ((" Come", " in.", " Sit", " down."), [" Come in.", " Sit down."]),
        ((" Dr.", " Wu", " is", " in."), [" Dr. Wu is in."]),
        ((" It", " costs", " 3.5", " pounds."), [" It costs 3.5 pounds."]),
        ((" Really?", " Yes!", " Go"), [" Really?", " Yes!", " Go"]),
        (("今天", "很好。", "明天", "下雨。"), ["今天很好。", "明天下雨。"]),
        (("今天", "很好", "明天", "下雨"), ["今天很好明天下雨"]),
        ((" One.Two",), [" One.Two"]),
    ],
)
def test_each_sentence_is_a_segment(words: tuple[str, ...], texts: list[str]) -> None:
    whole = segment(*words)
    parts = list(by_sentence(whole))
    assert [each.text for each in parts] == texts
    assert holds_sentences(whole.text) == (len(texts) > 1)
    assert [word for each in parts for word in each.words or ()] == whole.words
    assert [(each.start, each.end) for each in parts] == [
        (each.words[0].start, each.words[-1].end) for each in parts if each.words
    ]


def test_a_cut_lies_in_the_middle_of_a_rest() -> None:
    whole = segment(" Come.", " Go.")
    whole.start, whole.end = -0.5, 3.5
    whole.words = [Word(0.0, 1.0, " Come.", 1.0), Word(2.0, 3.0, " Go.", 1.0)]
    assert [(each.start, each.end) for each in by_sentence(whole)] == [(-0.5, 1.5), (1.5, 3.5)]


def test_a_segment_without_words_stays_whole() -> None:
    whole = segment(" Come", " in.", " Sit", " down.")
    whole.words = None
    assert list(by_sentence(whole)) == [whole]
