"""Web origins: the scheme, host and port that a browser reports for a page."""

from __future__ import annotations

import re
from collections.abc import Collection

from voxq.locale import Message

ANY = "*"
"""Wildcard for pages of every origin."""

_ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<host>[a-z0-9.-]+|\[[0-9a-f:]+\])(?P<port>:\d{1,5})?")
_USUAL_PORTS = {"http": ":80", "https": ":443"}


def parse_origins(text: str) -> tuple[str, ...]:
    """Parse "https://app.example.org,http://localhost:5173", or ANY alone.

    Raises ValueError for an origin that no browser would ever send, since it would never match.
    """
    origins = tuple(dict.fromkeys(filter(None, (part.strip() for part in text.split(",")))))
    if ANY in origins and len(origins) > 1:
        raise ValueError(Message("* stands for every page: give it alone, or leave it out"))
    for origin in origins:
        if origin != ANY and not _is_origin(origin):
            raise ValueError(
                Message(
                    "{origin!r} must be like https://app.example.org or http://localhost:5173: scheme, "
                    "host in lower case, the port if it is not the usual one, and nothing after it; or * "
                    "for every page",
                    origin=origin,
                )
            )
    return origins


def are_allowed(origin: str, origins: Collection[str]) -> bool:
    """Whether `origin` is among `origins`, the output of `parse_origins`."""
    return ANY in origins or origin in origins


def _is_origin(text: str) -> bool:
    match = _ORIGIN.fullmatch(text)
    if match is None or match["port"] == _USUAL_PORTS[match["scheme"]]:
        return False
    return match["port"] is None or int(match["port"][1:]) <= 65535
