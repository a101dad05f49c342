"""Punctuation for recognisers that give none, by one of FunASR's models."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from voxq.engines.recognise.timed_words import ends_sentence

if TYPE_CHECKING:
    from funasr import AutoModel

_HALF_WIDTH = {"，": ",", "。": ".", "？": "?", "、": ","}
_NO_MARKS = ("_", "<unk>")
_NOT_READ = re.compile(r"[^\w'’-]+")


class Punctuation:
    """A CT-Transformer. Only its punctuation marks are used, because its text loses spaces and changes
    words."""

    def __init__(self, model: AutoModel) -> None:
        self._model = model
        self._marks: Sequence[str] = model.model.punc_list

    def add(self, units: Sequence[str]) -> list[str]:
        """Return the units of `split_units` followed by punctuation, with capitals at the start of
        sentences."""
        written: list[str] = []
        for unit, mark in zip(units, self._marks_after(units), strict=True):
            is_latin = unit[-1].isascii()
            if not written or ends_sentence(written[-1]):
                unit = unit[:1].upper() + unit[1:]
            written.append(unit + (_HALF_WIDTH.get(mark, mark) if is_latin else mark))
        return written

    def _marks_after(self, units: Sequence[str]) -> list[str]:
        """Return the mark after each unit, "" for none.

        The model counts every non-ASCII character as a word; if its count differs from the units, there are
        no marks.
        """
        from funasr.models.ct_transformer.utils import split_words

        plain = [_NOT_READ.sub("", unit) or "-" for unit in units]
        counts = [len(split_words(unit)) for unit in plain]
        (result,) = self._model.generate(input=[" ".join(plain)])
        indices = [int(index) for index in result["punc_array"]]
        if len(indices) != sum(counts):
            return [""] * len(units)
        marks: list[str] = []
        position = 0
        for count in counts:
            position += count
            mark = self._marks[indices[position - 1]]
            marks.append("" if mark in _NO_MARKS else mark)
        return marks
