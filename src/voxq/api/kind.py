"""Dependency with the kind of task that a route is for. Routes common to all kinds are mounted once for
each."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Request

from voxq import kinds

_PREFIX = re.compile(r"/api/v1/([^/]+)/")


async def _kind_of(request: Request) -> str:
    """Return the name of the kind in the path, which may begin with a prefix that a proxy added."""
    named = (found[1] for found in _PREFIX.finditer(request.url.path) if found[1] in kinds.registered())
    return next(named)  # exists, or no such route would have matched


TheKind = Annotated[str, Depends(_kind_of)]
"""Name of the kind."""
