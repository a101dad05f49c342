"""Rendering of a stored transcript as plain text, SRT, WebVTT, JSON or OpenAI's verbose JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from itertools import groupby
from typing import Any

from voxq.speech.cues import Cue, cues_of
from voxq.speech.lines import printable
from voxq.speech.transcript import Segment, Transcript, join_texts
from voxq.speech.verbose import diarized, dropped_of, timed, verbose, words_of

_SPEAKERS = {0: "Left", 1: "Right"}
"""Speakers of a call by their channels."""


class Format(StrEnum):
    """Formats in which a transcript can be rendered."""

    JSON = "json"
    TEXT = "text"
    SRT = "srt"
    VTT = "vtt"
    VERBOSE_JSON = "verbose_json"
    DIARIZED_JSON = "diarized_json"
    RTTM = "rttm"


def render(transcript: Transcript, format: Format) -> str:
    """Render the transcript in this format.

    "srt" and "vtt" split long segments into cues of at most two lines that never overlap. "json" has text,
    language, duration, segments with their words, and what was taken out. "verbose_json" has the shape of
    OpenAI's API. "rttm" says only who speaks when.
    """
    return _RENDERERS[format](transcript)


def _text(transcript: Transcript) -> str:
    if not any(map(_who, transcript.segments)):
        return transcript.text + "\n"
    turns = groupby(transcript.segments, key=_who)
    return "".join(f"{who}{join_texts(segment.text for segment in turn)}\n" for who, turn in turns)


def _who(said: Segment | Cue) -> str:
    """Name of the speaker, to be put before what is said; nothing if speakers are not told apart."""
    if said.speaker is not None:
        return f"{printable(said.speaker)}: "
    return "" if said.channel is None else f"{_SPEAKERS.get(said.channel, f'Channel {said.channel}')}: "


def _srt(transcript: Transcript) -> str:
    blocks = (
        f"{number}\n{_times(cue, ',')}\n{_who(cue)}{cue.text}\n"
        for number, cue in enumerate(cues_of(transcript.segments), start=1)
    )
    return "\n".join(blocks)


def _vtt(transcript: Transcript) -> str:
    blocks = (
        f"{_times(cue, '.')}\n{_voice(cue)}{_escaped(cue.text)}\n" for cue in cues_of(transcript.segments)
    )
    return "\n".join(("WEBVTT\n", *blocks))


def _voice(cue: Cue) -> str:
    """WebVTT's own mark for who speaks."""
    who = _who(cue).removesuffix(": ")
    return f"<v {_escaped(who)}>" if who else ""


def _rttm(transcript: Transcript) -> str:
    """Lines of NIST's format for who speaks when: a segment each, with the name in one word."""
    return "".join(
        f"SPEAKER recording {1 if each.channel is None else each.channel + 1} {each.start:.3f} "
        f"{max(0.0, each.end - each.start):.3f} <NA> <NA> "
        f"{'_'.join(_who(each).removesuffix(': ').split()) or 'unknown'} <NA> <NA>\n"
        for each in transcript.segments
    )


def _json(transcript: Transcript) -> str:
    return _dumped(
        {
            "text": transcript.text,
            "language": transcript.language,
            "duration": round(transcript.duration, 3),
            "segments": [
                {
                    **timed(segment),
                    "text": segment.text,
                    "language": segment.language,
                    "words": words_of(segment),
                    **({} if segment.channel is None else {"channel": segment.channel}),
                    **({} if segment.speaker is None else {"speaker": segment.speaker}),
                }
                for segment in transcript.segments
            ],
            "dropped": dropped_of(transcript),
            "no_speech": not transcript.text,
        }
    )


def _verbose_json(transcript: Transcript) -> str:
    has_words = any(segment.words for segment in transcript.segments)
    language = transcript.language or "unknown"
    return _dumped(verbose(transcript, task="transcribe", language=language, segments=True, words=has_words))


def _dumped(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)


def _times(cue: Cue, decimal_sign: str) -> str:
    return f"{_clock(cue.start, decimal_sign)} --> {_clock(cue.end, decimal_sign)}"


def _clock(milliseconds: int, decimal_sign: str) -> str:
    seconds, milliseconds = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{decimal_sign}{milliseconds:03}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_RENDERERS: Mapping[Format, Callable[[Transcript], str]] = {
    Format.TEXT: _text,
    Format.SRT: _srt,
    Format.VTT: _vtt,
    Format.JSON: _json,
    Format.VERBOSE_JSON: _verbose_json,
    Format.DIARIZED_JSON: lambda transcript: _dumped(diarized(transcript)),
    Format.RTTM: _rttm,
}
