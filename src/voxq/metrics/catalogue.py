"""Metrics counted as events happen. Those read from Redis's data are in `voxq.api.monitoring.metrics`.

No label may take a value made up by a client, because each value is kept for ever.
"""

from __future__ import annotations

from voxq.metrics.counters import Count, Distribution

_FAST = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

REQUESTS = Count(
    "voxq_http_requests",
    "Requests to all processes of the API. owner: name of the key, empty without a valid one.",
    ("route", "method", "status", "owner"),
)
REQUEST_SECONDS = Distribution(
    "voxq_http_request_seconds",
    "From a request's last byte to its answer's first: a client's slow upload is not in it.",
    ("route", "method"),
    _FAST,
)

BATCH_SECONDS = Distribution(
    "voxq_batch_seconds",
    "Time of the engine for one batch. The rate of its sum is the share of time for which an engine works.",
    ("worker", "model"),
    (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)
BATCH_CHUNKS = Distribution(
    "voxq_batch_chunks", "Chunks in one batch.", ("model",), (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
)
PADDING_SECONDS = Count(
    "voxq_batch_padding_seconds", "Silence that was added to make the chunks of a batch equal.", ("model",)
)
CHUNK_SECONDS = Distribution(
    "voxq_chunk_seconds",
    "Length of the chunks that batches were made of.",
    ("model",),
    (0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0),
)
ENGINE_DEATHS = Count("voxq_engine_deaths", "Batches in which an engine crashed or hung.", ("model", "code"))
BLAMES = Count("voxq_blames", "Tasks found guilty of a failure: MAX_ATTEMPTS of them fail a task.", ("code",))
OUT_OF_MEMORY = Count("voxq_out_of_memory", "Batches for which the device's memory did not do.", ("model",))

LOAD_SECONDS = Distribution(
    "voxq_model_load_seconds",
    "Time for loading a model; on_demand: because a task needed it.",
    ("model", "on_demand"),
    (1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0),
)
UNLOADS = Count(
    "voxq_model_unloads", "Models that were unloaded: for room, or because nobody used them.", ("model",)
)

COUNTS = (REQUESTS, PADDING_SECONDS, ENGINE_DEATHS, BLAMES, OUT_OF_MEMORY, UNLOADS)
DISTRIBUTIONS = (REQUEST_SECONDS, BATCH_SECONDS, BATCH_CHUNKS, CHUNK_SECONDS, LOAD_SECONDS)
