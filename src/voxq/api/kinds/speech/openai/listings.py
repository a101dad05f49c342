"""Listings that OpenAI's API does not have, but that clients such as Open WebUI request from other
servers."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from voxq.api.callers.auth import Owner
from voxq.api.openai import errors
from voxq.api.service import TheService

router = APIRouter(prefix="/v1/audio", tags=["openai"])

_ERRORS = errors.documented(401, 403, 503)


class OpenAIVoice(BaseModel):
    """A voice."""

    id: str = Field(examples=["heart"], description="Value for the field `voice` of a request.")
    name: str = Field(description="Same as `id`.")
    language: str = Field(description="ISO 639-1 code.")
    gender: Literal["female", "male"] = Field(description="Gender of the voice.")
    model: str = Field(description="Model of the voice.")


class OpenAIVoiceList(BaseModel):
    """The available voices; the first of each language is used if a request names none."""

    voices: list[OpenAIVoice] = Field(description="The voices, the best of each language first.")


class SpeakingModel(BaseModel):
    """A model for speech synthesis."""

    id: str = Field(examples=["hibari"], description="Value for the field `model` of a request.")
    name: str = Field(description="Same as `id`.")


class SpeakingModelList(BaseModel):
    """The models for speech synthesis."""

    models: list[SpeakingModel] = Field(description="The models, the default first.")


@router.get("/voices", summary="List the voices", responses=_ERRORS)
async def voices(service: TheService, _: Owner) -> OpenAIVoiceList:
    """List the voices. OpenAI's own voice names are accepted, too, and map to one of these."""
    there = [(speaker.model, speaker.voice) for speaker in await service.voices.recent()]
    return OpenAIVoiceList(
        voices=[
            OpenAIVoice(id=v.name, name=v.name, language=v.language, gender=v.gender, model=engine)
            for engine, v in there
        ]
    )


@router.get("/models", summary="List the models for speech synthesis", responses=_ERRORS)
async def models(service: TheService, _: Owner) -> SpeakingModelList:
    """List the models for speech synthesis; `GET /v1/models` includes those for recognition."""
    names = dict.fromkeys(speaker.model for speaker in await service.voices.recent())
    return SpeakingModelList(models=[SpeakingModel(id=name, name=name) for name in names])
