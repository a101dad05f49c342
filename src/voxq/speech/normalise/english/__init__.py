"""English figures in words, so that the phonemiser is left nothing but words and what is said is known.

hibari's phonemiser reads most figures itself, but "no." as number at the end of a sentence, 24/7 as
twenty-four slash seven, and ≤ not at all. Its table of plain abbreviations (Mr., Inc., Jan.) is left to it.
"""

from __future__ import annotations

import re

from voxq.speech.normalise.english import calendar, formulas, names, quantities, shouting
from voxq.speech.normalise.english.abbreviations import ABBREVIATION
from voxq.speech.normalise.rules import read_aloud

_RULES = (
    ABBREVIATION,
    *names.ADDRESSES,
    *quantities.MONEY,
    *calendar.DATES,
    *names.CERTAIN,
    *quantities.GROUPS,
    *calendar.RULES,
    *formulas.HALVES,
    *quantities.MEASURES,
    *names.UNCERTAIN,
    *quantities.RANGES,
    *formulas.POWERS,
    *quantities.NUMBERS,
    *formulas.SIGNS,
)
_MAY_NEED_IT = re.compile(
    rf"\d|://|www\.|@|\.{names.TOP_LEVEL}\b|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[-–]|[A-Za-z]\. |[A-Za-z]\.$"
    r"|\b(?:vs|aka)\b|\bw/|[≤≥≠≈√∛∞÷×±π→⇒∈²³№§½⅓⅔¼¾⅛°<>=&]| [IVX]+\b"
)
_START = re.compile(
    r"[0-9A-Za-z]|!(?==)|\((?=\d{3}\))|[½⅓⅔¼¾⅛²³]"
    r"|[^\w\s,;:!?\"“”()]| (?=[-−*×+/<>=&≤≥≠≈√÷±→])"
)
_WORD = re.compile(r"[A-Za-z]+")


def written_out(text: str) -> str:
    """Write out the figures of a sentence. Never raises; linear in the length of the text."""
    said = shouting.calmed(text)
    return read_aloud(said, _RULES, _START, _WORD) if _MAY_NEED_IT.search(said) else said
