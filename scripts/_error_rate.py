"""Error rates of transcripts, ignoring case, punctuation, and whether numbers are digits or words."""

from __future__ import annotations

import re
import unicodedata

import jiwer

_CONTRACTIONS = {"i'm": "i am", "it's": "it is", "don't": "do not", "we'll": "we will", "that's": "that is"}
_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9}
_CHINESE_DIGITS = str.maketrans("零一二三四五六七八九", "0123456789")


def word_error_rate(spoken: str, heard: str) -> float:
    """Word errors (wrong, missing or inserted) per spoken word; 0.0 is perfect, more than 1.0 is possible."""
    return float(jiwer.wer(_words(spoken), _words(heard) or " "))


def character_error_rate(spoken: str, heard: str) -> float:
    """Character errors per spoken character, for languages without spaces between words."""
    return float(jiwer.cer(_characters(spoken), _characters(heard)))


def _words(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).lower().replace("’", "'").replace("-", " ")
    found: list[str] = re.findall(r"[\w']+", text)
    words = [_CONTRACTIONS.get(word, word) for word in found]
    return " ".join(str(_NUMBERS.get(word, word)) for word in words)


def _characters(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).lower().translate(_CHINESE_DIGITS)
    return re.sub(r"[\W_]+", "", text)
