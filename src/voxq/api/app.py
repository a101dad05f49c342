"""The ASGI application: `uvicorn voxq.api.app:app`, with any number of processes.

Where strangers can reach it, add `--http voxq.api.connection:BoundedHttpProtocol`, as `voxq api` always does.
"""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from loguru import logger

import voxq
from voxq import kinds, logging
from voxq.api import docs, errors, openapi
from voxq.api.access_log import AccessLog
from voxq.api.callers.cors import Cors
from voxq.api.callers.headers import SecurityHeaders
from voxq.api.language import AcceptLanguage
from voxq.api.monitoring.request_metrics import RequestMetrics
from voxq.api.openai import chat as openai_chat
from voxq.api.openai import models as openai_models
from voxq.api.openai.errors import is_ours as is_openais
from voxq.api.openai.request_id import RequestIds
from voxq.api.query import check_query
from voxq.api.ququ import routes as ququ
from voxq.api.routes import (
    audio,
    events,
    health,
    history,
    metrics,
    models,
    queue,
    results,
    retry,
    stats,
    tasks,
)
from voxq.api.service import running
from voxq.api.submission import recording_route, text_route
from voxq.engines import registry
from voxq.kinds import Kind
from voxq.metrics.counters import Counters
from voxq.settings import Settings, load_settings, unknown_settings

_DESCRIPTION = (
    "Recordings in, transcripts out; texts in, speech out. Submit one, get a `task_id`, fetch its result. "
    "The last part of a `task_id` can be used instead of the whole."
)


class _Api(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """Build the OpenAPI document, once."""
        if self.openapi_schema is None:
            self.openapi_schema = openapi.finish(super().openapi())
        return self.openapi_schema


def create_app(settings: Settings | None = None) -> FastAPI:
    """Create an application; it connects to nothing and starts nothing before its lifespan begins.

    Without `settings`, they are read from the environment at that point. Starting raises SettingsError, and
    EngineError for an engine of another package that cannot be used.
    """

    counters = Counters()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        ours = settings or load_settings()
        ours.check_exposure()
        registry.use_plugins(ours.plugins)
        logging.setup("api", ours)
        for warning in unknown_settings():
            logger.warning(warning)
        async with running(ours, counters) as service:
            app.state.service = service
            yield

    app = _Api(
        title="VoxQ",
        version=voxq.__version__,
        description=_DESCRIPTION,
        dependencies=[Depends(check_query)],
        lifespan=lifespan,
        redirect_slashes=False,
        servers=[{"url": "/", "description": "This service"}],
        generate_unique_id_function=openapi.operation_id,
        docs_url=None,
        redoc_url=None,
    )
    # Routes are matched in this order, so those with the most urgent requests come first; of each kind the
    # native ones before those of OpenAI's API, because the documentation has this order, too.
    of_kinds = [router for kind in kinds.registered().values() for router in _own_routers(kind)]
    openais = (openai_chat.router, openai_models.router)
    for router in (*sorted(of_kinds, key=lambda each: is_openais(each.prefix)), *openais):
        app.include_router(router)
    for kind in kinds.registered():
        for family in (results, retry, events, history, audio, queue):
            app.include_router(family.router, prefix=f"/api/v1/{kind}", tags=[kind])
    for family in (tasks, models, health, ququ, stats, metrics):
        app.include_router(family.router)
    docs.install(app)
    errors.install(app)
    # The last one is the outermost: headers go on every response, also on those made by the access log.
    app.add_middleware(AccessLog, failure=errors.server_error, stopping=errors.stopping)
    app.add_middleware(AcceptLanguage)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Cors)
    app.add_middleware(RequestIds)
    app.add_middleware(RequestMetrics, counters=counters)
    return app


def _own_routers(kind: Kind) -> list[APIRouter]:
    """The routes that a kind does not share with all others: a kind that names none gets one to submit to."""
    if kind.routes:
        return [importlib.import_module(name).router for name in kind.routes]
    return [recording_route.router_of(kind) if kind.takes_recording else text_route.router_of(kind)]


app = create_app()
