"""Build hook: a wheel contains the pins, so that `voxq doctor` can compare what pip has installed."""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PinsHook(BuildHookInterface):
    """An editable installation reads pyproject.toml where it lies."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":
            build_data["force_include"]["pyproject.toml"] = "voxq/data/pyproject.toml"
