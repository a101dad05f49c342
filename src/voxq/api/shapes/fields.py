"""Fields shared by several responses."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

TaskId = Annotated[str, Field(examples=["2025-12-01_001_k3v9qz0b1x2y"], description="Identifies the task.")]
Position = Annotated[int, Field(ge=0, description="Position in the queue: 1 is next, 0 means not waiting.")]
EstimatedWait = Annotated[int, Field(ge=0, description="Approximate seconds until the task is started.")]
CreatedAt = Annotated[
    str, Field(examples=["2025-12-01T10:00:00Z"], description="When it was submitted, UTC.")
]
Duration = Annotated[float, Field(ge=0, description="Seconds of audio; 0 while unknown.")]
Attempts = Annotated[int, Field(ge=0, description="Number of attempts counted against MAX_ATTEMPTS.")]
AudioUrl = Annotated[str | None, Field(description="Relative URL of the recording; null once it is gone.")]
RetryUrl = Annotated[
    str | None,
    Field(description="Relative URL for a POST that retries the task; null once the recording is gone."),
]
