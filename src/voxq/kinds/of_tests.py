"""Registration of kinds that belong to tests, in the processes of a service."""

from __future__ import annotations

import importlib
import os

from voxq.core import kinds


def register_test_kinds() -> None:
    """Register the kinds that VOXQ_TEST_KINDS names as "module:ATTRIBUTE", between commas, if
    VOXQ_TEST_ENGINES=1."""
    if os.environ.get("VOXQ_TEST_ENGINES") != "1":
        return
    for name in filter(None, os.environ.get("VOXQ_TEST_KINDS", "").split(",")):
        module, _, attribute = name.partition(":")
        kinds.register(getattr(importlib.import_module(module), attribute))
