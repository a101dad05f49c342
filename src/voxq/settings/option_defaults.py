"""Settings that declared options ask for: an operator's default needs no other line than its declaration."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Optional

from pydantic import Field, create_model

from voxq import kinds
from voxq.core.options import Options
from voxq.settings.configuration import Settings


def settings_class() -> type[Settings]:
    """The settings there are, with those of the options of every registered kind."""
    return with_settings_of(kind.options for kind in kinds.registered().values())


def with_settings_of(kinds_options: Iterable[type[Options]]) -> type[Settings]:
    """The settings there are and, for each operator's default that has none among them, a field of the
    option's type: unset, the option has no default but its own."""
    fields: dict[str, Any] = {}
    for options in kinds_options:
        for option in options.declared().values():
            name = option.mark.setting
            if name is None or name in Settings.model_fields or hasattr(Settings, name):
                continue
            annotation = option.constrained(Optional[option.type])  # noqa: UP045
            fields[name] = (annotation, Field(None, description=option.description))
    return create_model("Settings", __base__=Settings, **fields) if fields else Settings
