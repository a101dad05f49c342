"""The language of error messages, which the request that is being answered asks for."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar

from starlette.types import ASGIApp, Receive, Scope, Send

from voxq.locale import ENGLISH, from_accept_language, translated

_HEADER = b"accept-language"

_accepted: ContextVar[str] = ContextVar("accepted languages", default="")


class AcceptLanguage:
    """Middleware that keeps the request's Accept-Language for as long as it is being answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = b",".join(value for name, value in scope.get("headers", ()) if name == _HEADER)
        _accepted.set(given.decode("latin-1"))
        await self._app(scope, receive, send)


def said(text: str) -> str:
    """Translate a message into the language that the request prefers."""
    return translated(text, from_accept_language(_accepted.get()))


def headers_of(text: str) -> Mapping[str, str]:
    """Return the headers of a response with this message, `said`."""
    language = from_accept_language(_accepted.get())
    spoken = ENGLISH if translated(text, language) == text else language
    return {"Content-Language": spoken, "Vary": "Accept-Language"}
