"""Checks of `voxq doctor`. A check never changes anything."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator

from voxq.cli.api_checks import check_api
from voxq.cli.engine_checks import check_engines
from voxq.cli.finding import Finding
from voxq.cli.llm_checks import check_providers
from voxq.cli.machine_checks import check_devices, check_storage
from voxq.cli.model_checks import check_models
from voxq.cli.package_checks import check_packages
from voxq.cli.redis_checks import check_redis
from voxq.cli.settings_checks import check_settings
from voxq.cli.speaker_checks import check_speakers
from voxq.cli.tuning import check_tuning
from voxq.cli.voice_checks import check_voices
from voxq.locale import Message
from voxq.settings import Settings, load_valid_settings

_CHECKS: dict[str, tuple[Callable[[Settings], Iterable[Finding]], tuple[str, ...]]] = {
    "Redis": (check_redis, ("redis_url", "redis_host", "redis_port", "redis_db")),
    "storage": (check_storage, ("storage_path", "min_free_disk_mb")),
    "engine": (check_engines, ("engine_plugins",)),
    "model": (check_models, ("asr_engine", "asr_model", "asr_models", "asr_model_path")),
    "tuning": (check_tuning, ("asr_engine", "asr_model", "asr_models", "asr_model_path", "storage_path")),
    "voice": (check_voices, ("tts_device",)),
    "speakers": (check_speakers, ("speaker_model", "asr_model_path")),
    "provider": (check_providers, ("llm_providers", "llm_keys", "llm_context", "llm_calls", "llm_default")),
    "device": (lambda settings: check_devices(settings.asr_use_gpu), ("asr_use_gpu",)),
    "API": (check_api, ("api_host", "api_port", "storage_path")),
}
"""Subject -> the check, and the settings of which a default would say nothing about this machine."""


def examine() -> list[Finding]:
    """Run all checks, except those of settings that are invalid themselves."""
    settings, error = load_valid_settings()
    findings = [*check_settings(settings, error), *check_packages()]
    if settings is None:
        return [*findings, *check_devices("auto")]
    wrong = error.fields if error else frozenset()
    for subject, (check, needed) in _CHECKS.items():
        if wrong.isdisjoint(needed):
            findings += _run(subject, check, settings)
    return findings


def _run(
    subject: str, check: Callable[[Settings], Iterable[Finding]], settings: Settings
) -> Iterator[Finding]:
    """Yield the findings of a check. One that fails itself costs no other check its turn."""
    try:
        yield from check(settings)
    except Exception as error:  # of libraries that look at a machine in any state
        if os.environ.get("LOG_LEVEL", "").upper() == "DEBUG":
            raise
        # Without its text, which may quote what nobody should read.
        says = Message("could not be looked at ({kind})", kind=type(error).__name__)
        yield Finding(subject, "failure", says, Message("Run it again with LOG_LEVEL=DEBUG."))
