"""Chinese figures in plain Mandarin: 15:30 is 十五点三十分, 3.5 三点五, ￥25 二十五元, 50% 百分之五十.

A telephone number is said digit by digit. URLs and e-mail addresses stay for the English that reads them.
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
