"""Hotwords as a transducer of sherpa-onnx takes them.

sherpa-onnx splits a hotword into tokens: Chinese into characters, other words by the model's own list of word
parts (bpe.vocab). Of a hotword with a part that the model does not have it would favour the rest, so that a
name favours one common character; it reads ":2.0" as a weight and "/" as the end of a hotword, and crashes
without a list of word parts where it needs one. So only what can be spelled whole reaches it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from voxq.engines.recognise.hotwords import MOST
from voxq.engines.recognise.sherpa_onnx.files import best_file
from voxq.speech.transcript import is_spaceless

_PHRASE = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*(?: [^\W_]+(?:['’-][^\W_]+)*)*")
_LONGEST = 60
"""Characters."""
_SEPARATOR = "/"
_WORD_START = "▁"


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a model's hotwords are spelled. `unit` and `vocabulary` are arguments of sherpa-onnx; a model
    without a unit takes none."""

    unit: str
    vocabulary: Path | None
    characters: frozenset[str]
    """Tokens of one character, for scripts without spaces."""
    letters: frozenset[str]
    """Characters of which word parts can be made, for other scripts."""

    @classmethod
    def read(cls, directory: Path, tokens: Mapping[int, str]) -> Spelling:
        """Find out how the model in a directory spells."""
        known = {token.removeprefix(_WORD_START) for token in tokens.values()}
        characters = frozenset(token for token in known if len(token) == 1 and is_spaceless(token))
        vocabulary = best_file(directory, "bpe.vocab", prefers_int8=False)
        letters = _letters(vocabulary, known) if vocabulary else frozenset()
        units = [unit for unit, has in (("cjkchar", characters), ("bpe", letters)) if has]
        return cls("+".join(units), vocabulary if letters else None, characters, letters)

    @property
    def arguments(self) -> dict[str, str]:
        """Arguments for loading the model: only the search with several paths heeds hotwords.

        It is used without hotwords, too, because a loaded model cannot change it: with 6254 tokens it takes
        7 ms of processor time more for a second of sound than the search with one path (14 ms).
        """
        if not self.unit:
            return {}
        vocabulary = {"bpe_vocab": str(self.vocabulary)} if self.vocabulary else {}
        return {"decoding_method": "modified_beam_search", "modeling_unit": self.unit, **vocabulary}

    def of(self, hotwords: Iterable[str]) -> str | None:
        """Return the hotwords that can be spelled as sherpa-onnx takes them; None if there are none."""
        if not self.unit:
            return None
        spelled = (self._in_its_case(" ".join(hotword.split())) for hotword in hotwords)
        known = dict.fromkeys(hotword for hotword in spelled if self._can(hotword))
        return _SEPARATOR.join(list(known)[:MOST]) or None

    def _can(self, hotword: str) -> bool:
        if len(hotword) > _LONGEST or not _PHRASE.fullmatch(hotword):
            return False
        return all(
            letter in (self.characters if is_spaceless(letter) else self.letters)
            for letter in hotword
            if letter != " "
        )

    def _in_its_case(self, hotword: str) -> str:
        """Change the case to the one that the model writes, if it writes only one."""
        if not any(letter.islower() for letter in self.letters):
            return hotword.upper()
        if not any(letter.isupper() for letter in self.letters):
            return hotword.lower()
        return hotword


def _letters(vocabulary: Path, tokens: Collection[str]) -> frozenset[str]:
    """Read the single letters among the word parts of a file; each line has one, and its weight."""
    lines = vocabulary.read_text("utf-8", "replace").splitlines()
    parts = {line.split("\t")[0].removeprefix(_WORD_START) for line in lines}
    return frozenset(part for part in parts if len(part) == 1 and part in tokens and not is_spaceless(part))
