"""State of the service, as QuQu's clients ask for it before they record."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

import voxq
from voxq.api.callers.auth import Owner
from voxq.api.language import said
from voxq.api.ququ import errors
from voxq.api.routes import health
from voxq.api.service import TheService
from voxq.api.shapes.health import Health

router = APIRouter(prefix="/api", tags=["ququ"])


class ServiceView(BaseModel):
    """What answers, and whether it can work."""

    name: str = Field(examples=["VoxQ"], description="Name of the service.")
    version: str = Field(description="Its version.")
    ready: bool = Field(description="Whether a worker can start a task at once.")


class RecogniserView(BaseModel):
    """Whether speech is recognised now."""

    success: bool = Field(description="As `initialized`.")
    initialized: bool = Field(description="Whether a worker can start a task at once.")


class LanguageModelView(BaseModel):
    """Whether texts can be optimized."""

    success: bool = Field(description="As `available`.")
    available: bool = Field(description="Whether the operator has named a language model. It is not asked.")


class StatusView(BaseModel):
    """What there is to work with; and under the names of QuQu's own server, whether there is anything."""

    success: Literal[True] = Field(description="Always true.")
    service: ServiceView = Field(description="The service itself.")
    models: list[str] = Field(
        examples=[["paraformer-zh"]], description="Models that recognise speech, the default first."
    )
    device: str = Field(
        examples=["cuda:0"], description="Devices of the workers, between commas; nothing without workers."
    )
    provider: str | None = Field(
        examples=["local"], description="Provider of language models that is asked; null without any."
    )
    funasr: RecogniserView = Field(description="The recogniser, whatever its engine is.")
    ollama: LanguageModelView = Field(description="The language model, whatever server it is on.")
    gpu_available: bool = Field(description="Whether a worker has a GPU.")


class HealthView(Health):
    """Whether a recording would be recognised now."""

    success: bool = Field(description="Whether it would; `error` says why not.")


@router.get(
    "/status", summary="Status of the service for QuQu", responses=errors.documented(401, 403, 422, 503)
)
async def status(service: TheService, _: Owner) -> StatusView:
    """Report the models, the devices and the provider of language models."""
    overview = await service.overview.recent()
    available = await service.models.recent()
    is_ready, devices = overview.ready > 0, [worker.device for worker in overview.workers]
    provider = next(iter(available.providers), None)
    return StatusView(
        success=True,
        service=ServiceView(name="VoxQ", version=voxq.__version__, ready=is_ready),
        models=list(available.names),
        device=", ".join(dict.fromkeys(devices)),
        provider=provider,
        funasr=RecogniserView(success=is_ready, initialized=is_ready),
        ollama=LanguageModelView(success=provider is not None, available=provider is not None),
        gpu_available=any(device.startswith("cuda") for device in devices),
    )


@router.get(
    "/health",
    summary="Readiness of the service for QuQu",
    response_model_exclude_unset=True,
    responses=errors.documented(422) | {503: {"model": HealthView, "description": "No; `error` says why."}},
)
async def readiness(request: Request, response: Response, service: TheService) -> HealthView:
    """Report readiness, as `GET /api/v1/health` does. Needs no key."""
    found = (await health.health(request, response, service)).model_dump(exclude_unset=True)
    if "error" in found:
        found["error"] = said(found["error"])
    return HealthView(success=response.status_code != 503, **found)


errors.shape(router)
