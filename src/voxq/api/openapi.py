"""The OpenAPI document, with what FastAPI cannot know: bodies that it does not read, an example of each error
and of each request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from fastapi.routing import APIRoute

from voxq.api import errors
from voxq.api.openai import errors as openai
from voxq.api.query import PREFIX
from voxq.api.ququ import errors as ququ
from voxq.api.shapes.errors import Problem

Json = dict[str, Any]

_GENERATED = ("HTTPValidationError", "ValidationError")
"""Schemas of FastAPI's own error response, which this service never sends."""
_JSON = "application/json"
_SENTENCES = {
    "bad_form": "The form cannot be read",
    "bad_json": "The body is not valid JSON",
    "bad_range": "The Range header cannot be read",
    "cancelled": "The task was cancelled",
    "context_length_exceeded": "The text is longer than the context of the provider local",
    "disk_full": "The disk is full, please try again later",
    "empty": "The file is empty",
    "exposed": "Set API_KEYS, or ALLOW_ANONYMOUS=true, to serve beyond this machine",
    "foreign_host": "The Host header names another host",
    "foreign_origin": "The request is from a page of another origin",
    "idempotency_conflict": "This Idempotency-Key was used for another request",
    "idempotency_expired": "The task of this Idempotency-Key has been removed",
    "internal": "Something went wrong on the server",
    "invalid_option": "priority must be one of: high, normal, low",
    "invalid_ssml": "The SSML element <voice> is not supported",
    "language_unsupported": "The model does not know this language",
    "llm_bad_answer": "The provider local sent something that is no answer",
    "llm_busy": "The provider local has no capacity (HTTP 429)",
    "llm_failed": "The provider local failed (HTTP 500)",
    "llm_key_refused": "The provider local does not accept its key (HTTP 401)",
    "llm_no_model": "The provider local does not know the model qwen3:8b",
    "llm_timeout": "The provider local did not answer within 120 s",
    "llm_unreachable": "The provider local cannot be reached",
    "missing_audio": "The form has no file named audio",
    "model_not_found": "Model not found",
    "no_provider": "No language model is set up here; see LLM_PROVIDERS",
    "provider_refused": "The provider local does not accept the request (HTTP 400)",
    "no_audio": "Invalid file format",
    "no_such_speaker": "There is no speaker S3. There are: S1, S2",
    "no_such_step": "The task has no such step",
    "no_such_voice": "There is no such voice",
    "no_such_voiceprint": "There is no such voiceprint",
    "not_ready": "The voiceprint has no vector yet",
    "other_model": "The voiceprint was made with another model",
    "other_speaker": "This is another voice than in the other recordings",
    "several_speakers": "More than one voice is heard",
    "speech_clipped": "The speech is distorted",
    "speech_too_noisy": "There is too much noise",
    "speech_too_quiet": "The speech is too quiet",
    "too_little_speech": "There are 1.5 s of speech: record at least 3 s",
    "too_many_recordings": "A voiceprint may have at most 100 recordings, in all versions",
    "too_many_voiceprints": "There are 10000 voiceprints already",
    "voiceprint_deleted": "The voiceprint has been deleted meanwhile",
    "not_admin": "The metrics name all keys, so they need one of ADMIN_KEYS",
    "not_done": "There is no speech: the task is queued",
    "not_failed": "Only failed tasks can be retried",
    "not_rewritten": "There is no rewritten text: the recording was submitted without `rewrite`",
    "not_found": "Task not found",
    "queue_full": "Too much audio waits already",
    "quota_exceeded": "Too much audio of this key waits already",
    "range_not_satisfiable": "The recording has no such range",
    "rate_limited": "Too many requests with this key",
    "recording_gone": "The sound of this task has been deleted",
    "sample_failed": "The sample could not be made",
    "sample_pending": "The sample is being made, please try again",
    "timeout": "Not done in time; the task continues",
    "too_large": "The upload is larger than MAX_UPLOAD_MB",
    "too_long": "The recording is longer than MAX_AUDIO_SECONDS",
    "too_many_streams": "Too many open streams with this key",
    "too_many_waiting": "Too many requests wait already",
    "unknown_track": "The file has no such sound track",
    "unauthorized": "Send one of this service's keys as 'Authorization: Bearer KEY'",
    "unavailable": "The queue is not reachable, please try again",
    "undecodable": "Invalid file format",
    "unpronounceable": "There is nothing in this text that can be said",
    "upload_stalled": "The upload arrives too slowly",
    "voice_not_found": "No voice here speaks this language",
    "voice_unsupported": "The voice cannot read this text",
}
"""Example of each error, by its code; what is sent may be more precise."""
_BESIDE = {"bad_range": 400, "range_not_satisfiable": 416, "internal": 500}
"""Codes that routes answer with by themselves."""

_OF_VOICEPRINTS = frozenset(
    {
        "no_such_voiceprint",
        "not_ready",
        "other_model",
        "other_speaker",
        "several_speakers",
        "speech_clipped",
        "speech_too_noisy",
        "speech_too_quiet",
        "too_little_speech",
        "too_many_recordings",
        "too_many_voiceprints",
        "voiceprint_deleted",
    }
)
_ONLY_NATIVE = _OF_VOICEPRINTS | {
    "no_such_speaker",
    "no_such_step",
    "no_such_voice",
    "not_admin",
    "not_done",
    "not_failed",
}
"""Codes that the routes of OpenAI's API and of QuQu's never answer with."""
_ONLY_OPENAIS = frozenset({"context_length_exceeded", "llm_busy", "no_provider", "provider_refused"})
"""Codes of chats, which no other route answers with."""

_NUMBER = 60
"""Example of a number that has no default."""
_FIELDS: Json = {
    "hotwords": "VoxQ, Valkey",
    "hotword": "VoxQ Valkey",
    "text": "Good morning. The train leaves at 9:45.",
    "texts": ["Good morning.", "The train leaves at 9:45."],
    "input": "Good morning. The train leaves at 9:45.",
    "task_id": "2025-12-01_001_k3v9qz0b1x2y",
    "model_id": "whisper-1",
    "name": "heart",
}
"""Examples of fields that take any text, which work wherever the service runs; those of others are empty."""


def operation_id(route: APIRoute) -> str:
    """Name of an operation, for clients that are generated: its function and where it belongs, in words."""
    path = route.path_format.removeprefix(PREFIX).strip("/")
    words = [word for word in path.split("/") if not word.startswith("{") and word != "v1"]
    if route.path_format.startswith(openai.PREFIX):
        words.insert(0, "openai")
    elif ququ.is_ours(route.path_format):
        words.insert(0, "ququ")
    if words and words[-1] == f"{route.name}s":  # one of those that are listed at the same path
        words[-1] = route.name
    method = min(route.methods or {"GET"}).lower()
    return "_".join([method, *words]).replace("-", "_")


def body(media_type: str, schema: Json) -> Json:
    """Return the `openapi_extra` of a route whose body, of this type and schema, the framework does not
    read."""
    return {"requestBody": {"required": True, "content": {media_type: {"schema": schema}}}}


def finish(document: Json) -> Json:
    """Complete the document, in place: keys are optional, errors and requests have examples."""
    for name in _GENERATED:
        document["components"]["schemas"].pop(name, None)
    for path, operation in _operations(document):
        responses = operation["responses"]
        if _refers_to(responses.get("422"), _GENERATED):
            del responses["422"]
        if path.startswith(PREFIX):  # every native path refuses unknown query parameters
            responses.setdefault("422", dict(errors.UNKNOWN_PARAMETER))
        for status, response in responses.items():
            if status.isdecimal() and int(status) >= 400 and _JSON in response.get("content", {}):
                response["content"][_JSON].setdefault("examples", _error_examples(path, int(status)))
        if {} not in operation.get("security", [{}]):  # keys are needed only if there are any
            operation["security"].append({})
        for parameter in operation.get("parameters", ()):
            if (value := _FIELDS.get(parameter["name"])) is not None:
                _give_example(parameter, parameter["schema"], value)
        for content in operation.get("requestBody", {}).get("content", {}).values():
            _give_request_example(path, content)
    return document


def _operations(document: Json) -> Iterator[tuple[str, Json]]:
    for path, operations in document["paths"].items():
        for operation in operations.values():
            yield path, operation


def _refers_to(response: Json | None, schemas: tuple[str, ...]) -> bool:
    schema = (response or {}).get("content", {}).get(_JSON, {}).get("schema", {})
    return str(schema.get("$ref", "")).rpartition("/")[2] in schemas


def _error_examples(path: str, status: int) -> Json:
    """Examples of the errors with this status, by code, in the shape of the path's family."""
    found: Json = {}
    is_foreign = openai.is_ours(path) or ququ.is_ours(path)
    for code, sentence in _SENTENCES.items():
        if code in (_ONLY_NATIVE if is_foreign else _ONLY_OPENAIS):
            continue
        problem = Problem(errors.STATUS.get(code, _BESIDE.get(code, 400)), sentence, code)
        response = errors.response_to(path, problem)
        if response.status_code == status:
            found[code] = {"summary": sentence, "value": json.loads(bytes(response.body))}
    return found


def _give_example(holder: Json, schema: Json, value: Any) -> None:
    """Give a field an example, unless it has a default or values to choose from."""
    is_chosen = "enum" in schema or any("$ref" in each for each in schema.get("anyOf", ()))
    if schema.get("default") is None and not is_chosen:
        holder["example"] = value
        if "examples" in schema:  # the page would send the first of them
            schema["examples"] = [value]


def _give_request_example(path: str, content: Json) -> None:
    """Give a form's fields examples one by one, which are sent all together; JSON needs only what is
    required."""
    schema = content["schema"]
    properties: Json = schema.get("properties", {})
    if not any(each.get("format") == "binary" for each in properties.values()):
        content["example"] = {name: _FIELDS[name] for name in schema.get("required", ()) if name in _FIELDS}
        return
    for name, each in properties.items():
        if each.get("format") == "binary":
            continue
        if name == "model" and openai.is_ours(path):
            each["example"] = "whisper-1"
        elif each.get("type") == "string":
            _give_example(each, each, _FIELDS.get(name, ""))
        elif each.get("type") == "array":
            _give_example(each, each, [])
        elif each.get("type") in ("integer", "number"):
            _give_example(each, each, min(_NUMBER, each.get("maximum", _NUMBER)))
