"""Chats with the language models of the operator's providers, passed on as they are."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from voxq.api import cancellation
from voxq.api.access_log import note
from voxq.api.openai import errors
from voxq.api.openai.chat_upstream import Passed, Upstreams
from voxq.api.openai.waiting import Waiting
from voxq.api.openapi import body as described_body
from voxq.api.service import TheService
from voxq.api.submission.body import TheBody
from voxq.core import strict_json
from voxq.core.refusal import Refusal, shown
from voxq.llm.provider import Provider
from voxq.locale import Message

router = APIRouter(prefix="/v1/chat", tags=["openai"])

_MOST_BYTES = 4 << 20
"""Maximum size of a request, with pictures and all."""
_MOST_COMMAS = 200_000
"""So many values are parsed in less than a tenth of a second, in which nobody else is served."""

_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["messages"],
    "properties": {
        "model": {
            "type": "string",
            "description": "Name of a provider, or of its model; the default one if it is missing.",
        },
        "messages": {"type": "array", "items": {"type": "object"}},
        "stream": {"type": "boolean", "default": False},
    },
    "additionalProperties": True,
    "description": "All fields but `model` reach the provider as they are.",
}


@router.post(
    "/completions",
    summary="Chat with a language model",
    response_class=Response,
    responses={
        200: {
            "description": "The provider's answer.",
            "content": {"application/json": {"schema": {"type": "object"}}, "text/event-stream": {}},
        }
    }
    | errors.documented(400, 401, 403, 404, 408, 413, 429, 502, 503, 504),
    openapi_extra=described_body("application/json", _SCHEMA),
)
async def completions(request: Request, service: TheService, owner: Waiting, body: TheBody) -> Response:
    """Pass a chat on to a server in LLM_PROVIDERS, streaming and tools included. Nothing is stored."""
    if not service.chats.providers:
        raise Refusal("no_provider", Message("No language model is set up here; see LLM_PROVIDERS"))
    asked = _read(await body.read_raw(request, _MOST_BYTES))
    provider = _chosen(service.chats, asked.pop("model", None))
    note(request, provider=provider.name)
    opening = service.chats.open(provider, {**asked, "model": provider.model})
    passed = await cancellation.unless_gone(request, opening)
    return await _response(request, passed)


def _read(data: bytes) -> dict[str, Any]:
    """Read the body. Raises Refusal ("bad_json", "too_large")."""
    if data.count(b",") > _MOST_COMMAS:
        raise Refusal("too_large", Message("A request may have at most {most} values", most=_MOST_COMMAS))
    try:
        asked = strict_json.loads(data)
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        raise Refusal("bad_json", Message("The body must be a JSON object"))
    return asked


def _chosen(chats: Upstreams, name: object) -> Provider:
    """Choose the provider by its name, by that of its model, or the default. Raises Refusal
    ("model_not_found")."""
    if name is None:
        return next(iter(chats.providers.values()))
    provider = chats.find(name) if isinstance(name, str) else None
    if provider is None:
        raise Refusal(
            "model_not_found",
            Message("There is no language model {name!r}", name=shown(str(name))),
            models=list(chats.providers),
        )
    return provider


async def _response(request: Request, passed: Passed) -> Response:
    if passed.is_stream:
        return passed.streamed(request)
    return Response(await cancellation.unless_gone(request, passed.whole()), media_type="application/json")
