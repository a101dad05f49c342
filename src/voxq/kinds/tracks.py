"""Sound tracks of a recording, as an option of a client and in a result."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from voxq.core.options import Affects, Mark
from voxq.engines.languages import code_of
from voxq.kinds.work import Prepared
from voxq.locale import Message
from voxq.speech.audio import MOST_TRACKS
from voxq.speech.track_languages import code_of_tag


def checked_track(given: Any) -> str:
    """Return a track that was asked for as its number, from 0, or the code of its language.

    Raises ValueError.
    """
    if isinstance(given, int) and not isinstance(given, bool):
        given = str(given)
    if not isinstance(given, str):
        raise ValueError(Message("a number from 0, or a language"))
    text = given.strip().lower()
    if text.isascii() and text.isdecimal() and len(text) <= len(str(MOST_TRACKS)) and int(text) < MOST_TRACKS:
        return str(int(text))
    language = code_of_tag(code_of(text))
    if language is None:
        raise ValueError(
            Message(
                "a number from 0 to {last}, or a language such as eng or zh",
                last=MOST_TRACKS - 1,
            )
        )
    return language


AudioTrack = Annotated[
    str | None,
    Field(
        description="Sound track of a file with several: its number, from 0, or its language (eng, zh); "
        "nothing: the one marked as default, else the first with sound.",
        json_schema_extra={"examples": ["1", "eng"]},
    ),
    Mark(affects=Affects.RESULT, wire=Annotated[str, BeforeValidator(checked_track)]),
]
"""The option of every kind that is made from a recording."""


def tracks_of(prepared: Prepared) -> tuple[dict[str, Any], ...]:
    """Describe the tracks for a result, if there was a choice; `taken` marks the one that was recognised."""
    if len(prepared.tracks) < 2:
        return ()
    return tuple({**asdict(track), "taken": track.index == prepared.taken} for track in prepared.tracks)
