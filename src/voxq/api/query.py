"""Refusal of unknown query parameters, as for fields of forms and bodies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from fastapi import Request
from fastapi.dependencies.models import Dependant

from voxq.api.callers.auth import authenticate_for
from voxq.api.openai import errors as openai
from voxq.core.request_reader import QUERY_PARAMETER, unknown_field

PREFIX = "/api/"
"""Prefix of native paths. Pages for people and probes of monitors may have any query."""
_OPENAIS = frozenset({"api-version"})
"""Parameter that OpenAI's SDKs send when they are set up for Azure; it has no effect here."""

_known: dict[Callable[..., Any], tuple[str, ...]] = {}


async def check_query(request: Request) -> None:
    """Check the names of all parameters. Raises Refusal ("invalid_option", with the known parameters).

    A caller without a key learns nothing from it: where one is needed, its lack is reported first.
    """
    if not request.scope["query_string"]:
        return
    path = request.url.path
    is_openais = openai.is_ours(path)
    if not is_openais and PREFIX not in path:  # it may begin with a prefix that a proxy added
        return
    route = request.scope["route"]
    if route.endpoint not in _known:
        _known[route.endpoint] = tuple(dict.fromkeys(_parameters(route.dependant)))
    known = _known[route.endpoint]
    for name in request.query_params:
        if name not in known and not (is_openais and name in _OPENAIS):
            await authenticate_for(request, route.dependant)
            raise unknown_field(name, known, sort=QUERY_PARAMETER)


def _parameters(dependant: Dependant) -> Iterator[str]:
    yield from (parameter.alias for parameter in dependant.query_params)
    for each in dependant.dependencies:
        yield from _parameters(each)
