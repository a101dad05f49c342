"""Conversion of Mandarin between simplified and traditional characters.

Models mix the two scripts; Whisper does so whatever it is told. OpenCC converts by words and not only by
characters (乾净 but 乾隆). Text already in the wanted script stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from voxq.speech.scripts import HAN, KANA
from voxq.speech.transcript import Segment, Word

if TYPE_CHECKING:
    from opencc import OpenCC

Script = Literal["simplified", "traditional"]

_CONFIGURATIONS: dict[Script, str] = {"simplified": "t2s", "traditional": "s2tw"}
"""Script -> OpenCC configuration. Traditional uses Taiwan's characters but does not replace words."""
_CHINESE = re.compile(f"[{HAN}]+")
_JAPANESE = re.compile(f"[{KANA}]")


def in_script(segment: Segment, script: Script) -> Segment:
    """Convert a Mandarin segment, its raw text and its words to `script`; times stay as they are.

    A segment that contains kana is returned unchanged, because it is Japanese or quotes Japanese.
    """
    if _JAPANESE.search(segment.text):
        return segment
    raw_text = None if segment.raw_text is None else _converted(segment.raw_text, script)
    words = tuple(_words(segment.words, script))
    return replace(segment, text=_converted(segment.text, script), words=words, raw_text=raw_text)


def _words(words: Sequence[Word], script: Script) -> Iterator[Word]:
    """Convert all words as one text, because a word known to OpenCC may span several of them.

    Conversion keeps the number of characters, so the text can be split at the same places again.
    """
    converted = _converted("".join(word.text for word in words), script)
    end = 0
    for word in words:
        start, end = end, end + len(word.text)
        yield replace(word, text=converted[start:end])


def _converted(text: str, script: Script) -> str:
    # Only Chinese characters reach OpenCC: it stops at a NUL and fails on half a surrogate pair.
    return _CHINESE.sub(lambda run: _converter(script).convert(run[0]), text)


@lru_cache(maxsize=2)
def _converter(script: Script) -> OpenCC:
    """Load an OpenCC converter, which takes 25 ms and 3 MB."""
    from opencc import OpenCC

    return OpenCC(_CONFIGURATIONS[script])
