"""Listing of models."""

from __future__ import annotations

from fastapi import APIRouter

from voxq.api import errors
from voxq.api.available import AvailableModels
from voxq.api.callers.auth import Owner
from voxq.api.monitoring.workers import WorkerOverview
from voxq.api.service import TheService
from voxq.api.shapes.model_listing import ModelList, ModelView, PlaceView

router = APIRouter(prefix="/api/v1", tags=["models"])


@router.get(
    "/models",
    summary="List the models",
    response_model=ModelList,
    responses=errors.documented(401, 403, 503),
)
async def models(service: TheService, _: Owner) -> ModelList:
    """List the models that living workers offer; without workers, those installed where the API runs."""
    overview = await service.overview.recent()
    available = await service.models.recent()
    return ModelList(
        default=available.default, models=[_view(name, available, overview) for name in available.names]
    )


def _view(name: str, available: AvailableModels, overview: WorkerOverview) -> ModelView:
    entry = available.model_catalogue.entry_of(name)
    return ModelView(
        name=name,
        aliases=available.aliases_of(name),
        is_default=name == available.default,
        engine=available.model_catalogue.engine_of(name),
        languages=entry.languages if entry else None,
        language_codes=list(available.languages_of(name)),
        licence=entry.licence if entry else None,
        resident=[
            PlaceView(device=worker.device, host=worker.host, state=model.state)
            for worker in overview.workers
            for model in worker.resident
            if model.name == name
        ],
    )
