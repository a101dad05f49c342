"""Settings of commands that run in a terminal."""

from __future__ import annotations

from voxq.cli.console import err
from voxq.settings import Settings, load_settings, unknown_settings


def configured() -> Settings:
    """Load the settings; warns on stderr about names that look like a setting and are none.

    Raises SettingsError.
    """
    for warning in unknown_settings():
        err.print(f"warning: {warning}", style="yellow", markup=False, highlight=False)
    return load_settings()
