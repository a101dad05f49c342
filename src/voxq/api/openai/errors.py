"""Errors as OpenAI's SDKs expect them: {"error": {"message", "type", "param", "code", ...}}."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from voxq.api.language import headers_of, said
from voxq.api.shapes.errors import Problem

PREFIX = "/v1"

_STATUS = {422: 400}
"""Status for an invalid field; OpenAI uses 400."""
_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_TYPES_OF_CODES = {"rate_limited": "requests"}
_CODES = {
    "unauthorized": "invalid_api_key",
    "queue_full": "rate_limit_exceeded",
    "llm_busy": "rate_limit_exceeded",
    "rate_limited": "rate_limit_exceeded",
    "too_many_waiting": "rate_limit_exceeded",
}
_PARAMS = {
    "model_not_found": "model",
    "unknown_track": "audio_track",
    **dict.fromkeys(("missing_audio", "empty", "no_audio", "undecodable"), "file"),
}

_MEANINGS = {
    400: "The form, a field, the text or the recording is invalid; `param` names the field.",
    401: "The key is missing or invalid.",
    403: "The service does not accept requests from here.",
    404: "There is no such model; `models` lists the available ones. Or no language model is set up.",
    408: "The request arrives too slowly.",
    409: "The task was cancelled, or its text could not be rewritten.",
    410: "The speech was deleted before it could be sent; repeat the request.",
    413: "MAX_UPLOAD_MB, MAX_AUDIO_SECONDS, MAX_TEXT_CHARACTERS or this key's quota is exceeded.",
    429: "Too many requests per minute, or the queue is full; retry after `Retry-After` seconds.",
    500: "Recognition or synthesis failed; `code` says why.",
    502: "The server of the language model does not answer as it should; `code` says why.",
    503: "The queue does not answer, or the process is stopping. The same request repeated finds its task.",
    504: "Not done within OPENAI_TIMEOUT_SECONDS. The task continues: its result is at `task_id`.",
    507: "The disk is nearly full.",
}


class ErrorView(BaseModel):
    """Description of an error. Some errors have more fields, such as `task_id`."""

    message: str = Field(description="One sentence for people.")
    type: str = Field(description="Kind of error.")
    param: str | None = Field(description="Name of the invalid field.")
    code: str = Field(description="One word for programs.")


class ErrorBody(BaseModel):
    error: ErrorView = Field(description="What went wrong.")


def is_ours(path: str) -> bool:
    """Whether a request for this path expects OpenAI's shape."""
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the error responses of a route for the OpenAPI document."""
    return {status: {"model": ErrorBody, "description": _MEANINGS[status]} for status in statuses}


def response(problem: Problem) -> JSONResponse:
    status = _STATUS.get(problem.status, problem.status)
    headers = {**problem.headers, **headers_of(problem.error)}
    return JSONResponse({"error": body(problem)}, status, headers)


def body(problem: Problem) -> Mapping[str, Any]:
    """Return the error object, which an event stream sends without a status."""
    details = dict(problem.details)
    if "detail" in details:
        details["detail"] = said(details["detail"])
    return {
        "message": said(problem.whole_sentence),
        "type": _type_of(problem),
        "param": details.pop("field", None) or _PARAMS.get(problem.code),
        "code": _CODES.get(problem.code, problem.code),
        **details,
    }


def _type_of(problem: Problem) -> str:
    if problem.status >= 500:
        return "server_error"
    return _TYPES_OF_CODES.get(problem.code) or _TYPES.get(problem.status, "invalid_request_error")
