"""In which of its two scripts Mandarin is written. Models mix them: Whisper does, whatever it is told.

OpenCC knows words, not characters alone (乾净 but 乾隆). Text that is in the script already stays as it is.
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
"""Traditional as it is written in Taiwan; the words stay those that were said."""
_CHINESE = re.compile(f"[{HAN}]+")
_JAPANESE = re.compile(f"[{KANA}]")


def in_script(segment: Segment, script: Script) -> Segment:
    """A segment of Mandarin in this script, its words and their times with it.

    One with kana stays: it is Japanese, or quotes it.
    """
    if _JAPANESE.search(segment.text):
        return segment
    raw_text = None if segment.raw_text is None else _converted(segment.raw_text, script)
    words = tuple(_words(segment.words, script))
    return replace(segment, text=_converted(segment.text, script), words=words, raw_text=raw_text)


def _words(words: Sequence[Word], script: Script) -> Iterator[Word]:
    """Converted together: a word that OpenCC knows may be several here. A character stays one character."""
    converted = _converted("".join(word.text for word in words), script)
    end = 0
    for word in words:
        start, end = end, end + len(word.text)
        yield replace(word, text=converted[start:end])


def _converted(text: str, script: Script) -> str:
    # Only the characters concerned: a NUL ends a text for OpenCC, and half a surrogate pair is an error.
    return _CHINESE.sub(lambda run: _converter(script).convert(run[0]), text)


@lru_cache(maxsize=2)
def _converter(script: Script) -> OpenCC:
    """Takes 25 ms and 3 MB."""
    from opencc import OpenCC

    return OpenCC(_CONFIGURATIONS[script])
