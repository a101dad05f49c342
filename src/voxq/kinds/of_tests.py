"""Kinds of task that only tests know, in the processes of a service."""

from __future__ import annotations

import importlib
import os

from voxq.core import kinds


def register_test_kinds() -> None:
    """With VOXQ_TEST_ENGINES=1, register those that VOXQ_TEST_KINDS names as "module:ATTRIBUTE", between
    commas."""
    if os.environ.get("VOXQ_TEST_ENGINES") != "1":
        return
    for name in filter(None, os.environ.get("VOXQ_TEST_KINDS", "").split(",")):
        module, _, attribute = name.partition(":")
        kinds.register(getattr(importlib.import_module(module), attribute))
