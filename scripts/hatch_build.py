"""Build hook: a wheel contains the pins, so that `voxq doctor` can compare what pip has installed, and the
texts in other languages, compiled for gettext."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polib
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_CATALOGUES = "src/voxq/locale/*/LC_MESSAGES/*.po"


class PackageHook(BuildHookInterface):
    """An editable installation reads pyproject.toml where it lies."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        for catalogue in Path(self.root).glob(_CATALOGUES):
            compiled = catalogue.with_suffix(".mo")
            polib.pofile(str(catalogue)).save_as_mofile(str(compiled))
            build_data["artifacts"].append(compiled.relative_to(self.root).as_posix())
        if version == "standard":
            build_data["force_include"]["pyproject.toml"] = "voxq/data/pyproject.toml"
