"""Which kind of task a route is for: what both kinds have in common is mounted once for each."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Request

from voxq.core.task import Kind

_PREFIX = re.compile(rf"/api/v1/({'|'.join(Kind)})/")


async def _kind_of(request: Request) -> Kind:
    """By the path, which may begin with what a proxy put in front."""
    found = _PREFIX.search(request.url.path)
    assert found is not None  # or no such route would have matched
    return Kind(found[1])


TheKind = Annotated[Kind, Depends(_kind_of)]
