"""What VoxQ can do: one module per kind of task, with all that is special about it. Importing this package
registers them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from voxq.core import kinds
from voxq.core.kinds import UnknownKind
from voxq.kinds.base import Kind
from voxq.kinds.of_tests import register_test_kinds
from voxq.kinds.speech import SPEECH
from voxq.kinds.transcription import TRANSCRIPTION

__all__ = ["Kind", "UnknownKind", "find", "first", "kind_in", "registered"]

for _kind in (TRANSCRIPTION, SPEECH):
    kinds.register(_kind)
register_test_kinds()


def registered() -> Mapping[str, Kind]:
    """Every kind by its name, in the order of registration."""
    return cast("Mapping[str, Kind]", kinds.registered())


def find(name: object) -> Kind:
    """The kind of this name. Raises UnknownKind."""
    return cast(Kind, kinds.find(name))


def first() -> Kind:
    """The kind that there was before there were others: the one of records that name none."""
    return next(iter(registered().values()))


def kind_in(record: Mapping[str, Any]) -> Kind:
    """The kind of the task in a document or record; the first versions wrote none. Raises UnknownKind."""
    return find(record["kind"]) if "kind" in record else first()
