"""Packages that a language needs besides a model: its phonemiser, which an extra installs."""

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
"""Requirements by ISO 639-1 code; English has none, because it uses hibari's phonemiser."""
