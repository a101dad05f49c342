"""Detection of the language in which a text is to be read, by its script."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Container, Iterator
from functools import lru_cache
from itertools import groupby

HAN = r"々〇\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
KANA = r"\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"

_KANA = re.compile(f"[{KANA}]")
_EASTERN = re.compile(f"[{HAN}{KANA}]")
_EASTERN_RUN = re.compile(f"[{HAN}{KANA}][{HAN}{KANA}、。，！？：；「」『』《》]*")
_HANGUL = re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")
_LETTER = "A-Za-zÀ-ÖØ-öø-ɏ"
_LATIN_WORD = f"[{_LETTER}](?:[{_LETTER}0-9'’.&+@/:#%?=_-]*[{_LETTER}0-9+#])?"
_LATIN_WORDS = re.compile(_LATIN_WORD)
_TAG = re.compile(r"<[^<>]{0,1000}>")
_LATIN_RUN = re.compile(f"{_LATIN_WORD}(?: +{_LATIN_WORD})*")

_OTHERS = {
    "CYRILLIC": "ru",
    "GREEK": "el",
    "ARABIC": "ar",
    "HEBREW": "he",
    "DEVANAGARI": "hi",
    "THAI": "th",
    "BENGALI": "bn",
    "GUJARATI": "gu",
    "GURMUKHI": "pa",
    "KANNADA": "kn",
    "MALAYALAM": "ml",
    "SINHALA": "si",
    "TAMIL": "ta",
    "TELUGU": "te",
    "ARMENIAN": "hy",
    "ETHIOPIC": "am",
    "GEORGIAN": "ka",
    "KHMER": "km",
    "LAO": "lo",
    "MYANMAR": "my",
    "TIBETAN": "bo",
}
"""Script, as the first word of a Unicode character name -> ISO 639-1 code of its most common language."""


def language_of(text: str, latin: str = "en", han: str = "zh") -> str:
    """Return the ISO 639-1 code of a sentence's language.

    Kana mean Japanese and other Chinese characters mean `han`, unless words in Latin letters outnumber them.
    Text mostly in Latin letters, or without any letters, is taken for `latin`: the script does not tell
    English, Spanish and French apart, so the caller says which one the voice speaks.
    """
    if characters := len(_EASTERN.findall(text)):
        if sum(1 for _ in _LATIN_WORDS.finditer(text)) > characters:
            return latin
        return "ja" if _KANA.search(text) else han
    if _HANGUL.search(text):
        return "ko"
    scripts = Counter(map(_script_of, filter(str.isalpha, text)))
    most = max(_OTHERS, key=lambda script: scripts[script])
    return _OTHERS[most] if scripts[most] > scripts["LATIN"] else latin


def language_read_in(text: str, own: str) -> str:
    """Return the language in which a voice of `own` reads a text with or without tags, such as SSML's."""
    plain = _TAG.sub(" ", text)
    latin = "en" if own in ("ja", "zh") and any(map(str.isalpha, plain)) else own
    return language_of(plain, latin=latin, han="ja" if own == "ja" else "zh")


def is_mixed(text: str) -> bool:
    """Whether the text contains Chinese or Japanese characters, however few."""
    return _EASTERN.search(text) is not None


def runs(text: str, *, latin: bool) -> Iterator[tuple[bool, str]]:
    """Split a text into pairs (matches, piece), in order; the pieces together are the whole text.

    With `latin`, runs of words in Latin letters match, otherwise runs of Chinese and Japanese characters.
    """
    end = 0
    for match in (_LATIN_RUN if latin else _EASTERN_RUN).finditer(text):
        if match.start() > end:
            yield False, text[end : match.start()]
        yield True, match[0]
        end = match.end()
    if end < len(text):
        yield False, text[end:]


def foreign_words(text: str, languages: Container[str]) -> tuple[str, list[str]]:
    """Leave out words in scripts that none of `languages` is written in; return the rest, and those words.

    Latin letters stay, and single letters of other alphabets such as π among them. Without languages
    everything stays.
    """
    if not languages or text.isascii():
        return text, []
    kept: list[str] = []
    words: list[str] = []
    is_readable = any(c.isalnum() and not _is_foreign(c, languages) for c in text)
    for is_foreign, group in groupby(text, key=lambda character: _is_foreign(character, languages)):
        piece = "".join(group)
        if is_foreign and (len(piece) > 1 or _EASTERN.match(piece) or not is_readable):
            words.append(piece)
            kept.append(" ")
        else:
            kept.append(piece)
    return (re.sub(" {2,}", " ", "".join(kept)).strip(), words) if words else (text, [])


def _is_foreign(character: str, languages: Container[str]) -> bool:
    if character.isascii() or unicodedata.category(character)[0] not in "LM":
        return False
    if _KANA.match(character):
        return "ja" not in languages
    if _EASTERN.match(character):
        return "zh" not in languages and "ja" not in languages
    if _HANGUL.match(character):
        return "ko" not in languages
    language = _OTHERS.get(_script_of(character))
    return language is not None and language not in languages


@lru_cache(maxsize=4096)
def _script_of(character: str) -> str:
    return unicodedata.name(character, "").partition(" ")[0]
