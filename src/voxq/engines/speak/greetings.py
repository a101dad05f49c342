"""A few words in each language that a voice here speaks: to warm it up with, and to let people hear it."""

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
"""By ISO 639-1 code."""
