"""Splitting of text into sentences, each of which is one call of a synthesiser.

A sentence ends at its punctuation, unless a full stop belongs to an abbreviation, a number, an initial or a
URL; a line break ends one, unless the line was only wrapped. Sentences that are too long are cut between
clauses, else between words. No text is lost: the sentences joined equal the text except for white space.
Every step is linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from voxq.speech.abbreviations import belongs_to_word
from voxq.speech.scripts import HAN, KANA
from voxq.speech.transcript import is_spaceless

LONGEST = 240
"""Maximum weight of one sentence, about 16 s of speech.

A letter weighs one; a digit, a Chinese or a Japanese character weighs four.
"""

_WEIGHT_PER_SECOND = 15.0
LONGEST_SECONDS = LONGEST / _WEIGHT_PER_SECOND
"""Seconds that the longest sentence takes, see `spoken_seconds`."""
_SYLLABLE_WEIGHT = 4
_WRAPPED = 50
"""Characters; a shorter line was ended by its author and not wrapped at a margin."""


class Break(Enum):
    """Kind of boundary after a sentence, which decides the length of the pause."""

    CLAUSE = "clause"  # the sentence goes on: it was too long for one call
    SENTENCE = "sentence"
    PARAGRAPH = "paragraph"


@dataclass(frozen=True, slots=True)
class Sentence:
    """Text without leading or trailing white space, and the boundary after it."""

    text: str
    ending: Break = Break.SENTENCE


_CLOSERS = "\"'”’»)\\]}」』）】》〉〕］｝"
_ENDS = re.compile(rf"(?:[。！？｡]|[.!?…‥．]|‼|⁇|⁈|⁉)[.!?…‥。！？．｡]*[{_CLOSERS}]*")
_ALWAYS_ENDS = "。！？｡"
_AFTER_LATIN = re.compile(rf"\s|$|[{HAN}{KANA}「『（【《“]")
_NEXT_WORD = re.compile(r"[\s\"'“‘(\[«¿¡]*([\w'’]*)")


def split(text: str, longest: int = LONGEST) -> list[Sentence]:
    """Split a `tidy` text into sentences, in order; none for an empty text.

    `longest` is the weight (see LONGEST) above which a sentence is cut. A word is cut only if it alone is
    heavier.
    """
    sentences: list[Sentence] = []
    for paragraph in re.split(r"\n\s*\n", text):
        whole = [each for line in _lines(paragraph) for each in _ended(line) if each]
        for sentence in whole:
            pieces = list(_cut(sentence, longest))
            sentences += [Sentence(piece, Break.CLAUSE) for piece in pieces[:-1]]
            sentences.append(Sentence(pieces[-1]))
        if whole:
            sentences[-1] = Sentence(sentences[-1].text, Break.PARAGRAPH)
    return sentences


def spoken_seconds(text: str) -> float:
    """Estimate the seconds it takes to read a text out, pauses included."""
    return _weights(text)[-1] / _WEIGHT_PER_SECOND


def _lines(paragraph: str) -> Iterator[str]:
    """Yield the lines as their author ended them; wrapped lines are joined again."""
    joined: list[str] = []
    for line in filter(None, map(str.strip, paragraph.split("\n"))):
        if joined and not (len(joined[-1]) >= _WRAPPED and joined[-1][-1].isalnum() and line[0].islower()):
            yield " ".join(joined)
            joined = []
        joined.append(line)
    if joined:
        yield " ".join(joined)


def _ended(line: str) -> Iterator[str]:
    """Yield the sentences of one line."""
    start = 0
    for match in _ENDS.finditer(line):
        if _is_end(line, start, match):
            yield line[start : match.end()].strip()
            start = match.end()
    yield line[start:].strip()


def _is_end(line: str, start: int, match: re.Match[str]) -> bool:
    marks = match[0].rstrip(_CLOSERS.replace("\\", ""))
    if any(mark in _ALWAYS_ENDS for mark in marks):
        return True
    if not _AFTER_LATIN.match(line, match.end()):
        return False  # 3.14, voxq.io, /search?q=1
    following = _NEXT_WORD.match(line, match.end())
    word = following[1] if following else ""
    if marks == ".":
        return not belongs_to_word(line[max(start, match.start() - 40) : match.start()], word)
    goes_on = "…" in marks or ".." in marks or marks != match[0]  # wait... what; "Really?" she said
    return not (goes_on and word[:1].islower())


_NUMERALS = frozenset("零〇一二三四五六七八九十百千万亿两点")
_CLAUSE_END = re.compile(r"(?:[,;:，、；：﹐﹑][\"'”’»)\]」』）]*|[—–](?=\s|\W))")


def _cut(sentence: str, longest: int) -> Iterator[str]:
    """Yield pieces of nearly equal weight, none above `longest`."""
    weights = _weights(sentence)
    rest, start = weights[-1], 0
    while rest > longest:
        fair = rest / -(-rest // longest)
        cut = _best_cut(sentence, weights, start, fair, longest)
        yield sentence[start:cut].strip()
        start = cut
        while start < len(sentence) and sentence[start].isspace():
            start += 1
        rest = weights[-1] - weights[start]
    if start < len(sentence):
        yield sentence[start:].strip()


def _weights(sentence: str) -> list[int]:
    """Return prefix sums: item i is the weight of the first i characters."""
    sums = [0]
    for character in sentence:
        is_syllable = character.isdigit() or (not character.isascii() and is_spaceless(character))
        sums.append(sums[-1] + (_SYLLABLE_WEIGHT if is_syllable else 1))
    return sums


def _best_cut(sentence: str, weights: list[int], start: int, fair: float, longest: int) -> int:
    """Return the index nearest to the weight `fair`: after a clause, else between words, else anywhere."""
    end = start + 1
    while end < len(sentence) and weights[end + 1] - weights[start] <= longest:
        end += 1

    def distance(index: int) -> float:
        return abs(weights[index] - weights[start] - fair)

    clauses = [
        match.end()
        for match in _CLAUSE_END.finditer(sentence, start, end)
        if _is_clause_end(sentence, match.end()) and weights[match.end()] - weights[start] > fair / 3
    ]
    if clauses:
        return min(clauses, key=distance)
    places = range(start + 1, end + 1)
    for is_place in (_is_between_words, _is_space):
        if words := [index for index in places if is_place(sentence, index)]:
            return min(words, key=distance)
    return end


def _is_clause_end(sentence: str, index: int) -> bool:
    """Whether the mark before `index` ends a clause and is not part of "1,000", "12:30" or a URL."""
    if index >= len(sentence) or not sentence[index - 1].isascii():
        return True
    return sentence[index].isspace() or not sentence[index].isascii()


def _is_between_words(sentence: str, index: int) -> bool:
    """Whether a word ends before `index` and another begins there; "10 000" and "五十" are one word."""
    if index + 1 >= len(sentence):
        return False
    before, after = sentence[index - 1], sentence[index]
    if after.isspace():
        return not (before.isdigit() and sentence[index + 1].isdigit())
    if before in _NUMERALS and after in _NUMERALS:
        return False
    return (
        not (before.isascii() or after.isascii())
        and is_spaceless(before)
        and is_spaceless(after)
        and after.isalnum()
    )


def _is_space(sentence: str, index: int) -> bool:
    return index < len(sentence) and sentence[index].isspace()
