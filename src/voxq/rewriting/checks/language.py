"""The language and the script that an answer is written in."""

from __future__ import annotations

import re

from voxq.locale import Message
from voxq.rewriting.checks.compared import Compared
from voxq.rewriting.request import Mode, primary
from voxq.speech.scripts import HAN, KANA, language_of

_LATIN = frozenset(["en", "es", "fr", "de", "it", "pt", "nl", "id", "ms", "pl", "tr", "vi"])
"""Languages in Latin letters, which the script does not tell apart."""
_EASTERN = re.compile(f"[{HAN}{KANA}]")
_WORD = re.compile(r"[A-Za-zÀ-ÖØ-öø-ɏ]+")
_PAIRS = (
    "这這个個们們来來说說对對时時会會为為国國学學过過还還没沒问問题題样樣么麼间間开開关關见見东東车車"
    "长長门門话話让讓请請认認识識现現发發经經实實点點电電给給听聽写寫读讀买買卖賣进進远遠边邊头頭"
)
_SIMPLIFIED, _TRADITIONAL = frozenset(_PAIRS[::2]), frozenset(_PAIRS[1::2])
_MIXED = 0.35
"""Difference between two shares of Chinese words up to which a mixed text is in either language."""


def language(compared: Compared) -> Message | None:
    """Check that the answer is in the language of the transcript, or in that of the translation."""
    if not any(map(str.isalpha, compared.written)):
        return None
    if compared.rewrite.mode is Mode.TRANSLATE:
        return _translated(compared)
    before, after = language_of(compared.raw), language_of(compared.written)
    if before != after and abs(_share(compared.raw) - _share(compared.written)) > _MIXED:
        return Message("The answer is in another language: {found}", found=after)
    return None


def script(compared: Compared) -> Message | None:
    """Check that Chinese stays simplified or traditional, as it was."""
    before, after = _script(compared.raw), _script(compared.written)
    if compared.rewrite.mode is not Mode.TRANSLATE and before and after and before != after:
        return Message("The answer is in the other Chinese script")
    return None


def _translated(compared: Compared) -> Message | None:
    target = primary(compared.rewrite.target or "")
    found = language_of(compared.written)
    is_right = found == target or (found == "en" and target in _LATIN) or (found == "ru" and target == "uk")
    if not is_right:
        return Message("The answer is in another language: {found}", found=found)
    is_same = _letters(compared.written) == _letters(compared.raw)
    if is_same and compared.rewrite.written_in != target and len(_letters(compared.raw)) > 12:
        return Message("The answer is not translated")
    return None


def _share(text: str) -> float:
    eastern, latin = len(_EASTERN.findall(text)), len(_WORD.findall(text))
    return eastern / (eastern + latin) if eastern + latin else 0.0


def _script(text: str) -> str | None:
    simplified = sum(character in _SIMPLIFIED for character in text)
    traditional = sum(character in _TRADITIONAL for character in text)
    if simplified == traditional:
        return None
    return "simplified" if simplified > traditional else "traditional"


def _letters(text: str) -> str:
    return "".join(filter(str.isalpha, text)).casefold()
