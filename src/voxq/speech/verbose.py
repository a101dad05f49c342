"""Transcripts in the shape of OpenAI's verbose JSON."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

from voxq.speech.transcript import Dropped, Segment, Transcript, Word


def verbose(
    transcript: Transcript, *, task: str, language: str, segments: bool, words: bool
) -> dict[str, Any]:
    """Convert a transcript.

    `task` is "transcribe" or "translate"; `segments` and `words` say which lists to include. Beyond OpenAI's
    shape are `no_speech`, and `dropped` if anything was taken out.
    """
    shape: dict[str, Any] = {
        "task": task,
        "language": language,
        "duration": round(transcript.duration, 3),
        "text": transcript.text,
        "no_speech": not transcript.text,
    }
    if transcript.dropped:
        shape["dropped"] = dropped_of(transcript)
    if segments:
        shape["segments"] = [_segment(*item) for item in enumerate(transcript.segments)]
    if words:
        shape["words"] = [word for each in transcript.segments for word in words_of(each)]
    return shape


def words_of(segment: Segment) -> list[dict[str, Any]]:
    """Return the words of a segment as `{"word", "start", "end"}`, times in seconds, with its `speaker`."""
    who = {} if segment.speaker is None else {"speaker": segment.speaker}
    return [{"word": word.text.strip(), **timed(word), **who} for word in segment.words]


def diarized(transcript: Transcript) -> dict[str, Any]:
    """Convert a transcript to OpenAI's diarized JSON. Without known speakers, all of it is of one, "A"."""
    segments = [
        {
            "type": "transcript.text.segment",
            "id": f"seg_{number}",
            **timed(segment),
            "speaker": segment.speaker or "A",
            "text": segment.text,
        }
        for number, segment in enumerate(transcript.segments)
    ]
    duration = round(transcript.duration, 3)
    return {"task": "transcribe", "duration": duration, "text": transcript.text, "segments": segments}


def timed(part: Segment | Word | Dropped) -> dict[str, float]:
    """Return the times of a part as `{"start", "end"}`, in seconds, rounded to milliseconds."""
    return {"start": round(part.start, 3), "end": round(part.end, 3)}


def dropped_of(transcript: Transcript) -> list[dict[str, Any]]:
    """Return what was taken out of a transcript as `{"start", "end", "text", "why"}`, times in seconds."""
    return [{**timed(each), "text": each.text, "why": each.why} for each in transcript.dropped]


def _segment(number: int, segment: Segment) -> Mapping[str, Any]:
    """Convert a segment, with every field that SDKs require.

    Fields that engines do not provide get neutral values: no tokens, a temperature of 0 (nothing is sampled
    here), and a log-probability and no-speech probability of 0.
    """
    return {
        "id": number,
        "seek": round(100 * segment.start),
        **timed(segment),
        "text": segment.text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": 0.0,
        "compression_ratio": _compression_ratio(segment.text),
        "no_speech_prob": 0.0,
        **({} if segment.channel is None else {"channel": segment.channel}),
        **({} if segment.speaker is None else {"speaker": segment.speaker}),
        **({"language": segment.language} if segment.language else {}),
    }


def _compression_ratio(text: str) -> float:
    """Compression ratio of the text with zlib: far above 2 for a text that repeats itself."""
    raw = text.encode()
    return round(len(raw) / len(zlib.compress(raw)), 4)
