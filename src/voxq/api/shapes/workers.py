"""Views of workers, their devices, and the models loaded there."""

from __future__ import annotations

from pydantic import BaseModel, Field


class ResidentView(BaseModel):
    """A loaded model."""

    name: str = Field(description="Name of the model.")
    state: str = Field(description="loading or ready.")
    memory_mb: float | None = Field(description="Memory it takes in MB; null while unknown.")
    load_seconds: float | None = Field(description="Seconds that loading it took.")
    batch_items: int | None = Field(
        description="Maximum chunks per batch; reduced after it ran out of memory."
    )
    batch_padded_seconds: float | None = Field(
        description="Maximum seconds of padded audio per batch; reduced after it ran out of memory."
    )
    replicas: int | None = Field(description="Number of chunks that it works on at the same time.")
    speed_short: float | None = Field(
        description="Seconds of audio in a second, in batches of short chunks, measured while a worker was"
        " idle; replicas and chunks per batch are those with which it is fastest. null: not measured."
    )
    speed_long: float | None = Field(description="The same in long chunks.")


class WorkerView(BaseModel):
    """A living worker."""

    id: int = Field(description="Number of the worker.")
    state: str = Field(description="loading, ready, stopping or failed.")
    engine: str = Field(description="Engine of its default model.")
    model: str = Field(description="Default model of the worker.")
    device: str = Field(description="Device of the worker.")
    host: str = Field(description="Name of its machine.")
    held: int = Field(description="Number of tasks it is processing.")
    rtf: float | None = Field(description="Engine seconds per second of audio, measured at warm-up.")
    resident: list[ResidentView] = Field(description="Models that it has loaded.")
    switches: int = Field(description="Number of models it loaded on demand.")
    out_of_memory: int = Field(description="Number of batches that did not fit into memory.")


class DeviceView(BaseModel):
    """A device with its memory, and the workers on it."""

    device: str = Field(examples=["cuda:0"], description="The device.")
    host: str = Field(description="Name of its machine.")
    workers: list[int] = Field(description="Ids of the workers on it.")
    total_mb: float | None = Field(description="Memory of the device; null while unknown.")
    used_mb: float | None = Field(description="Memory in use by all processes.")
    free_mb: float | None = Field(description="Memory that nobody uses.")
    utilization_percent: float | None = Field(description="Percentage of the memory that is in use.")
    avg_load_time_seconds: float | None = Field(
        description="Mean loading time of the models loaded so far; null without any."
    )
    total_switches: int = Field(description="Number of models loaded on demand.")
    resident: list[ResidentView] = Field(description="Models that are loaded on the device.")
