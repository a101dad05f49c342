"""The two texts that are compared, in the forms that several checks look at."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property

from voxq.rewriting.checks.dates import dates
from voxq.rewriting.checks.found import Found, without_slips
from voxq.rewriting.checks.numbers import numbers
from voxq.rewriting.differences import Difference, difference
from voxq.rewriting.light import light
from voxq.rewriting.request import Rewrite
from voxq.speech.scripts import HAN

_BETWEEN_HAN = re.compile(rf"(?<=[{HAN}]) {{1,4}}(?=[{HAN}])")


@dataclass(frozen=True)
class Compared:
    """A transcript and an answer."""

    rewrite: Rewrite
    answer: str

    @cached_property
    def raw(self) -> str:
        """The transcript with compatibility characters, such as full-width digits, in their plain form."""
        return normal(self.rewrite.text)

    @cached_property
    def written(self) -> str:
        """The answer in the same form."""
        return normal(self.answer)

    @cached_property
    def cleaned(self) -> str:
        """The transcript without fillers and repetitions, which no answer needs to have."""
        return normal(light(self.rewrite.text, self.rewrite.language))

    @cached_property
    def numbers(self) -> list[Found]:
        """Numbers of the transcript; those that the speaker took back may be missing."""
        return without_slips(self.raw, numbers(self.raw))

    @cached_property
    def dates(self) -> list[Found]:
        """Dates of the transcript, likewise."""
        return without_slips(self.raw, dates(self.raw))

    @cached_property
    def difference(self) -> Difference:
        return difference(self.raw, self.written)

    @cached_property
    def from_cleaned(self) -> Difference:
        return difference(self.cleaned.casefold(), self.written.casefold())


def normal(text: str) -> str:
    """Return the text in NFKC, without spaces between Chinese characters, which some recognisers write."""
    return _BETWEEN_HAN.sub("", unicodedata.normalize("NFKC", text))
