"""Which kind of task a route is for: what both kinds have in common is mounted once for each."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Request

from voxq import kinds

_PREFIX = re.compile(r"/api/v1/([^/]+)/")


async def _kind_of(request: Request) -> str:
    """By the path, which may begin with what a proxy put in front."""
    named = (found[1] for found in _PREFIX.finditer(request.url.path) if found[1] in kinds.registered())
    return next(named)  # or no such route would have matched


TheKind = Annotated[str, Depends(_kind_of)]
"""Its name."""
