"""Conversion of sentences to the phonemes that Kokoro and its relatives were trained on.

English uses hibari's phonemiser, Chinese misaki, Japanese misaki with MeCab's dictionary, Spanish and French
g2p2. None of them is under the GPL; each is imported at its first use.
"""

from __future__ import annotations

import re
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache

from voxq.engines.speak.kokoro_voices import REQUIREMENTS
from voxq.speech.normalise import normalise
from voxq.speech.scripts import is_mixed, language_of, runs

Phonemiser = Callable[[str], str]
"""Function from text of one language to phonemes, with punctuation kept."""

_EASTERN = ("ja", "zh")
_LONG_NUMBER = re.compile(r"\d{16,}")
"""Numbers that are read digit by digit, because number grammars are slow on them or fail."""

_UNIT = re.compile(r"(?<=\d)\s*(?:°[CF]|km/h|m/s|[ckm]?m|kg|mg|ml|L|kW)(?![\w/])")
"""Letters that are read as a word of the current language; the grammars of Chinese and Japanese handle
them."""


class LanguageUnavailable(Exception):
    """The packages for a language are not installed, or none exist; the message is for the client."""


def phonemes_of(text: str, language: str, *, british: bool = False, normalised: bool = True) -> str:
    """Return the phonemes of a sentence for a voice of `language`; English words in it stay English.

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
    pieces = (
        f" {_phonemiser(inner, british)(normalise(piece, inner) if normalised else piece)} "
        if is_inner
        else _phonemiser(own, british)(piece)
        for is_inner, piece in runs(text, latin=own in _EASTERN)
        if piece.strip()
    )
    return re.sub(" +", " ", "".join(pieces)).strip()


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
        raise LanguageUnavailable(f"No voice here speaks the language {language!r}.")
    requirements = REQUIREMENTS[language]
    # checked first, because g2p2 would download a model if its data are missing
    if not requirements.are_installed:
        raise LanguageUnavailable(requirements.missing_for(f"Speech in the language {language!r}"))
    return makers[language](language)


def _english(british: bool) -> Phonemiser:
    from hibari.g2p import G2P

    phonemise = G2P(british=british)

    def patient(text: str) -> str:
        try:
            return phonemise(text)
        # ₂ in a word, some İ, or too many digits for a number name
        except (IndexError, TypeError, ValueError):
            return phonemise(_spelt(text))

    return patient


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
    return lambda text: phonemise(text)[0]


def _japanese(_: str) -> Phonemiser:
    from misaki.cutlet import Cutlet

    phonemise = Cutlet()
    return lambda text: phonemise(text)[0]


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

    def phonemise(text: str) -> str:
        numbered = g2p2.expand_numbers(_AROUND_NUMBERS.sub(" ", text), language)
        spoken = _WORD.sub(word, _APART.sub("", numbered))
        ipa = unicodedata.normalize("NFD", spoken).translate(_IPA)
        return ipa.replace("tʃ", "ʧ").replace("dʒ", "ʤ")

    return phonemise
