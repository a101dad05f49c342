"""Permission for pages of other origins to read responses, as listed in CORS_ORIGINS."""

from __future__ import annotations

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from voxq.api.service import Service

_METHODS = ("DELETE", "GET", "HEAD", "POST")
_SHOWN = (
    "Accept-Ranges",
    "Content-Disposition",
    "Content-Range",
    "Retry-After",
    "x-request-id",
    "x-should-retry",
    "x-voxq-cache",
    "x-voxq-task",
)
"""Response headers that a page may read besides the default ones."""
_HOUR = 3600


class Cors:
    """Starlette's middleware, set up once the lifespan has begun and the settings are known.

    It must be outside everything that makes responses, so that pages can read errors, too.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._answering: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._answering is None:
            service: Service | None = getattr(scope["app"].state, "service", None)
            if service is None:
                await self._app(scope, receive, send)
                return
            self._answering = _answering(self._app, service.settings.origins)
        await self._answering(scope, receive, send)


def _answering(app: ASGIApp, origins: tuple[str, ...]) -> ASGIApp:
    """Wrap `app` with CORS for `origins`, if there are any.

    Credentials are never allowed: pages send keys in a header that they set themselves, and there are no
    cookies.
    """
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=_METHODS,
        allow_headers=("*",),
        allow_private_network=True,
        expose_headers=_SHOWN,
        max_age=_HOUR,
    )
