"""What of an unfinished answer may be shown: only what has been compared with the transcript.

A model's thoughts, an introduction or an invention can stand at the beginning of an answer as well as the
rewritten text. So whole sentences only are shown, from the first one on, as far as the transcript says each
of them at about this place. A translation, and what a client wishes, cannot be compared like this: of these
nothing is shown before the whole answer has been checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from types import MappingProxyType

from voxq.rewriting.answers import cleaned
from voxq.rewriting.checks.letters import begins_alike
from voxq.rewriting.checks.support import is_supported
from voxq.rewriting.checks.table import adds_nothing
from voxq.rewriting.differences import words
from voxq.rewriting.request import Mode, Rewrite

_SENTENCE_END = re.compile(r"[。！？!?]+[”’\"'）)」』]*|\.[”’\"')]*(?=\s)|\n+")
_LINE_END = re.compile(r"\n+")
_FENCES = ("```", "~~~")
_ALIKE: Mapping[Mode, float] = MappingProxyType({Mode.OPTIMIZE: 0.7, Mode.FORMAT: 0.6})
"""Share of the words of a sentence that the transcript has, in this order, where the one before ended."""
_AHEAD = 30
"""Words of the transcript, besides twice those of a sentence, among which its words are looked for."""
SHOWN = frozenset({*_ALIKE, Mode.PUNCTUATE, Mode.SUMMARY})
"""Modes of which something is shown."""


class Drafting:
    """The beginning of an answer as it grows; mutable."""

    def __init__(self, rewrite: Rewrite) -> None:
        self._rewrite = rewrite
        self._source = [word.text.casefold() for word in words(rewrite.text) if not word.is_mark]

    def shown(self, answer: str) -> str:
        """Return what may be shown of an answer that is not finished."""
        rewrite = self._rewrite
        if rewrite.mode not in SHOWN:
            return ""
        kept: list[str] = []
        place = 0
        for sentence in _whole(_opened(cleaned(answer, rewrite), rewrite), rewrite.mode):
            if rewrite.mode is Mode.SUMMARY:
                is_said = is_supported(rewrite, sentence)
            elif rewrite.mode is Mode.PUNCTUATE:
                is_said = begins_alike(rewrite.text, "".join([*kept, sentence]))
            else:
                place, is_said = self._follows(sentence, place)
            if not is_said:
                break
            kept.append(sentence)
        text = "".join(kept).rstrip()
        return text if adds_nothing(rewrite, text) else ""

    def _follows(self, sentence: str, place: int) -> tuple[int, bool]:
        """Return where a sentence ends in the transcript, and whether it is said there; `place`: where the
        one before ended, in words."""
        said = [word.text.casefold() for word in words(sentence) if not word.is_mark]
        window = self._source[place : place + 2 * len(said) + _AHEAD]
        *blocks, _ = SequenceMatcher(None, window, said, autojunk=False).get_matching_blocks()
        found = sum(block.size for block in blocks)
        end = place + (blocks[-1].a + blocks[-1].size if blocks else 0)
        return end, bool(said) and found >= _ALIKE[self._rewrite.mode] * len(said)


def _opened(text: str, rewrite: Rewrite) -> str:
    """Return the text without the beginning of a fence, whose end is still to come."""
    is_fenced = text.startswith(_FENCES) and not any(fence in rewrite.text for fence in _FENCES)
    return text.partition("\n")[2] if is_fenced else text


def _whole(text: str, mode: Mode) -> Iterator[str]:
    """Yield the sentences, or the lines of a summary, of which the end is there."""
    start = 0
    for end in (_LINE_END if mode is Mode.SUMMARY else _SENTENCE_END).finditer(text):
        yield text[start : end.end()]
        start = end.end()
