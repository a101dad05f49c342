"""What a language needs to be spoken beside a model: its phonemiser, which an extra brings."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from voxq.engines.contract import Requirements

_ROMANCE = Requirements(("g2p2", "g2p2_group_romance"), extra="kokoro")

REQUIREMENTS: Mapping[str, Requirements] = MappingProxyType(
    {
        "zh": Requirements(("misaki", "jieba", "pypinyin", "cn2an", "ordered_set"), extra="kokoro"),
        "ja": Requirements(("misaki", "fugashi", "jaconv", "mojimoji", "unidic_lite"), extra="kokoro-ja"),
        "es": _ROMANCE,
        "fr": _ROMANCE,
    }
)
"""By ISO 639-1 code; English needs none, its phonemiser is hibari's."""
