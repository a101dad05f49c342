"""Chinese figures in words: 15:30 is 十五点三十分, 3.5 is 三点五, ￥25 is 二十五元, 50% is 百分之五十.

Telephone numbers are said digit by digit. URLs and e-mail addresses are left to the English voice.
"""

from __future__ import annotations

import re

from voxq.speech.normalise import grammar

_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*://|www\.)[!-~]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_DIGIT = re.compile(r"\d")


def written_out(text: str) -> str:
    said: list[str] = []
    end = 0
    for match in _ADDRESS.finditer(text):
        said += [_said(text[end : match.start()]), match[0]]
        end = match.end()
    return "".join([*said, _said(text[end:])])


def _said(text: str) -> str:
    return grammar.said(text, "zh") if _DIGIT.search(text) else text
