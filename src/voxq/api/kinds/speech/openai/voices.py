"""OpenAI's voices, each mapped to a local voice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from voxq.engines.voices import Speaker


@dataclass(frozen=True, slots=True)
class _Manner:
    gender: Literal["female", "male"]
    english: str
    """Kokoro's voice of the same name, or the one closest to the description by OpenAI."""


_OPENAI: Mapping[str, _Manner] = {
    "marin": _Manner("female", "af_heart"),  # natural, recommended by OpenAI
    "alloy": _Manner("female", "af_alloy"),  # same name
    "nova": _Manner("female", "af_nova"),  # same name
    "coral": _Manner("female", "af_bella"),  # warm and lively
    "sage": _Manner("female", "af_sarah"),  # calm
    "shimmer": _Manner("female", "af_nicole"),  # soft
    "cedar": _Manner("male", "am_michael"),  # natural, recommended by OpenAI
    "echo": _Manner("male", "am_echo"),  # same name
    "onyx": _Manner("male", "am_onyx"),  # same name, deep
    "fable": _Manner("male", "bm_fable"),  # same name, British
    "ash": _Manner("male", "am_fenrir"),  # clear
    "ballad": _Manner("male", "bm_george"),  # British, a narrator
    "verse": _Manner("male", "am_puck"),  # expressive
}

NAMES: tuple[str, ...] = tuple(_OPENAI)


def gender_of(name: str) -> Literal["female", "male"]:
    """Return the gender of one of NAMES."""
    return _OPENAI[name].gender


def speaker_for(name: str, speakers: Sequence[Speaker], language: str) -> str | None:
    """Map one of NAMES to a voice for the language, in the order of `speakers`.

    The voice in the table is used if it exists. Otherwise OpenAI's voices of a gender are assigned in turn to
    the voices of that gender, so that two of them sound different if there are two; without a voice of that
    gender, the other gender is used. None if no voice speaks the language.
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
