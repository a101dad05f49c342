"""The form of a transcription as OpenAI's SDKs send it, and this service's own options beside it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from voxq.api.available import AvailableModels
from voxq.api.submission import options
from voxq.api.submission.form import Fields
from voxq.api.submission.options import invalid
from voxq.core.refusal import Refusal
from voxq.core.task import Priority
from voxq.kinds.transcription import TranscriptionOptions
from voxq.speech.subtitles import Format

_MOST_WORDS_OF_A_TERM = 3
_BETWEEN_TERMS = re.compile(r"[,;，；、\n]+")
_BETWEEN_WORDS = re.compile(r"""[\s,"'\[\]]+""")
"""Some clients send an array as one field: between commas, or as JSON."""
_SERVER_VAD = "server_vad"


class Granularity(StrEnum):
    """What has times in verbose JSON."""

    SEGMENT = "segment"
    WORD = "word"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client asks for."""

    options: TranscriptionOptions
    format: Format = Format.JSON
    granularities: frozenset[Granularity] = frozenset({Granularity.SEGMENT})
    streams: bool = False
    priority: Priority = Priority.HIGH
    cache: bool = True
    """Whether an earlier task may answer."""


def transcription(fields: Fields, models: AvailableModels) -> Wanted:
    """Raises Refusal ("invalid_option", with the field's name; "model_not_found")."""
    _refuse_diarization(fields)
    _check_chunking_strategy(fields)
    format = options.choice(Format, fields, "response_format", Format.JSON)
    streams = options.switch(fields, "stream", False)
    if streams and format not in (Format.JSON, Format.TEXT):
        raise invalid("stream", "is for the formats json and text")
    granularities = _granularities(fields)
    asked = _asr_options(fields, models)
    has_words = Granularity.WORD in granularities and format is Format.VERBOSE_JSON
    return Wanted(
        options=replace(asked, words=has_words),
        format=format,
        granularities=granularities,
        streams=streams,
        priority=_priority(fields),
        cache=options.switch(fields, "cache", True),
    )


def translation(fields: Fields, models: AvailableModels) -> Wanted:
    """Raises Refusal ("invalid_option", with the field's name; "model_not_found")."""
    model = models.translator(fields.get("model", ""))
    asked = _asr_options(fields, models)
    return Wanted(
        options=replace(asked, model=model, translate=True),
        format=options.choice(Format, fields, "response_format", Format.JSON),
        priority=_priority(fields),
        cache=options.switch(fields, "cache", True),
    )


def _asr_options(fields: Fields, models: AvailableModels) -> TranscriptionOptions:
    """`temperature` is checked and has no effect: every engine here searches for the best text."""
    _check_temperature(fields)
    languages = _all_of(fields, "languages")
    language = fields.get("language") or (languages[0] if len(languages) == 1 else "")
    own = ("model", "hotwords", "batch_size", "use_vad", "use_punc", "use_itn")
    plain = {name: fields[name] for name in own if name in fields}
    asked = options.asr_options({**plain, "language": language}, models)
    terms = " ".join((*_terms(fields.get("prompt", "")), *_all_of(fields, "keywords")))
    hotwords = dict.fromkeys((*asked.hotwords, *options.hotwords_in(terms)))
    return replace(asked, hotwords=tuple(hotwords)[: options.MAX_HOTWORDS])


def _terms(prompt: str) -> Iterator[str]:
    """What stands between commas, where it is as short as a name. A prompt in whole sentences is no list of
    words to listen for, and no engine here continues a text."""
    for term in _BETWEEN_TERMS.split(prompt):
        if len(term.split()) <= _MOST_WORDS_OF_A_TERM:
            yield term


def _granularities(fields: Fields) -> frozenset[Granularity]:
    name = "timestamp_granularities"
    given = [word for text in _all_of(fields, name) for word in _BETWEEN_WORDS.split(text) if word]
    given = given or [Granularity.SEGMENT]
    return frozenset(options.choice(Granularity, {name: one}, name, Granularity.SEGMENT) for one in given)


def _check_temperature(fields: Fields) -> None:
    given = fields.get("temperature", "").strip()
    try:
        temperature = float(given or 0)
    except ValueError:
        temperature = math.nan
    if not 0 <= temperature <= 1:
        raise invalid("temperature", "must be a number from 0 to 1")


def _check_chunking_strategy(fields: Fields) -> None:
    """Speech is found by this service's own VAD, whatever thresholds are given."""
    given = fields.get("chunking_strategy", "").strip() or fields.get("chunking_strategy[type]", "").strip()
    if given.startswith("{"):
        try:
            given = json.loads(given).get("type")
        except (ValueError, RecursionError):
            given = "?"
    if given not in ("", "auto", _SERVER_VAD):
        raise invalid("chunking_strategy", f"must be auto or of type {_SERVER_VAD}")


def _refuse_diarization(fields: Fields) -> None:
    if fields.get("response_format", "").strip().lower() == "diarized_json":
        raise _unsupported("response_format", "diarized_json")
    for name in ("known_speaker_names", "known_speaker_references"):
        if any(_all_of(fields, name)):
            raise _unsupported(name, "they")


def _unsupported(field: str, what: str) -> Refusal:
    message = f"{field}: {what} would need speakers told apart, which no model here does"
    return Refusal("unsupported_value", message, field=field)


def _priority(fields: Fields) -> Priority:
    return options.choice(Priority, fields, "priority", Priority.HIGH)


def _all_of(fields: Fields, name: str) -> list[str]:
    """The values of an array: SDKs repeat its name, with brackets or without."""
    return [*fields.all_of(name), *fields.all_of(f"{name}[]")]
