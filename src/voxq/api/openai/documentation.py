"""OpenAPI descriptions of requests whose bodies are not read by the framework."""

from __future__ import annotations

from typing import Any

from voxq.api import openapi
from voxq.api.openai import errors

_UNKNOWN = (
    "Fields of OpenAI's API without a use here are accepted and documented as having no effect; unknown "
    "fields are refused, with the list of known ones."
)


def operation(
    media_type: str, schema: dict[str, Any], answer: str, contents: dict[str, Any], *statuses: int
) -> dict[str, Any]:
    """Return the arguments of a route that takes a body of this type and schema, and answers with these
    contents by media type, or with errors of these statuses."""
    return {
        "responses": {200: {"description": answer, "content": contents}} | errors.documented(*statuses),
        "openapi_extra": openapi.body(media_type, schema | {"description": _UNKNOWN}),
    }
