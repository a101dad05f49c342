"""Parts of a text that a model's context cannot hold at once, and their joining. Nothing is ever cut off."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from voxq.rewriting.request import Mode, Rewrite, Timed
from voxq.speech.scripts import HAN, KANA
from voxq.speech.sentences import split as sentences_of
from voxq.speech.transcript import join_texts

_T = TypeVar("_T")

_PIECES = re.compile(
    rf"([{HAN}{KANA}\uac00-\ud7af\u3000-\u303f\uff00-\uffef])|([A-Za-z]+)|([^\S\n]+)|(.)", re.DOTALL
)
_TOKENS_PER_CHARACTER = 1.5
"""Tokens of a Chinese, Japanese or Korean character. Qwen's documentation counts 1.5 to 1.8 Chinese
characters a token; older vocabularies need more than one token for many characters."""
_LETTERS_PER_TOKEN = 3.0
"""Letters of a Latin word in a token; OpenAI's help pages count four, and names and Pinyin have fewer."""
_TIME_TOKENS = 12
"""Tokens of "[1:05] " and of the line end, where segments are shown with their times."""
_ENDLESS = 1 << 60
"""Weight of a sentence that is never cut."""
_LEAST = 32
"""Tokens of the smallest budget."""
_WEIGHT_PER_TOKEN = 2
"""Weight, as `voxq.speech.sentences` counts it, of a token: a Chinese character weighs four, a letter one."""


def tokens(text: str) -> int:
    """Estimate the tokens of a text, rather too many: the vocabularies of models differ.

    A Chinese, Japanese or Korean character counts 1.5, a Latin word one token per three letters, a digit or
    a mark one, and another character of another script one less than its bytes in UTF-8, two at most of
    which a vocabulary of bytes merges nearly always.
    """
    total = 0.0
    for eastern, latin, space, other in _PIECES.findall(text):
        if eastern:
            total += _TOKENS_PER_CHARACTER
        elif latin:
            total += math.ceil(len(latin) / _LETTERS_PER_TOKEN)
        elif space:
            total += 0.25 * (len(space) - 1)  # one space belongs to the next word
        else:
            total += max(1, len(other.encode("utf-8", "surrogatepass")) - 1)
    return math.ceil(total)


def parts(rewrite: Rewrite, budget: int) -> tuple[Rewrite, ...]:
    """Split what is to be rewritten into parts whose text, as a model sees it, has at most `budget` tokens.

    The texts together are the whole text (with segments: the texts of all segments). A budget below 32 is
    raised to that.
    """
    if rewrite.mode is not Mode.SUMMARY or not rewrite.segments:
        return tuple(replace(rewrite, text=text) for text in split(rewrite.text, budget))
    segments = list(_short(rewrite.segments, max(_LEAST, budget)))
    sizes = [tokens(text) + _TIME_TOKENS for _, _, text in segments]
    return tuple(
        replace(rewrite, segments=tuple(group), text=join_texts(text for _, _, text in group))
        for group in _packed(segments, sizes, budget)
    )


def split(text: str, budget: int) -> tuple[str, ...]:
    """Split a text at sentences into parts of at most `budget` tokens, which joined are the text.

    A sentence with more tokens is cut between clauses, else between words, else within a word.
    """
    pieces = list(_pieces(text, max(_LEAST, budget)))
    return tuple("".join(group) for group in _packed(pieces, [tokens(each) for each in pieces], budget))


def joined(texts: Sequence[str], answers: Sequence[str]) -> str:
    """Join the answers to consecutive parts, with the line ends that stood between the parts."""
    whole: list[str] = []
    ending = ""
    for text, answer in zip(texts, map(str.strip, answers), strict=True):
        if not answer:
            continue
        if whole:
            lines = (ending + text[: len(text) - len(text.lstrip())]).count("\n")
            pair = join_texts((whole[-1][-1], answer[0]))
            whole.append("\n" * min(lines, 2) or pair[1:-1])
        whole.append(answer)
        ending = text[len(text.rstrip()) :]
    return "".join(whole)


def _packed(items: Sequence[_T], sizes: Sequence[int], budget: int) -> Iterator[list[_T]]:
    """Yield groups of neighbours, each as large as the budget allows."""
    group: list[_T] = []
    left = budget
    for item, size in zip(items, sizes, strict=True):
        if group and size > left:
            yield group
            group, left = [], budget
        group.append(item)
        left -= size
    if group:
        yield group


def _pieces(text: str, budget: int) -> Iterator[str]:
    """Yield sentences, cut where they are longer than the budget, with the white space that follows them."""
    at = 0
    for piece in _sentences(text, budget):
        end = at
        left = sum(not character.isspace() for character in piece)
        while left:
            left -= not text[end].isspace()
            end += 1
        while end < len(text) and text[end].isspace():
            end += 1
        yield text[at:end]
        at = end
    if at < len(text):
        yield text[at:]


def _sentences(text: str, budget: int) -> Iterator[str]:
    """Yield the sentences without the white space between them, and pieces of those that are too long."""
    for sentence in sentences_of(text, longest=_ENDLESS):
        yield from _fitting(sentence.text, budget, budget * _WEIGHT_PER_TOKEN)


def _fitting(sentence: str, budget: int, weight: int) -> Iterator[str]:
    """Yield pieces within the budget; `weight` is that of the pieces tried first, halved until they fit."""
    if tokens(sentence) <= budget:
        yield sentence
        return
    for piece in sentences_of(sentence, longest=max(1, weight)):
        yield from _fitting(piece.text, budget, weight // 2) if len(piece.text) > 1 else (piece.text,)


def _short(segments: Sequence[Timed], budget: int) -> Iterator[Timed]:
    """Yield the segments; pieces of one that is too long keep its times."""
    for start, end, text in segments:
        for piece in split(text, budget - _TIME_TOKENS):
            yield start, end, piece
