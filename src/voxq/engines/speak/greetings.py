"""Short texts in each supported language, for warm-up and for samples of voices."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

GREETINGS: Mapping[str, str] = MappingProxyType(
    {
        "en": "Good morning, and welcome. This is how I sound.",
        "zh": "大家早上好，欢迎你们。这就是我的声音。",
        "ja": "皆さん、おはようございます。これが私の声です。",
        "es": "Buenos días y bienvenidos. Así suena mi voz.",
        "fr": "Bonjour et bienvenue. Voici comment sonne ma voix.",
    }
)
"""Texts by ISO 639-1 code."""
