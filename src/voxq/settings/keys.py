"""API keys, their owners and their limits. Keys and names come from the operator."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from voxq.locale import Message

_NAME = r"[\w.@+-][\w.@+:-]{0,63}"
_NUMBER = r"\d{1,9}"
_LIMITS = re.compile(rf"(?P<name>{_NAME}?)(?P<limits>(:(per_minute|queue_seconds)={_NUMBER})+)")
_FIELDS = {"per_minute": "requests_per_minute", "queue_seconds": "queue_seconds"}


@dataclass(frozen=True, slots=True)
class Allowance:
    """Limits of one key; 0 means unlimited."""

    requests_per_minute: int = 0
    """Submissions per minute. As many may come in one burst; after that they are admitted evenly."""
    queue_seconds: int = 0
    """Seconds of audio that may wait, per kind of task."""


@dataclass(frozen=True, slots=True)
class Allowances:
    """Limits of all keys: the usual ones, and exceptions by the owner's name."""

    usual: Allowance = Allowance()
    special: Mapping[str, Allowance] = field(default_factory=dict)

    def of(self, name: str) -> Allowance:
        return self.special.get(name, self.usual)


def parse_keys(text: str) -> dict[str, str]:
    """Parse "name:key,name2:key2" to API key -> owner; a bare key's owner is named after its hash.

    Raises ValueError, without quoting a key, for a key shorter than 8 characters or given twice, and for a
    name that would not be one word in a log.
    """
    owners: dict[str, str] = {}
    for entry in _entries(text):
        name, _, key = entry.rpartition(":")
        if len(key) < 8:
            raise ValueError(Message("every key needs 8 characters or more (name:key,name2:key2)"))
        if key in owners:
            raise ValueError(Message("a key is given twice"))
        if name and not re.fullmatch(_NAME, name):
            raise ValueError(
                Message("a key's name has letters, digits and . _ @ + - only (name:key,name2:key2)")
            )
        owners[key] = name or f"key-{hashlib.sha256(key.encode()).hexdigest()[:8]}"
    return owners


def parse_allowances(text: str, usual: Allowance) -> Allowances:
    """Parse "name:per_minute=60:queue_seconds=3600,name2:per_minute=0"; omitted limits are those of `usual`.

    Raises ValueError, without quoting an entry, because a key may have been put there by mistake.
    """
    special: dict[str, Allowance] = {}
    for entry in _entries(text):
        match = _LIMITS.fullmatch(entry)
        if match is None:
            raise ValueError(Message("must be like name:per_minute=60:queue_seconds=3600,name2:per_minute=0"))
        if match["name"] in special:
            raise ValueError(Message("the name {name!r} is given twice", name=match["name"]))
        limits = (limit.split("=") for limit in match["limits"][1:].split(":"))
        changes = {_FIELDS[limit]: int(number) for limit, number in limits}
        special[match["name"]] = replace(usual, **changes)
    return Allowances(usual, special)


def _entries(text: str) -> Iterator[str]:
    return filter(None, (part.strip() for part in text.split(",")))
