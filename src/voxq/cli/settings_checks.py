"""Doctor checks of the settings, and of the file they may stand in."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from voxq.cli.finding import Finding
from voxq.locale import Message
from voxq.settings import Settings, SettingsError, unknown_settings

_DOTENV = Path(".env")


def check_settings(settings: Settings | None, error: SettingsError | None) -> Iterator[Finding]:
    """Tell every wrong value; `settings` are the valid ones, None if there are none to speak of."""
    found = [*_wrong(error), *_unknown(), *_exposed(settings), *_readable_by_others(_DOTENV)]
    yield from found or [Finding("settings", "ok", Message("all values are valid"))]


def _wrong(error: SettingsError | None) -> Iterator[Finding]:
    for problem in error.problems if error else ():
        yield Finding("settings", "failure", problem, Message("Correct it in the environment or in .env."))


def _exposed(settings: Settings | None) -> Iterator[Finding]:
    try:
        if settings is not None:
            settings.check_exposure()
    except SettingsError as error:
        yield from _wrong(error)


def _unknown() -> Iterator[Finding]:
    try:
        warnings = unknown_settings()
    except SettingsError:  # the file cannot be read, which has been told
        return
    for warning in warnings:
        yield Finding("settings", "warning", warning, Message("Correct or remove it."))


def _readable_by_others(file: Path) -> Iterator[Finding]:
    try:
        mode = file.stat().st_mode
    except OSError:
        return
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        says = Message(
            "other users of this machine can read {file}, and the keys and passwords in it", file=file
        )
        if mode & (stat.S_IWGRP | stat.S_IWOTH):
            says = Message("other users of this machine can change {file}", file=file)
        yield Finding("settings", "warning", says, Message("Run: chmod 600 {file}", file=file))
