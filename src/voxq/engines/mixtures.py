"""Mixtures of voices: "af_heart(2)+af_sky" is two parts of the first and one of the second."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Self

from voxq.engines.contract import EngineError, Voice
from voxq.locale import Message

MOST_VOICES = 4
LEAST_WEIGHT, MOST_WEIGHT = 0.001, 10.0

_PART = re.compile(r"\s*([A-Za-z0-9_.-]{1,64})\s*(?:\(\s*(\d{1,2}(?:\.\d{1,3})?)\s*\))?\s*", re.ASCII)


class MixtureError(EngineError):
    """The text is not a mixture, or these voices cannot be mixed; the message is for the client."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """A voice as a list of weighted parts, the first of which decides the language and accent. A single name
    is a mixture of one."""

    shares: Mapping[str, float]
    """Weights of the parts, each greater than 0, with a sum of 1."""

    @classmethod
    def parse(cls, written: str) -> Self:
        """Parse names in any case, each with an optional weight in brackets (default 1). Raises
        MixtureError."""
        pieces = written.split("+", MOST_VOICES)
        if len(pieces) > MOST_VOICES:
            raise MixtureError(Message("A voice may be mixed of {most}", most=MOST_VOICES))
        weights: dict[str, float] = {}
        for piece in pieces:
            match = _PART.fullmatch(piece)
            if match is None:
                raise MixtureError(
                    Message(
                        "voice must be a name, or a mixture such as af_heart(2)+af_sky; recordings and "
                        "addresses are not supported"
                    )
                )
            weight = float(match[2] or 1)
            if not LEAST_WEIGHT <= weight <= MOST_WEIGHT:
                raise MixtureError(
                    Message(
                        "The weight of a voice must be from {least:g} to {most:g}",
                        least=LEAST_WEIGHT,
                        most=MOST_WEIGHT,
                    )
                )
            name = match[1].lower()
            weights[name] = weights.get(name, 0.0) + weight
        whole = sum(weights.values())
        return cls(MappingProxyType({name: weight / whole for name, weight in weights.items()}))

    @property
    def name(self) -> str:
        """The canonical name, which can be parsed again: af_heart(0.667)+af_sky(0.333)."""
        if len(self.shares) == 1:
            return next(iter(self.shares))
        return "+".join(
            f"{name}({max(round(share, 3), LEAST_WEIGHT):g})" for name, share in self.shares.items()
        )


def find(name: str, voices: Iterable[Voice]) -> Voice | None:
    """Find a voice by name, mixed if need be; None if it or a part of it is not among `voices`."""
    known = {voice.name: voice for voice in voices}
    try:
        parts = [known.get(part) for part in Mixture.parse(name).shares]
    except MixtureError:
        return None
    first = parts[0]
    return None if first is None or None in parts else replace(first, name=name)
