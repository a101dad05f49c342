"""Listing of models in OpenAI's shape."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from voxq.api.callers.auth import Owner
from voxq.api.openai import errors
from voxq.api.service import Service, TheService
from voxq.core.refusal import Refusal
from voxq.model_store import aliases

router = APIRouter(prefix="/v1/models", tags=["openai"])


class OpenAIModel(BaseModel):
    """A model."""

    id: str = Field(examples=["whisper-base"], description="Value for the field `model` of a request.")
    object: Literal["model"] = Field(default="model", description="Always model.")
    created: int = Field(default=0, description="Always 0, because it is unknown.")
    owned_by: str = Field(default="voxq", description="Name of this service.")
    alias_of: str | None = Field(
        default=None, description="Name of the model that this one stands for, if it is an alias."
    )


class OpenAIModelList(BaseModel):
    """The available models: those for recognition, the default first, then those for synthesis, then the
    providers of language models, then the names that stand for one of them: OpenAI's, and those of language
    models."""

    object: Literal["list"] = Field(default="list", description="Always list.")
    data: list[OpenAIModel] = Field(description="The models, then the aliases.")


@router.head("", response_model_exclude_none=True, include_in_schema=False)
@router.get("/", response_model_exclude_none=True, include_in_schema=False)
@router.get(
    "",
    summary="List the models",
    response_model_exclude_none=True,
    responses=errors.documented(401, 403, 503),
)
async def models(service: TheService, _: Owner) -> OpenAIModelList:
    """List the models, and the names that clients look for (`whisper-1`, `tts-1`). `GET /api/v1/models` has
    more details."""
    available = await service.models.recent()
    speaking = await _speaking(service)
    chats = service.chats.providers
    listed = [OpenAIModel(id=name) for name in (*available.names, *speaking, *chats)]
    for alias in aliases.OPENAI:
        meant = aliases.resolve(alias, speaking) or aliases.resolve(alias, available.names, available.default)
        if meant is not None:
            listed.append(OpenAIModel(id=alias, alias_of=meant))
    known = {each.id for each in listed}
    models = {provider.model: name for name, provider in reversed(chats.items())}
    listed += [OpenAIModel(id=model, alias_of=name) for model, name in models.items() if model not in known]
    return OpenAIModelList(data=listed)


@router.get(
    "/{model_id:path}",
    summary="Find a model",
    response_model_exclude_none=True,
    responses=errors.documented(401, 403, 404, 503),
)
async def model(
    model_id: Annotated[str, Path(description="Name or alias, with unencoded slashes.")],
    service: TheService,
    _: Owner,
) -> OpenAIModel:
    """Find a model by name or alias; for an alias, the response has the name of the actual model."""
    speaking = await _speaking(service)
    if speaks := aliases.resolve(model_id, speaking):
        return OpenAIModel(id=speaks)
    if chats := service.chats.find(model_id):
        return OpenAIModel(id=chats.name)
    available = await service.models.recent()
    try:
        return OpenAIModel(id=available.choose(model_id) or available.default)
    except Refusal as refusal:
        everything = {"models": [*available.names, *speaking, *service.chats.providers]}
        raise Refusal(refusal.code, refusal.message, **refusal.details | everything) from None


async def _speaking(service: Service) -> list[str]:
    return list(dict.fromkeys(speaker.model for speaker in await service.voices.recent()))
