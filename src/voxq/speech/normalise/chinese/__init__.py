"""Chinese figures as people say them: 100-200元 is 一百到二百元, 2个 两个, 15:30 十五点三十分.

The reader goes through a sentence from left to right. Where a figure may begin, the first rule whose pattern
and surroundings fit says it, and no rule sees what another wrote. No library's grammar stands behind the
rules: wetext's reads 7-11 as 七减十一, GPT-4o as GPT负四o and ￥100-200 as 十元零减两百. URLs and e-mail
addresses are left to the English voice.
"""

from __future__ import annotations

import re

from voxq.speech.normalise.chinese import calendar, formulas, identifiers, quantities
from voxq.speech.normalise.rules import read_aloud

_RULES = (
    identifiers.ENDLESS,
    *quantities.MONEY,
    *calendar.RULES,
    *identifiers.CERTAIN,
    *formulas.WHOLE,
    *quantities.RULES,
    *formulas.POWERS,
    *calendar.RATIO,
    *identifiers.BEFORE_RANGES,
    *quantities.RANGES,
    *identifiers.AFTER_RANGES,
    *quantities.NUMBERS,
    *formulas.OPERATORS,
)
_ADDRESS = re.compile(
    r"(?:[a-z][a-z0-9+.-]{0,15}://|www\.)[!-~]+|[\w.+-]{1,64}+@[\w-]{1,63}(?:\.[\w-]{1,63})+", re.ASCII
)
_FIGURE = re.compile(r"[0-9½⅓⅔¼¾⅛①-⑳Ⅰ-Ⅻ℃℉㎡㎥㎏²³≥≤≧≦≠≈√]|[０-９]")
_START = re.compile(r"[0-9A-Za-z]|[^\w\s，。！？、；：…“”‘’（）《》]|[①-⑳Ⅰ-Ⅻ½⅓⅔¼¾⅛²³π]")
_WORD = re.compile(r"[A-Za-z]+")
_WIDE = {
    ord(wide): ord(wide) - 0xFEE0
    for wide in map(chr, (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B)))
}
_WIDE |= {ord(wide): narrow for wide, narrow in zip("％＋＝＄．／＃", "%+=$./#", strict=True)}


def written_out(text: str) -> str:
    """Write out the figures of a sentence. Never raises; linear in the length of the text but for long runs
    of digits."""
    if not _FIGURE.search(text):
        return text
    text = text.translate(_WIDE)
    said: list[str] = []
    end = 0
    for match in _ADDRESS.finditer(text):
        said += [read_aloud(text[end : match.start()], _RULES, _START, _WORD), match[0]]
        end = match.end()
    return "".join([*said, read_aloud(text[end:], _RULES, _START, _WORD)])
