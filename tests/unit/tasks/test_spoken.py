"""Segments of a spoken text."""

from __future__ import annotations

from voxq.kinds.pieces import Phrase
from voxq.kinds.spoken import segments_of
from voxq.processes.model.protocol import KeptSpeech
from voxq.speech.sentences import Break
from voxq.speech.transcript import Segment


def phrase(text: str, joint: str | None = None) -> Phrase:
    return Phrase(0, len(text), text, Break.SENTENCE, 1.0, joint=joint)


def kept(spoken: str = "", samples: int = 100) -> KeptSpeech:
    return KeptSpeech(samples, 24_000, spoken)


def test_pieces_of_a_sentence_are_one_segment() -> None:
    finished = [
        (phrase("If it costs $5,"), kept("If it costs five dollars,")),
        (phrase("I take it.", " "), kept()),
        (phrase("大家在门口见面，"), kept()),
        (phrase("然后去公园。", ""), kept()),
    ]
    assert segments_of(finished, [(0.0, 1.0), (1.2, 2.0), (2.3, 3.0), (3.1, 4.0)]) == [
        Segment("If it costs $5, I take it.", 0.0, 2.0, spoken="If it costs five dollars, I take it."),
        Segment("大家在门口见面，然后去公园。", 2.3, 4.0, spoken="大家在门口见面，然后去公园。"),
    ]


def test_what_had_no_sound_is_not_spoken() -> None:
    finished = [
        (phrase("one,"), kept(samples=0)),
        (phrase("two.", " "), kept()),
        (phrase("..."), kept(samples=0)),
    ]
    spoken = [segment.spoken for segment in segments_of(finished)]
    assert spoken == ["two.", None]


def test_a_piece_whose_beginning_is_not_spoken_yet_stands_alone() -> None:
    assert [each.text for each in segments_of([(phrase("two.", " "), kept())])] == ["two."]
