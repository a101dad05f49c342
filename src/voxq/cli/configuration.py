"""The settings, as commands of a person's terminal read them."""

from __future__ import annotations

from voxq.cli.console import err
from voxq.settings import Settings, load_settings, unknown_settings


def configured() -> Settings:
    """The settings; says which names look like one of ours and are none. Raises SettingsError."""
    for warning in unknown_settings():
        err.print(f"warning: {warning}", style="yellow", markup=False, highlight=False)
    return load_settings()
