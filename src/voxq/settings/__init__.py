"""All settings, read once from the environment and a `.env` file in the working directory.

The environment takes precedence over `.env`, names are case-insensitive, and an empty value counts as unset.
The file is never `source`d by a shell, so values with spaces need no quotes.
"""

from voxq.settings.configuration import PACKAGED_HOTWORDS, Queues, Settings, SettingsError
from voxq.settings.loading import load_settings, load_valid_settings, unknown_settings

__all__ = [
    "PACKAGED_HOTWORDS",
    "Queues",
    "Settings",
    "SettingsError",
    "load_settings",
    "load_valid_settings",
    "unknown_settings",
]
