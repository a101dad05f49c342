"""Segments of one sentence each. Pure.

In a window of 30 s Whisper writes a time between sentences; in a shorter one it often writes two sentences
without, and a subtitle would show the second one before it is heard.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING

from voxq.speech.sentences import Break, split

if TYPE_CHECKING:
    from faster_whisper.transcribe import Segment as RawSegment
    from faster_whisper.transcribe import Word as RawWord


def holds_sentences(text: str) -> bool:
    """Whether there are several sentences in a text."""
    return len(_ends(text)) > 1


def by_sentence(segment: RawSegment) -> Iterator[RawSegment]:
    """Split a segment with the times of its words after each of its sentences, in the middle of the rest."""
    sentences = list(_sentences(segment.words or (), _ends(segment.text)))
    start = segment.start
    for number, words in enumerate(sentences):
        is_last = number + 1 == len(sentences)
        end = segment.end if is_last else (words[-1].end + sentences[number + 1][0].start) / 2
        text = "".join(word.word for word in words)
        yield replace(segment, start=start, end=end, text=text, words=words)
        start = end
    if not sentences:
        yield segment


def _sentences(words: Iterable[RawWord], ends: list[int]) -> Iterator[list[RawWord]]:
    """Yield the words of each sentence; a word that holds an end is the last of its sentence."""
    sentence: list[RawWord] = []
    length = 0
    for word in words:
        sentence.append(word)
        length += _length(word.word)
        if length >= ends[0]:
            yield sentence
            sentence = []
            ends = [end for end in ends if end > length] or ends[-1:]
    if sentence:
        yield sentence


def _ends(text: str) -> list[int]:
    """Characters, without spaces, up to the end of each sentence."""
    sentences = split(text)
    lengths = accumulate(_length(each.text) for each in sentences)
    last = len(sentences) - 1
    return [
        length
        for number, (each, length) in enumerate(zip(sentences, lengths, strict=True))
        if number == last or each.ending is not Break.CLAUSE
    ]


def _length(text: str) -> int:
    return len("".join(text.split()))
