"""Workers, their devices, and the models that are loaded there."""

from __future__ import annotations

from pydantic import BaseModel, Field


class ResidentView(BaseModel):
    """A model that is loaded."""

    name: str
    state: str = Field(description="loading or ready.")
    memory_mb: float | None = Field(description="What it takes; null while unknown.")
    load_seconds: float | None = Field(description="How long loading it took.")
    batch_items: int | None = Field(
        description="Chunks it may get at once: fewer after it ran out of memory."
    )
    batch_padded_seconds: float | None = Field(
        description="Seconds of padded audio it may get at once: fewer after it ran out of memory."
    )


class WorkerView(BaseModel):
    """A living worker."""

    id: int
    state: str = Field(description="loading, ready, stopping or failed.")
    engine: str
    model: str = Field(description="Its default model.")
    device: str
    host: str
    held: int = Field(description="Tasks it works on.")
    rtf: float | None = Field(description="Engine seconds per second of audio, as warmed up.")
    resident: list[ResidentView] = Field(description="The models it has loaded.")
    switches: int = Field(description="Models it loaded on demand.")
    out_of_memory: int = Field(description="Batches that did not fit into memory.")


class DeviceView(BaseModel):
    """A processor with its memory, and the workers on it."""

    device: str = Field(examples=["cuda:0"])
    host: str
    workers: list[int] = Field(description="Ids of the workers on it.")
    total_mb: float | None = Field(description="Its memory; null while unknown.")
    used_mb: float | None = Field(description="Of it, what anybody uses.")
    free_mb: float | None
    utilization_percent: float | None = Field(description="Share of its memory that is used.")
    avg_load_time_seconds: float | None = Field(description="Of the models loaded so far; null without any.")
    total_switches: int = Field(description="Models loaded on demand.")
    resident: list[ResidentView] = Field(description="The models that are loaded on it.")
