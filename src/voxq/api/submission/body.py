"""Reading of JSON bodies with limits on size and memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError

from voxq.api.limits import Memory
from voxq.api.service import TheService
from voxq.core import strict_json, validation
from voxq.core.options import Options
from voxq.core.refusal import Refusal
from voxq.core.request_reader import Asked, RequestReader
from voxq.locale import Message, about

O = TypeVar("O", bound=Options)  # noqa: E741
M = TypeVar("M", bound=BaseModel)

_SECONDS = 60.0
_BYTES_PER_CHARACTER = 12
"""Maximum bytes of a character in JSON: one beyond the basic plane, escaped."""
_OTHER_BYTES = 64 << 10


class Body:
    """Body of one request; it occupies the process's memory budget until the response has been sent."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._taken = 0

    async def read(self, request: Request, reader: RequestReader[O], most: int) -> Asked[O]:
        """Read and parse the body, of at most `most` bytes. Raises as `read_raw` and `RequestReader.json`."""
        return reader.json(await self.read_raw(request, most))

    async def read_model(self, request: Request, model: type[M], most: int) -> M:
        """Read a body of at most `most` bytes that is no options of a task.

        A parameter of the route would be read before the key is checked, however large it is. Raises as
        `read_raw`, and Refusal ("bad_json", "invalid_option").
        """
        raw = await self.read_raw(request, most)
        try:
            return model.model_validate(strict_json.loads(raw))
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            if not first["loc"]:
                raise Refusal("bad_json", Message("Send a JSON object as the body")) from None
            field = str(first["loc"][0])
            raise Refusal("invalid_option", about(field, validation.message_of(first)), field=field) from None
        except ValueError:
            raise Refusal("bad_json", Message("The body is not valid JSON")) from None

    async def read_raw(self, request: Request, most: int) -> bytes:
        """Read the body, of at most `most` bytes.

        Raises Refusal ("too_large", "too_many_waiting", "upload_stalled") and ClientDisconnect.
        """
        body = bytearray()
        try:
            async with asyncio.timeout(_SECONDS):
                async for piece in request.stream():
                    if len(body) + len(piece) > most:
                        raise Refusal(
                            "too_large", Message("A request may have at most {most} KB", most=most >> 10)
                        )
                    self._memory.take(len(piece))
                    self._taken += len(piece)
                    body += piece
        except TimeoutError:
            raise Refusal(
                "upload_stalled", Message("The request arrives too slowly, please try again")
            ) from None
        return bytes(body)

    def release(self) -> None:
        """Return the memory to the budget."""
        self._memory.give_back(self._taken)
        self._taken = 0


def bytes_for(characters: int) -> int:
    """Return the maximum bytes of a body with a text of so many characters and little else."""
    return _BYTES_PER_CHARACTER * characters + _OTHER_BYTES


async def _body(service: TheService) -> AsyncIterator[Body]:
    body = Body(service.memory)
    try:
        yield body
    finally:
        body.release()


TheBody = Annotated[Body, Depends(_body)]
