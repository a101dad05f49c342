"""OpenAI's voices, and who speaks for each of them here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from voxq.engines.voices import Speaker


@dataclass(frozen=True, slots=True)
class _Manner:
    gender: Literal["female", "male"]
    english: str
    """Kokoro's voice that is named after OpenAI's, or is next to it as its maker describes it."""


_OPENAI: Mapping[str, _Manner] = {
    "marin": _Manner("female", "af_heart"),  # natural, the one that is recommended
    "alloy": _Manner("female", "af_alloy"),  # named alike
    "nova": _Manner("female", "af_nova"),  # named alike
    "coral": _Manner("female", "af_bella"),  # warm and lively
    "sage": _Manner("female", "af_sarah"),  # calm
    "shimmer": _Manner("female", "af_nicole"),  # soft
    "cedar": _Manner("male", "am_michael"),  # natural, the one that is recommended
    "echo": _Manner("male", "am_echo"),  # named alike
    "onyx": _Manner("male", "am_onyx"),  # named alike, deep
    "fable": _Manner("male", "bm_fable"),  # named alike, British
    "ash": _Manner("male", "am_fenrir"),  # clear
    "ballad": _Manner("male", "bm_george"),  # British, a narrator
    "verse": _Manner("male", "am_puck"),  # expressive
}

NAMES: tuple[str, ...] = tuple(_OPENAI)


def gender_of(name: str) -> Literal["female", "male"]:
    """Of one of NAMES."""
    return _OPENAI[name].gender


def speaker_for(name: str, speakers: Sequence[Speaker], language: str) -> str | None:
    """The voice that speaks for one of NAMES, of those that speak this language, in the order of `speakers`.

    The one of the table if it is there. Otherwise OpenAI's voices of a gender are dealt to the voices of
    that gender in turn, so that two of them sound different where there are two; a language whose voices are
    all of the other gender has nobody else. None if nobody speaks it.
    """
    english, gender = _OPENAI[name].english, gender_of(name)
    able = [each.voice for each in speakers if each.voice.language == language]
    if any(voice.name == english for voice in able):
        return english
    alike = [voice for voice in able if voice.gender == gender] or able
    if not alike:
        return None
    of_gender = [other for other in NAMES if gender_of(other) == gender]
    return alike[of_gender.index(name) % len(alike)].name
