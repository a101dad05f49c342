"""Settings of commands that run in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voxq.cli.console import tell
from voxq.locale import Message
from voxq.program import loading

if TYPE_CHECKING:
    from voxq.settings import Settings


def configured() -> Settings:
    """Load the settings; warns on stderr about names that look like a setting and are none.

    Raises SettingsError.
    """
    with loading():
        from voxq.settings import load_settings, unknown_settings

    for warning in unknown_settings():
        tell(Message("warning: {warning}", warning=warning), style="yellow")
    return load_settings()


def redis_url(settings: Settings) -> str:
    """Return the URL, with its password, of the configured Redis, else of the stack that runs here.

    Raises SettingsError if there is neither.
    """
    from voxq.settings import SettingsError
    from voxq.supervisor.instance import running_instance

    if settings.redis_url is not None:
        return settings.redis_url
    if running := running_instance(settings.run_dir):
        return running.redis_url
    raise SettingsError(
        Message("No service is running here: set REDIS_URL or REDIS_HOST to that of the workers.")
    )
