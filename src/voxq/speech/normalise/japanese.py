"""Japanese figures in characters, which the dictionary knows how to read: はつか for 20日."""

from __future__ import annotations

import re

from voxq.speech.normalise import grammar

_DIGIT = re.compile(r"\d")
_RANGE = re.compile(r"(?<=\d)\s*[〜～~–]\s*(?=\d)")
_DEGREES = re.compile(r"(?<=\d)\s*(?:℃|°C\b)")


def written_out(text: str) -> str:
    if not _DIGIT.search(text):
        return text
    # Two that the grammar leaves half said: 三〜五 has a pause for から, and 五摂氏 lacks its 度.
    return grammar.said(_DEGREES.sub("度", _RANGE.sub("から", text)), "ja")
