"""What a language needs to be spoken beside a model: its phonemiser, which an extra of this project brings.

Light: asking imports none of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from types import MappingProxyType

from voxq.extras import install_command


@dataclass(frozen=True, slots=True)
class LanguagePackages:
    """The extra, and the modules out of it without which nothing is spoken."""

    extra: str
    modules: tuple[str, ...]

    @property
    def are_installed(self) -> bool:
        return all(find_spec(module) is not None for module in self.modules)

    def missing_for(self, language: str) -> str:
        """A sentence for clients and operators."""
        return (
            f"Speech in the language {language!r} needs packages that are not installed:"
            f" {install_command(self.extra)}"
        )


_ROMANCE = LanguagePackages("kokoro", ("g2p2", "g2p2_group_romance"))

PACKAGES: Mapping[str, LanguagePackages] = MappingProxyType(
    {
        "zh": LanguagePackages("kokoro", ("misaki", "jieba", "pypinyin", "cn2an", "ordered_set")),
        "ja": LanguagePackages("kokoro-ja", ("misaki", "fugashi", "jaconv", "mojimoji", "unidic_lite")),
        "es": _ROMANCE,
        "fr": _ROMANCE,
    }
)
"""By ISO 639-1 code; English needs none, its phonemiser is hibari's."""
