"""Form of a transcription as OpenAI's SDKs send it, extended by this service's own options."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self, TypeVar

from voxq.api.available import AvailableModels
from voxq.api.kinds.transcription import options
from voxq.api.rendering import NEEDS_TIMES, Text, without_times
from voxq.api.submission.form import Fields
from voxq.core.refusal import Refusal, invalid
from voxq.core.request_reader import Asked, RequestReader, unknown_field
from voxq.core.task import Priority
from voxq.kinds.hotwords import hotwords_in, together
from voxq.kinds.transcription import TranscriptionOptions
from voxq.locale import Message
from voxq.rewriting.request import Mode
from voxq.speech.subtitles import Format

_BETWEEN_WORDS = re.compile(r"""[\s,"'\[\]]+""")
"""Separators in an array that a client sends as one field: comma-separated, or as JSON."""
_ITEM = re.compile(r"\[\d{0,4}\]")
"""End of the name of an item of an array: SDKs write [], PHP and axios number the items."""
_SERVER_VAD = "server_vad"
_SWITCH = {"true": True, "1": True, "yes": True, "": False, "false": False, "0": False, "no": False}

E = TypeVar("E", bound=StrEnum)

OWN = RequestReader(TranscriptionOptions, openai=True, defaults={"priority": Priority.HIGH, "cache": True})
"""Reader of this service's own options; a few of them have the names and the meaning of OpenAI's."""
WITHOUT_EFFECT = frozenset({"temperature", "chunking_strategy", "include"})
"""Fields of OpenAI's API that are accepted but have no effect."""
REFUSED = frozenset({"known_speaker_names", "known_speaker_references"})
ARRAYS = frozenset(
    {
        *("include", "keywords", "known_speaker_names", "known_speaker_references", "languages"),
        "timestamp_granularities",
    }
)
CHUNKING = tuple(
    f"chunking_strategy[{name}]" for name in ("type", "threshold", "silence_duration_ms", "prefix_padding_ms")
)
OPENAIS = (
    WITHOUT_EFFECT
    | REFUSED
    | {
        *("file", "model", "language", "languages", "keywords", "prompt"),
        *("response_format", "stream", "timestamp_granularities"),
    }
)
"""All fields of OpenAI's, for transcriptions and for translations: clients share their code for both."""
OF_ANSWERS = frozenset({"text"})
"""Fields of this service's own that say what the response has, besides its options."""


class Granularity(StrEnum):
    """Units that get times in verbose JSON."""

    SEGMENT = "segment"
    WORD = "word"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A parsed request."""

    options: TranscriptionOptions
    format: Format = Format.JSON
    text: Text = Text.ORIGINAL
    granularities: frozenset[Granularity] = frozenset({Granularity.SEGMENT})
    streams: bool = False
    priority: Priority = Priority.HIGH
    cache: bool = True
    """Whether an earlier task may answer."""


def check(fields: Fields, models: AvailableModels) -> None:
    """Check the first fields of a form while others are still to come. Raises Refusal."""
    models.choose(_own(fields).options.model or "")


def transcription(fields: Fields, models: AvailableModels) -> Wanted:
    """Read a transcription request. Raises Refusal ("invalid_option", with the field's name;
    "model_not_found")."""
    _refuse_references(fields)
    _check_chunking_strategy(fields)
    more = _More.of(fields)
    if more.streams and more.format not in (Format.JSON, Format.TEXT):
        raise invalid("stream", Message("is for the formats json and text"))
    granularities = _granularities(fields)
    asked = _own(fields)
    _check_text(asked.options, more)
    has_words = Granularity.WORD in granularities and more.format is Format.VERBOSE_JSON
    chosen = _chosen(asked.options, fields, models)
    if more.format is Format.DIARIZED_JSON and chosen.speakers is None:
        chosen = replace(chosen, speakers=0)
    return Wanted(
        options=replace(chosen, words=has_words),
        format=more.format,
        text=more.text,
        granularities=granularities,
        streams=more.streams,
        priority=asked.submission.priority,
        cache=asked.submission.cache,
    )


def translation(fields: Fields, models: AvailableModels) -> Wanted:
    """Read a translation request. Raises Refusal ("invalid_option", with the field's name;
    "model_not_found")."""
    asked, more = _own(fields), _More.of(fields)
    _check_text(asked.options, more)
    model = models.translator(asked.options.model or "")
    chosen = _chosen(asked.options, fields, models)
    return Wanted(
        options=replace(chosen, model=model, translate=True),
        format=more.format,
        text=more.text,
        priority=asked.submission.priority,
        cache=asked.submission.cache,
    )


def _own(fields: Fields) -> Asked[TranscriptionOptions]:
    """Read this service's own options. Raises Refusal ("invalid_option"), also for unknown fields."""
    own: dict[str, str] = {}
    for name in fields:
        if name in OWN.names:
            own[name] = fields[name]
        elif name not in OF_ANSWERS and not _is_openais(name):
            raise unknown_field(name, sorted(OPENAIS | OWN.names | OF_ANSWERS))
    return OWN.form(own)


def _is_openais(name: str) -> bool:
    """Whether a field of this name is read, so that none is accepted and then ignored."""
    return name in OPENAIS or name in CHUNKING or any(_is_item(name, array) for array in ARRAYS)


def _chosen(asked: TranscriptionOptions, fields: Fields, models: AvailableModels) -> TranscriptionOptions:
    """Combine the options with OpenAI's fields.

    `temperature` is checked and has no effect: every engine here searches for the best text.
    """
    _check_temperature(fields)
    languages = _all_of(fields, "languages")
    language = asked.language or (languages[0] if len(languages) == 1 else None)
    chosen = options.for_models(replace(asked, language=language), models)
    keywords = hotwords_in(" ".join(_all_of(fields, "keywords")))
    prompted = options.prompted(fields.get("prompt", ""))
    return replace(chosen, hotwords=together((*chosen.hotwords, *prompted, *keywords)))


@dataclass(frozen=True, slots=True)
class _More:
    """Format of the response, which text it has, and whether it is streamed."""

    format: Format
    text: Text
    streams: bool

    @classmethod
    def of(cls, fields: Fields) -> Self:
        """Read these fields. Raises Refusal ("invalid_option")."""
        return cls(
            _choice(Format, fields.get("response_format", ""), "response_format", Format.JSON),
            _choice(Text, fields.get("text", ""), "text", Text.ORIGINAL),
            _switch(fields.get("stream", ""), "stream"),
        )


def _check_text(asked: TranscriptionOptions, more: _More) -> None:
    """Check that the response can have the rewritten text, if that is asked for. Raises Refusal
    ("invalid_option")."""
    if more.text is not Text.REWRITTEN:
        return
    if asked.rewrite is None:
        raise invalid("text", Message("needs the option `rewrite`"))
    if more.streams:
        raise invalid("text", Message("is not for streams, whose last event has both texts"))
    if asked.rewrite == Mode.SUMMARY and more.format in NEEDS_TIMES:
        raise without_times("response_format", more.format, "text, json")


def _granularities(fields: Fields) -> frozenset[Granularity]:
    name = "timestamp_granularities"
    given = [word for text in _all_of(fields, name) for word in _BETWEEN_WORDS.split(text) if word]
    given = given or [Granularity.SEGMENT]
    return frozenset(_choice(Granularity, one, name, Granularity.SEGMENT) for one in given)


def _check_temperature(fields: Fields) -> None:
    given = fields.get("temperature", "").strip()
    try:
        temperature = float(given or 0)
    except ValueError:
        temperature = math.nan
    if not 0 <= temperature <= 1:
        raise invalid("temperature", Message("must be a number from 0 to 1"))


def _check_chunking_strategy(fields: Fields) -> None:
    """Check the field. It has no effect: speech is found by this service's own VAD, whatever the
    thresholds."""
    given = fields.get("chunking_strategy", "").strip() or fields.get("chunking_strategy[type]", "").strip()
    if given.startswith("{"):
        try:
            given = json.loads(given).get("type")
        except (ValueError, RecursionError):
            given = "?"
    if given not in ("", "auto", _SERVER_VAD):
        raise invalid("chunking_strategy", Message("must be auto or of type {known}", known=_SERVER_VAD))


def _refuse_references(fields: Fields) -> None:
    for name in ("known_speaker_names", "known_speaker_references"):
        if any(_all_of(fields, name)):
            raise _unsupported(name)


def _unsupported(field: str) -> Refusal:
    message = Message(
        "{field} has no effect here: speakers are told apart, but not by recordings in the request",
        field=field,
    )
    return Refusal("unsupported_value", message, field=field)


def _choice(kind: type[E], text: str, name: str, default: E) -> E:
    """Read an enumerated value. Raises Refusal ("invalid_option")."""
    given = text.strip().lower()
    if not given:
        return default
    try:
        return kind(given)
    except ValueError:
        raise invalid(name, Message("must be one of {known}", known=", ".join(kind))) from None


def _switch(text: str, name: str) -> bool:
    """Read a boolean. Raises Refusal ("invalid_option")."""
    given = text.strip().lower()
    if given not in _SWITCH:
        raise invalid(name, Message("must be one of {known}", known=", ".join(filter(None, _SWITCH))))
    return _SWITCH[given]


def _all_of(fields: Fields, name: str) -> list[str]:
    """Return the values of an array: its name is repeated, with brackets or without, or its items are
    numbered."""
    given = (each for each in fields if each == name or _is_item(each, name))
    return [value for each in given for value in fields.all_of(each)]


def _is_item(field: str, array: str) -> bool:
    return field.startswith(array) and _ITEM.fullmatch(field, len(array)) is not None
