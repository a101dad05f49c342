"""What a client may ask for with a recording, checked: nothing else reaches a model."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Mapping
from enum import StrEnum
from typing import Annotated, TypeVar

from fastapi import Header

from voxq.api.available import AvailableModels
from voxq.core.refusal import Refusal
from voxq.core.task import Priority
from voxq.engines.languages import LANGUAGES, code_of
from voxq.kinds.transcription import TranscriptionOptions

D = TypeVar("D", bool, None)
E = TypeVar("E", bound=StrEnum)

MAX_BATCH_SECONDS = 3600
MAX_HOTWORDS = 100
MAX_HOTWORD_LENGTH = 40
MAX_IDEMPOTENCY_KEY_LENGTH = 200

IdempotencyKey = Annotated[
    str | None,
    Header(description="A request repeated with the same key, for a day, is answered with the same task."),
]
"""As it comes; `idempotency_key` checks it."""

_BETWEEN_HOTWORDS = re.compile(r"[\s,;，；、]+")
_SWITCH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_AROUND_WORDS = " .!?:\"'“”‘’。！？：()[]"
_IN_HOTWORDS = frozenset("'’.-·")
_IDEMPOTENCY_KEY = re.compile(rf"[!-~]{{1,{MAX_IDEMPOTENCY_KEY_LENGTH}}}")


class Timestamps(StrEnum):
    """How fine the times in a result are."""

    SEGMENT = "segment"
    WORD = "word"


def asr_options(fields: Mapping[str, str], models: AvailableModels) -> TranscriptionOptions:
    """The options in a form's fields; what is absent or empty is the service's choice.

    Raises Refusal ("invalid_option", with the field's name; "model_not_found").
    """
    model = models.choose(fields.get("model", ""))
    timestamps = choice(Timestamps, fields, "timestamps", Timestamps.SEGMENT)
    return TranscriptionOptions(
        model=model,
        language=_language(fields.get("language", ""), model or models.default, models),
        hotwords=_hotwords(fields.get("hotwords", "")),
        words=timestamps is Timestamps.WORD,
        batch_size=_batch_size(fields.get("batch_size", "")),
        use_vad=switch(fields, "use_vad", True),
        use_punc=switch(fields, "use_punc", True),
        use_itn=switch(fields, "use_itn", None),
    )


def priority(fields: Mapping[str, str]) -> Priority:
    """Raises Refusal ("invalid_option")."""
    return choice(Priority, fields, "priority", Priority.NORMAL)


def switch(fields: Mapping[str, str], name: str, default: D) -> bool | D:
    """A yes or no. Raises Refusal ("invalid_option")."""
    given = fields.get(name, "").strip().lower()
    if not given:
        return default
    if given not in _SWITCH:
        raise invalid(name, f"must be one of {', '.join(_SWITCH)}")
    return _SWITCH[given]


def choice(kind: type[E], fields: Mapping[str, str], name: str, default: E) -> E:
    """One of a few words. Raises Refusal ("invalid_option")."""
    given = fields.get(name, "").strip().lower()
    if not given:
        return default
    try:
        return kind(given)
    except ValueError:
        raise invalid(name, f"must be one of {', '.join(kind)}") from None


def hotwords_in(text: str) -> tuple[str, ...]:
    """The first words of a text that can be hotwords; the others are left out."""
    pieces = _BETWEEN_HOTWORDS.split(unicodedata.normalize("NFC", text))
    words = (piece.strip(_AROUND_WORDS) for piece in pieces)
    return tuple(dict.fromkeys(word for word in words if word and _is_hotword(word)))[:MAX_HOTWORDS]


def invalid(field: str, problem: str) -> Refusal:
    """For a field that is not as it must be."""
    return Refusal("invalid_option", f"{field} {problem}", field=field)


def callback(fields: Mapping[str, str], registered: Container[str]) -> str | None:
    """The name of a registered webhook; None if none is asked for. Raises Refusal ("invalid_option")."""
    name = fields.get("callback", "").strip()
    if not name or name in registered:
        return name or None
    raise invalid("callback", "must be the name of a webhook that this service has registered, and no URL")


def idempotency_key(header: str | None) -> str | None:
    """The Idempotency-Key header; None if absent. Raises Refusal ("invalid_option")."""
    if header is None or _IDEMPOTENCY_KEY.fullmatch(header):
        return header
    raise invalid("Idempotency-Key", f"needs 1 to {MAX_IDEMPOTENCY_KEY_LENGTH} printable ASCII characters")


def _language(text: str, model: str, models: AvailableModels) -> str | None:
    language = code_of(text)
    if language in ("", "auto"):
        return None
    known = models.languages_of(model)
    if language in known:
        return language
    if language in LANGUAGES:
        raise invalid("language", f"must be auto or one of {', '.join(known)}: {model} knows no other")
    raise invalid("language", "must be auto, an ISO 639-1 code such as en or zh, or an English name")


def _batch_size(text: str) -> int | None:
    digits = text.strip()
    if not digits:
        return None
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise invalid("batch_size", "must be a whole number of seconds")
    if not 1 <= int(digits) <= MAX_BATCH_SECONDS:
        raise invalid("batch_size", f"must be from 1 to {MAX_BATCH_SECONDS} seconds")
    return int(digits)


def _hotwords(text: str) -> tuple[str, ...]:
    words = tuple(filter(None, _BETWEEN_HOTWORDS.split(unicodedata.normalize("NFC", text))))
    if len(words) > MAX_HOTWORDS:
        raise invalid("hotwords", f"may have {MAX_HOTWORDS} words")
    if not all(map(_is_hotword, words)):
        raise invalid(
            "hotwords", f"may have words of letters and digits, of {MAX_HOTWORD_LENGTH} characters at most"
        )
    return words


def _is_hotword(word: str) -> bool:
    """Some model libraries open a hotword that looks like a file or an address; nothing such gets through."""
    return (
        len(word) <= MAX_HOTWORD_LENGTH
        and word[0].isalnum()
        and all(c in _IN_HOTWORDS or unicodedata.category(c)[0] in "LNM" for c in word)
        and not word.lower().endswith(".txt")
    )
