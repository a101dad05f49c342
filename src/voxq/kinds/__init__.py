"""Kinds of task that VoxQ has built in: one module each, with all that is special about it. Importing this
package registers them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from voxq.core import kinds
from voxq.core.kinds import UnknownKind
from voxq.kinds.base import Kind
from voxq.kinds.speech import SPEECH
from voxq.kinds.text import TEXT_KIND
from voxq.kinds.transcription import TRANSCRIPTION
from voxq.kinds.voiceprint import VOICEPRINT

__all__ = ["Kind", "UnknownKind", "find", "first", "kind_in", "registered"]

for _kind in (TRANSCRIPTION, SPEECH, TEXT_KIND, VOICEPRINT):
    kinds.register(_kind)
kinds.register_test_kinds()


def registered() -> Mapping[str, Kind]:
    """Return every kind by its name, in the order of registration."""
    return cast("Mapping[str, Kind]", kinds.registered())


def find(name: object) -> Kind:
    """Return the kind of this name. Raises UnknownKind."""
    return cast(Kind, kinds.find(name))


def first() -> Kind:
    """Return the oldest kind, to which records without a kind belong."""
    return next(iter(registered().values()))


def kind_in(record: Mapping[str, Any]) -> Kind:
    """Return the kind of the task in a document or record; the first versions wrote none. Raises
    UnknownKind."""
    return find(record["kind"]) if "kind" in record else first()
