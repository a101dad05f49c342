"""Kokoro's voices, the best of each language first, and the packages that their languages need.

Light, so that the API can list them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from voxq.engines.contract import Requirements, Voice

_AMERICAN = """
f: heart bella nicole aoede kore sarah nova sky alloy jessica river
m: fenrir michael puck echo eric liam onyx adam santa
"""
_BRITISH = """
f: emma isabella alice lily
m: fable george lewis daniel
"""
_CHINESE = """
f: xiaobei xiaoxiao xiaoyi xiaoni
m: yunxi yunjian yunxia yunyang
"""
_JAPANESE = """
f: alpha gongitsune nezumi tebukuro
m: kumo
"""
_SPANISH = """
f: dora
m: alex santa
"""
_FRENCH = "f: siwis"


def _voices(letter: str, names: str, language: str, accent: str | None = None) -> list[Voice]:
    """Make voices of Kokoro's names, which begin with a letter for the language and one for the gender."""
    voices: list[Voice] = []
    for line in filter(None, names.splitlines()):
        kind, _, speakers = line.partition(":")
        gender: Literal["female", "male"] = "female" if kind == "f" else "male"
        voices += [Voice(f"{letter}{kind}_{name}", language, gender, accent) for name in speakers.split()]
    return voices


VOICES: tuple[Voice, ...] = (
    *_voices("a", _AMERICAN, "en", "US"),
    *_voices("b", _BRITISH, "en", "GB"),
    *_voices("z", _CHINESE, "zh"),
    *_voices("j", _JAPANESE, "ja"),
    *_voices("e", _SPANISH, "es"),
    *_voices("f", _FRENCH, "fr"),
)

_ROMANCE = Requirements(("g2p2", "g2p2_group_romance"), extra="kokoro")

REQUIREMENTS: Mapping[str, Requirements] = MappingProxyType(
    {
        "zh": Requirements(("misaki", "jieba", "pypinyin", "cn2an", "ordered_set"), extra="kokoro"),
        "ja": Requirements(("misaki", "fugashi", "jaconv", "mojimoji", "unidic_lite"), extra="kokoro-ja"),
        "es": _ROMANCE,
        "fr": _ROMANCE,
    }
)
"""Phonemisers by ISO 639-1 code; English has none here, because it uses hibari's."""
