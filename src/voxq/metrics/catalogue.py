"""Metrics counted as events happen. Those read from Redis's data are in `voxq.api.monitoring.metrics`.

No label may take a value made up by a client, because each value is kept for ever.
"""

from __future__ import annotations

from voxq.metrics.counters import Count, Distribution

_FAST = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

REQUESTS = Count(
    "voxq_http_requests",
    "Requests to all API processes. owner: name of the key, empty without a valid one.",
    ("route", "method", "status", "owner"),
)
REQUEST_SECONDS = Distribution(
    "voxq_http_request_seconds",
    "Time from a request's last byte to its response's first, so without slow uploads.",
    ("route", "method"),
    _FAST,
)

BATCH_SECONDS = Distribution(
    "voxq_batch_seconds",
    "Engine time for one batch. The rate of its sum is the share of time for which an engine is busy.",
    ("worker", "model"),
    (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)
BATCH_CHUNKS = Distribution(
    "voxq_batch_chunks", "Number of chunks in one batch.", ("model",), (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
)
PADDING_SECONDS = Count(
    "voxq_batch_padding_seconds", "Silence added to make the chunks of a batch equally long.", ("model",)
)
CHUNK_SECONDS = Distribution(
    "voxq_chunk_seconds",
    "Length of the chunks in batches.",
    ("model",),
    (0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0),
)
ENGINE_DEATHS = Count(
    "voxq_engine_deaths", "Batches during which an engine crashed or hung.", ("model", "code")
)
BLAMES = Count("voxq_blames", "Failures blamed on a task; MAX_ATTEMPTS of them make it fail.", ("code",))
OUT_OF_MEMORY = Count("voxq_out_of_memory", "Batches that ran out of memory.", ("model",))

REWRITINGS_NOT_AS_ASKED = Count(
    "voxq_rewritings_not_as_asked",
    "Passages that rules rewrote, or nobody. code: unfaithful, or the failure of the provider.",
    ("model", "code"),
)

LOAD_SECONDS = Distribution(
    "voxq_model_load_seconds",
    "Time to load a model; on_demand: whether a task requested it.",
    ("model", "on_demand"),
    (1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0),
)
UNLOADS = Count("voxq_model_unloads", "Models unloaded to free memory or because they were idle.", ("model",))

COUNTS = (REQUESTS, PADDING_SECONDS, ENGINE_DEATHS, BLAMES, OUT_OF_MEMORY, REWRITINGS_NOT_AS_ASKED, UNLOADS)
DISTRIBUTIONS = (REQUEST_SECONDS, BATCH_SECONDS, BATCH_CHUNKS, CHUNK_SECONDS, LOAD_SECONDS)
