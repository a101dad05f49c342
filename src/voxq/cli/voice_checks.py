"""Which voices could speak here, without loading any."""

from __future__ import annotations

from collections.abc import Iterator

from voxq.cli.finding import Finding
from voxq.cli.package_checks import missing_packages
from voxq.engines import synthesisers, voices
from voxq.models.store import ModelStore
from voxq.settings import Settings

_EXTRAS = {"kokoro": "kokoro"}
"""Synthesisers whose phonemisers an extra brings; their models may have come by another way."""


def check_voices(settings: Settings) -> Iterator[Finding]:
    """What is installed, and what it lacks to speak all of its languages."""
    installed = voices.installed(ModelStore(search=[settings.asr_model_path]))
    for name in installed:
        kind = synthesisers.find(name)
        languages = ", ".join(dict.fromkeys(voice.language for voice in kind.voices))
        yield Finding("voices", "ok", f"{name}: {len(kind.voices)} in {languages}")
        extra = _EXTRAS.get(name)
        if extra and (problems := missing_packages(extra)):
            says = f"{name} cannot speak all of these languages: {', '.join(problems)}"
            yield Finding("voices", "warning", says, f"Run: uv sync --inexact --extra {extra}")
    for name in synthesisers.names():
        if name not in installed:
            yield Finding("voices", "ok", f"{name} is not installed: {synthesisers.find(name).summary}")
