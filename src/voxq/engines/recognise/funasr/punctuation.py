"""Punctuation for recognisers that give none, by one of FunASR's models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from voxq.engines.recognise.punctuated import at_ends, plain, with_marks

if TYPE_CHECKING:
    from funasr import AutoModel


class Punctuation:
    """A CT-Transformer. Only its punctuation marks are used, because its text loses spaces and changes
    words."""

    def __init__(self, model: AutoModel) -> None:
        self._model = model
        self._marks: Sequence[str] = model.model.punc_list

    def add(self, units: Sequence[str]) -> list[str]:
        """Return the units of `split_units` followed by punctuation, with capitals at the start of
        sentences."""
        return with_marks(units, self._marks_after(units))

    def _marks_after(self, units: Sequence[str]) -> list[str]:
        """Return the mark after each unit, "" for none.

        The model counts every non-ASCII character as a word; if its count differs from the units, there are
        no marks.
        """
        from funasr.models.ct_transformer.utils import split_words

        words = plain(units)
        counts = [len(split_words(word)) for word in words]
        (result,) = self._model.generate(input=[" ".join(words)])
        indices = [int(index) for index in result["punc_array"]]
        if len(indices) != sum(counts):
            return [""] * len(units)
        return at_ends(counts, [self._marks[index] for index in indices])
