"""Owners of API keys, and the tasks that each may see."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from voxq.settings import Settings

ANONYMOUS = "anonymous"
"""Owner of everything while no keys are set."""


@dataclass(frozen=True, slots=True)
class Access:
    """Access rights. `owners`: SHA-256 of a key -> name of its owner; `admins`: names that see everything."""

    owners: Mapping[bytes, str] = field(repr=False)
    admins: frozenset[str]

    @classmethod
    def of(cls, settings: Settings) -> Self:
        owners = {_digest(key.encode()): owner for key, owner in settings.keys.items()}
        return cls(owners, settings.admins if owners else frozenset({ANONYMOUS}))

    @property
    def needs_key(self) -> bool:
        return bool(self.owners)

    def owner_of(self, given: str | None) -> str | None:
        """Return the owner of the key in a header (decoded as Latin-1), or None if it is unknown.

        The time it takes does not depend on which key it is or whether it is valid.
        """
        found = None
        digest = _digest((given or "").encode("latin-1", "replace"))
        for known, owner in self.owners.items():
            if hmac.compare_digest(known, digest):
                found = owner
        return found

    def sees_all(self, caller: str) -> bool:
        return caller in self.admins

    def sees(self, caller: str, owner: str) -> bool:
        """Whether `caller` may see and change the tasks of `owner`."""
        return caller == owner or self.sees_all(caller)


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
