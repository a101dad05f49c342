"""Conversion of sentences to the phonemes that Kokoro and its relatives were trained on.

English uses hibari's phonemiser, Chinese misaki, Japanese misaki with MeCab's dictionary, Spanish and French
g2p2. None of them is under the GPL; each is imported at its first use.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from voxq.engines.speak.kokoro_voices import REQUIREMENTS
from voxq.locale import Message
from voxq.speech.normalise import normalise
from voxq.speech.scripts import is_mixed, language_of, runs


@dataclass(frozen=True, slots=True)
class Reading:
    """A sentence as it is read out: in words, and in phonemes with the punctuation kept."""

    text: str
    phonemes: str


Phonemiser = Callable[[str], Reading]
"""Function that reads a text of one language."""

_EASTERN = ("ja", "zh")
_LONG_NUMBER = re.compile(r"\d{16,}")
"""Numbers that are read digit by digit, because number grammars are slow on them or fail."""

_UNIT = re.compile(r"(?<=\d)\s*(?:°[CF]|km/h|m/s|[ckm]?m|kg|mg|ml|L|kW)(?![\w/])")
"""Letters that are read as a word of the current language; the grammars of Chinese and Japanese handle
them."""


class LanguageUnavailable(Exception):
    """The packages for a language are not installed, or none exist; the message is for the client."""


def reading_of(text: str, language: str, *, british: bool = False, normalised: bool = True) -> Reading:
    """Read a sentence as a voice of `language` does; English words in it stay English.

    With `normalised`, numbers and addresses are written out first, in the language of their sentence. Raises
    LanguageUnavailable.
    """
    eastern = "ja" if language == "ja" else "zh"
    # A text of figures and units has no script, so a voice reads it in its own language.
    letters = _UNIT.sub("", text) if normalised else text
    latin = "en" if language in _EASTERN and any(map(str.isalpha, letters)) else language
    own = language_of(text, latin=latin, han=eastern)
    text = _LONG_NUMBER.sub(lambda number: " ".join(number[0]), text)
    if normalised:
        text = normalise(text, own)
    if not is_mixed(text):
        return _phonemiser(own, british)(text)
    inner = "en" if own in _EASTERN else language_of(text, latin=eastern, han=eastern)
    said: list[str] = []
    phonemes: list[str] = []
    for is_inner, piece in runs(text, latin=own in _EASTERN):
        if not piece.strip():
            said.append(piece)
        elif is_inner:
            reading = _phonemiser(inner, british)(normalise(piece, inner) if normalised else piece)
            said.append(reading.text)
            phonemes.append(f" {reading.phonemes} ")
        else:
            reading = _phonemiser(own, british)(piece)
            said.append(_edges(piece, reading.text))
            phonemes.append(reading.phonemes)
    return Reading("".join(said).strip(), re.sub(" +", " ", "".join(phonemes)).strip())


def _edges(text: str, said: str) -> str:
    """Give `said` the white space at the ends of `text`."""
    lead, trail = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return f"{lead}{said.strip()}{trail}"


def load_languages(*languages: str) -> None:
    """Load the phonemisers of languages ahead of their first sentence; one that is not available is left to
    that sentence."""
    for language in languages:
        with contextlib.suppress(LanguageUnavailable, ImportError):
            _phonemiser(language)


def cut(phonemes: str, longest: int) -> Iterator[str]:
    """Cut a text into pieces of at most `longest` characters, at spaces if there are any."""
    while len(phonemes) > longest:
        space = phonemes.rfind(" ", longest // 2, longest)
        end = space if space > 0 else longest
        yield phonemes[:end]
        phonemes = phonemes[end:].lstrip()
    if phonemes.strip():
        yield phonemes


@lru_cache(maxsize=8)
def _phonemiser(language: str, british: bool = False) -> Phonemiser:
    if language == "en":
        return _english(british)
    makers = {"zh": _chinese, "ja": _japanese, "es": _romance, "fr": _romance}
    if language not in makers:
        raise LanguageUnavailable(
            Message("No voice here speaks the language {language!r}.", language=language)
        )
    requirements = REQUIREMENTS[language]
    # checked first, because g2p2 would download a model if its data are missing
    if not requirements.are_installed:
        raise LanguageUnavailable(requirements.missing_for(f"Speech in the language {language!r}"))
    return makers[language](language)


def _english(british: bool) -> Phonemiser:
    from hibari.g2p import G2P
    from hibari.g2p.normalize import normalize

    phonemise = G2P(british=british)

    def read(text: str) -> Reading:
        said = normalize(_NO.sub(rf"\1{_STOP}", text)).replace(_STOP, ".")
        return Reading(said, phonemise(said, normalize_text=False))

    def patient(text: str) -> Reading:
        try:
            return read(text)
        # ₂ in a word, some İ, or too many digits for a number name
        except (IndexError, TypeError, ValueError):
            return read(_spelt(text))

    return patient


_NO = re.compile(r"\b([Nn]o)\.(?! ?\d)")
"""The word that hibari's table takes for an abbreviation of "number", wherever it ends a sentence."""
_STOP = "\ue000"
"""Stand-in for a full stop, of the private use area: texts have no such characters, see `tidy`."""


def _spelt(text: str) -> str:
    """Separate the digits, and remove the accents of letters."""
    letters = (each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    return re.sub(r"\d", r" \g<0> ", "".join(letters))


def _chinese(_: str) -> Phonemiser:
    import logging

    import jieba
    from misaki.zh import ZHG2P

    jieba.setLogLevel(logging.WARNING)
    # By default jieba stores and trusts a cache in the temporary directory that all users share.
    with tempfile.TemporaryDirectory() as private:
        jieba.dt.tmp_dir = private  # pyright: ignore[reportAttributeAccessIssue]
        jieba.dt.initialize()
    phonemise = ZHG2P()
    return lambda text: Reading(text, phonemise(text)[0])


def _japanese(_: str) -> Phonemiser:
    from misaki.cutlet import Cutlet

    phonemise = Cutlet()
    return lambda text: Reading(text, phonemise(text)[0])


_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_AROUND_NUMBERS = re.compile(r"(?<=\d)(?=[^\d\s])|(?<=[^\d\s-])(?=\d)|(?<=\w-)(?=\d)")
"""Places for a space next to numbers: g2p2 reads a number only if it stands alone, not in 20%, in A4 or
before a full stop."""
_APART = re.compile(r" (?=[.,;:!?])")
_IPA = str.maketrans({"g": "ɡ", "\u031e": None, "\u032a": None, "\u0361": None})
"""Symbols of narrow IPA that the models do not know."""

_ALONE = {"a": "a", "à": "a", "y": "i", "o": "o", "ô": "o", "t": "t"}
"""Words of one letter, for which g2p2 would say the name of the letter."""


def _romance(language: str) -> Phonemiser:
    import g2p2

    model = g2p2.get_model(language)

    def word(match: re.Match[str]) -> str:
        written = match[0].lower()
        return _ALONE.get(written) or model.phonemize(written)

    def phonemise(text: str) -> Reading:
        numbered = g2p2.expand_numbers(_AROUND_NUMBERS.sub(" ", text), language)
        spoken = _WORD.sub(word, _APART.sub("", numbered))
        ipa = unicodedata.normalize("NFD", spoken).translate(_IPA)
        return Reading(_APART.sub("", numbered), ipa.replace("tʃ", "ʧ").replace("dʒ", "ʤ"))

    return phonemise
