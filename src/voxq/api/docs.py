"""Documentation pages at `/docs` and `/redoc`. Their scripts are served from here, because many installations
reach no CDN."""

from __future__ import annotations

import base64
import hashlib
import re

from fastapi import FastAPI, Request
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles

_ASSETS = "/docs/assets"
_INLINE = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def install(app: FastAPI) -> None:
    """Serve Swagger UI and ReDoc from a package that contains them, and redirect the root to the former.

    The app must be created with `docs_url=None` and `redoc_url=None`.
    """
    app.mount(_ASSETS, StaticFiles(packages=[("fastapi_offline", "static")]))

    @app.head("/docs", include_in_schema=False)
    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        root = _root(request)
        page = get_swagger_ui_html(
            openapi_url=f"{root}{app.openapi_url}",
            title=app.title,
            swagger_js_url=f"{root}{_ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{root}{_ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{root}{_ASSETS}/favicon.png",
        )
        return _secured(page)

    @app.head("/redoc", include_in_schema=False)
    @app.get("/redoc", include_in_schema=False)
    async def redoc(request: Request) -> HTMLResponse:
        root = _root(request)
        page = get_redoc_html(
            openapi_url=f"{root}{app.openapi_url}",
            title=app.title,
            redoc_js_url=f"{root}{_ASSETS}/redoc.standalone.js",
            redoc_favicon_url=f"{root}{_ASSETS}/favicon.png",
            with_google_fonts=False,
        )
        # Its search runs in a worker that the script makes of itself.
        return _secured(page, "; worker-src blob:")

    @app.head("/", include_in_schema=False)
    @app.get("/", include_in_schema=False)
    async def root(request: Request) -> RedirectResponse:
        return RedirectResponse(f"{_root(request)}/docs")


def _root(request: Request) -> str:
    """Return the prefix of all paths that a proxy added."""
    return request.scope.get("root_path", "")


def _secured(page: HTMLResponse, more: str = "") -> HTMLResponse:
    """Add the content security policy, to which `more` is added: the page may run its own scripts and call
    only this service. It shows texts of errors, which clients can influence."""
    digests = (hashlib.sha256(script).digest() for script in _INLINE.findall(bytes(page.body)))
    own = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    page.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src 'self' {own}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; connect-src 'self'; media-src 'self' blob:; "
        f"base-uri 'none'; form-action 'none'; frame-ancestors 'none'{more}"
    )
    return page
