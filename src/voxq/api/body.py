"""A JSON body, read within bounds."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from voxq.tasks.refusal import Refusal

M = TypeVar("M", bound=BaseModel)

_SECONDS = 60.0


async def read(request: Request, kind: type[M], most: int) -> M:
    """The body, of at most `most` bytes, as a `kind`.

    Raises Refusal ("too_large", "upload_stalled", "bad_json", "invalid_option" with the field's name) and
    ClientDisconnect.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(_SECONDS):
            async for piece in request.stream():
                body += piece
                if len(body) > most:
                    raise Refusal("too_large", f"A request may have {most >> 10} KB")
    except TimeoutError:
        raise Refusal("upload_stalled", "The request arrives too slowly, please try again") from None
    try:
        return kind.model_validate_json(bytes(body))
    except ValidationError as error:
        raise _refusal(error) from None


def _refusal(error: ValidationError) -> Refusal:
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    if first["type"] == "json_invalid" or not first["loc"]:
        return Refusal("bad_json", "Send a JSON object as the body")
    field = str(first["loc"][0])
    place = ".".join(map(str, first["loc"]))
    return Refusal("invalid_option", f"{place}: {first['msg']}", field=field)
