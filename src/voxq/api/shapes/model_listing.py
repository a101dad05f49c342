"""Listings of models and voices."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class PlaceView(BaseModel):
    """Where a model is loaded."""

    device: str = Field(examples=["cuda:0"], description="Device that it is on.")
    host: str = Field(description="Name of the machine.")
    state: str = Field(description="loading or ready.")


class ModelView(BaseModel):
    """A model that clients may request."""

    name: str = Field(examples=["whisper-base"], description="Value for the field `model` of a submission.")
    aliases: list[str] = Field(description="Other names for this model, case-insensitive.")
    is_default: bool = Field(description="Whether it is used if a request names no model.")
    engine: str | None = Field(description="null if only a worker knows; likewise for the next fields.")
    languages: str | None = Field(description="Languages it recognises, in words.")
    language_codes: list[str] = Field(description="Values of `language` besides auto.")
    licence: str | None = Field(description="Licence of the weights.")
    resident: list[PlaceView] = Field(description="Workers that have it loaded; others load it first.")


class ModelList(BaseModel):
    """The available models."""

    default: str = Field(description="Name of the model used if a request names none.")
    models: list[ModelView] = Field(description="The available models, the default first.")


class VoiceView(BaseModel):
    """A voice for speech synthesis."""

    name: str = Field(examples=["heart"], description="Value for the field `voice` of a submission.")
    language: str = Field(description="ISO 639-1 code.")
    gender: Literal["female", "male"] = Field(description="Gender of the voice.")
    accent: str | None = Field(description="Region, for languages with several accents.")
    model: str = Field(description="Name of the model that has this voice.")
    sample: str = Field(description="Relative URL of an audio sample.")


class VoiceList(BaseModel):
    """The available voices; the first of each language is used if a request names none."""

    voices: list[VoiceView] = Field(description="The voices, the best of each language first.")
