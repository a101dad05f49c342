"""Figures in Japanese text as characters, which the dictionary can read: はつか for 20日."""

from __future__ import annotations

import re

from voxq.speech.normalise import grammar

_DIGIT = re.compile(r"\d")
_RANGE = re.compile(r"(?<=\d)\s*[〜～~–]\s*(?=\d)")
_DEGREES = re.compile(r"(?<=\d)\s*(?:℃|°C\b)")


def written_out(text: str) -> str:
    if not _DIGIT.search(text):
        return text
    # The grammar handles two cases badly: 三〜五 gets a pause instead of から, and 五摂氏 lacks its 度.
    return grammar.said(_DEGREES.sub("度", _RANGE.sub("から", text)), "ja")
