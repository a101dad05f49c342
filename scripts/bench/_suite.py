"""List of measurements."""

from __future__ import annotations

from collections.abc import Mapping

MINUTES: Mapping[str, int] = {
    "submit": 2,
    "pertask": 2,
    "backlog": 8,
    "throughput": 4,
    "clip": 1,
    "interleave": 12,
    "long_files": 14,
    "hundred": 6,
    "clips": 12,
    "sensevoice": 10,
    "sherpa": 14,
    "switching": 14,
    "openai_api": 6,
    "api": 1,
    "start": 2,
    "speech_stream": 6,
    "voiceprints": 8,
    "cloning": 8,
}
"""Minutes that each measurement may take on two cores, by name, in the order of the report."""

OPTIONS: Mapping[str, tuple[str, ...]] = {
    "clips": ("device",),
    "sensevoice": ("device",),
}
"""Command-line options that each measurement accepts."""
