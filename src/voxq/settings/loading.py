"""Loading of a process's settings, with errors and warnings about them."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from voxq.core import validation
from voxq.locale import Message, about
from voxq.settings.configuration import Clashes, Settings, SettingsError
from voxq.settings.option_defaults import settings_class

_DOTENV = Path(".env")
_PREFIXES = (
    *(
        "ADMIN_KEY",
        "API_",
        "ASR_",
        "CORS_",
        "ENGINE_",
        "KEY_LIMIT",
        "LLM_",
        "LOG_",
        "MAX_",
        "MEDIA_",
        "MODEL_",
        "RATE_LIMIT",
    ),
    *("REDIS_", "RQ_", "STORAGE_", "TTS_", "WEBHOOK"),
)


def load_settings(dotenv: Path = _DOTENV, **overrides: Any) -> Settings:
    """Load the settings of this process; `overrides`, by field name, take precedence over everything.

    Raises SettingsError with every invalid setting, or with all conflicts if each setting is valid; also if
    the file cannot be read.
    """
    _read(dotenv)  # for its errors
    settings = settings_class()
    try:
        return settings(_env_file=dotenv, **overrides)  # pyright: ignore[reportCallIssue]
    except ValidationError as error:
        lines = [line for each in error.errors() for line in _lines(each)]
        # Of a conflict, pydantic knows no setting: only the beginning of its line names them.
        named = re.findall("[A-Z][A-Z_]+", " ".join(line.partition(": ")[0] for line in lines))
        fields = settings.model_fields.keys() & {name.lower() for name in named}
        raise SettingsError(*lines, fields=fields) from None


def load_valid_settings(dotenv: Path = _DOTENV) -> tuple[Settings | None, SettingsError | None]:
    """Load the settings with the default in place of each that is wrong or in a conflict.

    Returns None for the settings if even that is not possible; the error tells everything that is wrong.
    """
    fields = settings_class().model_fields
    problems: list[str] = []
    wrong: dict[str, Any] = {}
    while True:
        try:
            settings = load_settings(dotenv, **wrong)
            return settings, SettingsError(*problems, fields=wrong) if problems else None
        except SettingsError as error:
            problems += error.problems
            fresh = error.fields - wrong.keys()
            if not fresh:
                return None, SettingsError(*problems, fields=wrong)
            wrong |= {name: fields[name].get_default(call_default_factory=True) for name in fresh}


def unknown_settings(
    environ: Mapping[str, str] | None = None, dotenv: Mapping[str, str | None] | None = None
) -> list[str]:
    """Return a warning for each name that looks like a setting but is unknown, with the likely right name.

    `environ` and `dotenv` default to those of this process.
    """
    if environ is None:
        environ = os.environ
    if dotenv is None:
        dotenv = _read(_DOTENV)
    known = {name.upper() for name in settings_class().model_fields}
    given = {name.upper() for name in (*environ, *dotenv)}
    return [_warning(name, known) for name in sorted(given - known) if name.startswith(_PREFIXES)]


def _read(dotenv: Path) -> Mapping[str, str | None]:
    """Read a file of settings, empty if there is none. Raises SettingsError if that is not possible."""
    try:
        return dotenv_values(dotenv) if dotenv.exists() else {}
    except OSError as error:
        raise SettingsError(
            Message("The file {dotenv} cannot be read: {strerror}.", dotenv=dotenv, strerror=error.strerror)
        ) from None
    except UnicodeDecodeError:
        raise SettingsError(
            Message("The file {dotenv} is no text in UTF-8: save it as that.", dotenv=dotenv)
        ) from None


def _lines(error: ErrorDetails) -> Iterator[str]:
    says = validation.message_of(error)
    if location := error["loc"]:
        yield about(str(location[0]).upper(), says)
    else:  # conflicts of settings, which their texts name
        yield from cause.problems if isinstance(cause := validation.cause_of(error), Clashes) else [says]


def _warning(name: str, known: set[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return Message("{name} is not a setting; did you mean {known}?", name=name, known=close[0])
    return Message("{name} is not a setting and is ignored", name=name)
