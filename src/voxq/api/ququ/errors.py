"""Errors as QuQu's clients expect them: {"success": false, "error": a sentence}, and what programs want to
know besides."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import Field

from voxq.api.language import said
from voxq.api.shapes.errors import Error, Problem

_paths: set[str] = set()
"""Paths that QuQu's clients ask for."""

_MEANINGS = {
    400: "The form, the JSON or the recording cannot be read, or LLM_PROVIDERS names no language model.",
    401: "The key is missing or invalid.",
    403: "The service does not accept requests from here.",
    408: "The request arrives too slowly.",
    409: "The task was cancelled.",
    413: "MAX_UPLOAD_MB, MAX_AUDIO_SECONDS, MAX_TEXT_CHARACTERS or this key's quota is exceeded.",
    422: "A field is invalid; `field` names it.",
    429: "The queue is full, or too many requests wait; retry after `Retry-After` seconds.",
    500: "Recognition failed; `error` says why.",
    502: "The language model does not answer as it should; `error` says why.",
    503: "The service is not ready; the same request repeated finds its task.",
    504: "Not done within OPENAI_TIMEOUT_SECONDS. The task continues: its result is at `task_id`.",
    507: "The disk is nearly full.",
}


class Failure(Error):
    """An error."""

    success: Literal[False] = Field(description="Always false.")


def shape(router: APIRouter) -> None:
    """Give errors at the paths of this router QuQu's shape. At any other they have that of the native API."""
    _paths.update(route.path for route in router.routes if isinstance(route, APIRoute))


def is_ours(path: str) -> bool:
    """Whether a request for this path expects QuQu's shape."""
    return path.rstrip("/") in _paths


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the error responses of a route for the OpenAPI document."""
    return {status: {"model": Failure, "description": _MEANINGS[status]} for status in statuses}


def response(problem: Problem) -> JSONResponse:
    return problem.response_of({"success": False, "error": said(problem.whole_sentence)})
