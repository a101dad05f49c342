"""The models and the voices that can be asked for."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class PlaceView(BaseModel):
    """Where a model is loaded."""

    device: str = Field(examples=["cuda:0"])
    host: str
    state: str = Field(description="loading or ready.")


class ModelView(BaseModel):
    """A model that can be asked for."""

    name: str = Field(examples=["whisper-base"], description="For the field `model` of a submission.")
    aliases: list[str] = Field(description="Other names that mean it here, in any case.")
    is_default: bool = Field(description="Whether it is used when no model is asked for.")
    engine: str | None = Field(description="null where only a worker knows; so below.")
    languages: str | None = Field(description="What it recognises, in words.")
    language_codes: list[str] = Field(description="What `language` may name besides auto.")
    licence: str | None
    resident: list[PlaceView] = Field(description="Where it is loaded now; elsewhere that takes a while.")


class ModelList(BaseModel):
    """The models there are."""

    default: str = Field(description="The one that is used when none is asked for.")
    models: list[ModelView] = Field(description="The default first.")


class VoiceView(BaseModel):
    """Somebody who can speak."""

    name: str = Field(examples=["heart"], description="For the field `voice` of a submission.")
    language: str = Field(description="ISO 639-1 code.")
    gender: Literal["female", "male"]
    accent: str | None = Field(description="A region, where a language has several.")
    model: str = Field(description="Whose voice it is.")
    sample: str = Field(description="Where it can be listened to (relative URL).")


class VoiceList(BaseModel):
    """The voices there are; of each language the first is used when none is asked for."""

    voices: list[VoiceView]
