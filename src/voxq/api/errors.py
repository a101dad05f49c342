"""Error responses as JSON: {"error": a sentence, "code": a word, ...}, or the shape of the API that a
request is for, OpenAI's or QuQu's."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from loguru import logger
from redis.exceptions import RedisError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ExceptionHandler

from voxq import kinds
from voxq.api import known_paths
from voxq.api.access_log import note
from voxq.api.monitoring.workers import WorkerOverview
from voxq.api.openai import errors as openai
from voxq.api.ququ import errors as ququ
from voxq.api.shapes.errors import Error, Problem
from voxq.core import validation
from voxq.core.refusal import Refusal, TaskFailed
from voxq.locale import Message, about
from voxq.speech.audio import SUPPORTED_FORMATS, AudioError

STATUS = {
    "bad_form": 400,
    "bad_json": 400,
    "missing_audio": 400,
    "undecodable": 400,
    "no_audio": 400,
    "empty": 400,
    "unauthorized": 401,
    "exposed": 403,
    "foreign_host": 403,
    "foreign_origin": 403,
    "not_admin": 403,
    "not_found": 404,
    "model_not_found": 404,
    "no_provider": 404,
    "no_such_speaker": 404,
    "no_such_step": 404,
    "no_such_voice": 404,
    "no_such_voiceprint": 404,
    "context_length_exceeded": 400,
    "provider_refused": 400,
    "upload_stalled": 408,
    "not_done": 409,
    "not_ready": 409,
    "not_rewritten": 409,
    "too_many_recordings": 409,
    "too_many_voiceprints": 409,
    "not_failed": 409,
    "cancelled": 409,
    "idempotency_conflict": 409,
    "idempotency_expired": 409,
    "recording_gone": 410,
    "voiceprint_deleted": 410,
    "too_large": 413,
    "too_long": 413,
    "invalid_option": 422,
    "invalid_ssml": 422,
    "language_unsupported": 422,
    "other_model": 422,
    "other_speaker": 422,
    "several_speakers": 422,
    "speech_clipped": 422,
    "speech_too_noisy": 422,
    "speech_too_quiet": 422,
    "too_little_speech": 422,
    "unknown_track": 422,
    "unpronounceable": 422,
    "voice_not_found": 422,
    "voice_unsupported": 422,
    "queue_full": 429,
    "quota_exceeded": 429,
    "rate_limited": 429,
    "too_many_streams": 429,
    "too_many_waiting": 429,
    "llm_busy": 429,
    "sample_failed": 500,
    "llm_bad_answer": 502,
    "llm_failed": 502,
    "llm_key_refused": 502,
    "llm_no_model": 502,
    "llm_unreachable": 502,
    "sample_pending": 503,
    "unavailable": 503,
    "llm_timeout": 504,
    "timeout": 504,
    "disk_full": 507,
}

_MEANINGS = {
    400: "The form, the JSON or the recording cannot be read; `supported_formats` lists the readable ones.",
    401: "The key is missing or invalid.",
    403: "The service does not accept requests from here, or this key lacks permission.",
    404: "There is no such task, or it is another owner's; or no such model or voice (`models` or `voices` "
    "lists them).",
    408: "The upload arrives too slowly.",
    409: "The task is not in the required state.",
    410: "The recording or the speech has been deleted.",
    413: "MAX_UPLOAD_MB, MAX_AUDIO_SECONDS, MAX_TEXT_CHARACTERS or this key's quota is exceeded.",
    416: "The recording has no such range.",
    422: "An option is invalid; `field` names it.",
    429: "The queue is full, or there are too many requests per minute or open streams; retry after "
    "`Retry-After` seconds.",
    500: "The task failed; `code` says why.",
    503: "Redis does not answer (with a `task_id`, the task is accepted all the same), or a voice's sample "
    "is being made.",
    504: "Not done within OPENAI_TIMEOUT_SECONDS. The task continues: its result is at `task_id`.",
    507: "The disk is nearly full.",
}

UNKNOWN_PARAMETER: Mapping[str, Any] = {
    "description": "A query parameter is unknown; `fields` lists the known ones.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}
"""Text about unknown query parameters for the OpenAPI document, on routes without other causes of a 422."""

_WORDS = {404: "not_found", 405: "method_not_allowed", 416: "range_not_satisfiable"}
_SENTENCES = {
    404: Message("There is nothing at this path; /docs lists the paths"),
    405: Message("This path does not support this method; /docs lists the methods"),
}
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_STORAGE = (errno.EROFS, errno.EIO, errno.ESTALE, errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE)
_CONTRACT_400 = Message("Invalid file format")
_LONGEST_RETRY = 3600
_UNFORESEEN = Problem(500, Message("Something went wrong on the server"), "internal")
_STOPPING = Problem(
    503, Message("The server is stopping, please try again"), "unavailable", {"Retry-After": "2"}
)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the error responses of a route for the OpenAPI document."""
    return {status: {"model": Error, "description": _MEANINGS[status]} for status in statuses}


def install(app: FastAPI) -> None:
    """Install handlers for all exceptions; each answers in the shape of the API family of the request."""
    handlers = {
        Refusal: refused,
        AudioError: _no_audio,
        RequestValidationError: _invalid,
        HTTPException: _http,
        RedisError: redis_away,
        OSError: _os_error,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, _answering(handler))
    app.add_exception_handler(ClientDisconnect, _gone)


def server_error(path: str) -> Response:
    """Make the response to an unexpected exception, whose details stand only in the log."""
    return response_to(path, _UNFORESEEN)


def stopping(path: str) -> Response:
    """Make the response to a request that is cut short because the server stops."""
    return response_to(path, _STOPPING)


def response_to(path: str, problem: Problem) -> Response:
    """Make the response with a problem, in the shape of the API family that the path belongs to."""
    family = next((each for each in (openai, ququ) if each.is_ours(path)), None)
    return family.response(problem) if family else problem.response()


def _answering(explain: Callable[[Request, Any], Awaitable[Problem]]) -> ExceptionHandler:
    async def answer(request: Request, error: Exception) -> Response:
        return response_to(request.url.path, await explain(request, error))

    return answer


async def refused(request: Request, refusal: Refusal) -> Problem:
    """Convert a refusal to a problem with status and headers."""
    is_failure = isinstance(refusal, TaskFailed)
    status = STATUS.get(refusal.code, 500 if is_failure else 400)
    headers = {"x-should-retry": "false"} if is_failure else {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    elif status == 429:
        headers["Retry-After"] = str(await _retry_after(request, refusal.details))
    elif status == 503:
        headers["Retry-After"] = "2"
    if isinstance(refusal.__cause__, RedisError):
        request.app.state.service.outage.tell(refusal.__cause__)
    note(request, error=refusal.code)
    return Problem(status, refusal.message, refusal.code, headers, refusal.details)


async def _retry_after(request: Request, details: Mapping[str, Any]) -> int:
    """Return the seconds until there is room; for a full queue, estimated from the present pace of the
    workers."""
    if (seconds := details.get("retry_after")) is not None:
        return seconds
    service = request.app.state.service
    try:
        overview = await service.overview.recent()
    except RedisError:
        overview = WorkerOverview()
    limit = details.get("quota_seconds", service.settings.max_queue_seconds)
    excess = details.get("queued_seconds", 0) - limit
    return min(_LONGEST_RETRY, overview.seconds_for(max(0.0, excess), kinds.first().name))


async def _no_audio(request: Request, error: AudioError) -> Problem:
    note(request, error=error.code)
    status = STATUS.get(error.code)
    if status is None:  # caused by this service, not by the recording
        logger.error("probing an upload failed: {}", error.code)
        return _UNFORESEEN
    if status != 400:
        details = {"field": "audio_track"} if error.code == "unknown_track" else {}
        return Problem(status, str(error), error.code, details=details)
    sentence = str(error) if error.code == "empty" else _CONTRACT_400
    details = {"detail": str(error), "supported_formats": list(SUPPORTED_FORMATS)}
    return Problem(status, sentence, error.code, details=details)


async def _invalid(request: Request, error: RequestValidationError) -> Problem:
    first = error.errors()[0]
    field = str(first["loc"][-1])
    note(request, error="invalid_option")
    message = about(field, validation.message_of(first))
    return Problem(422, message, "invalid_option", details={"field": field})


async def _http(request: Request, error: HTTPException) -> Problem:
    code = _WORDS.get(error.status_code, "refused")
    note(request, error=code)
    sentence = _SENTENCES.get(error.status_code, str(error.detail))
    if error.status_code == 404:
        document = await asyncio.to_thread(request.app.openapi)  # made once, which takes a moment
        if meant := known_paths.meant(request.url.path, document["paths"]):
            sentence = Message(
                "There is nothing at this path; {meant} may be meant, and /docs lists all paths", meant=meant
            )
    return Problem(error.status_code, sentence, code, error.headers or {})


async def redis_away(request: Request, error: RedisError) -> Problem:
    """Return the problem for a request that needs Redis while it is away."""
    request.app.state.service.outage.tell(error)
    note(request, error=type(error).__name__)
    return Problem(
        503, Message("The queue is not reachable, please try again"), "unavailable", {"Retry-After": "2"}
    )


async def _os_error(request: Request, error: OSError) -> Problem:
    if error.errno in _NO_SPACE:
        note(request, error="disk_full")
        return Problem(507, Message("The disk is full, please try again later"), "disk_full")
    if error.errno in _NO_STORAGE:
        note(request, error="storage")
        logger.error("{} failed: {}", request.scope["route"].path, error.strerror)
        return Problem(503, Message("The storage cannot be written now, please try again later"), "storage")
    logger.opt(exception=error).error("{} failed", request.scope["route"].path)
    return _UNFORESEEN


async def _gone(request: Request, _: Exception) -> Response:
    note(request, error="client_gone")
    return Response(status_code=499)  # for the access log only, because the client has gone
