"""Fields that several answers have."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

TaskId = Annotated[str, Field(examples=["2025-12-01_001_k3v9qz0b1x2y"], description="Names the task.")]
Position = Annotated[int, Field(ge=0, description="Place in line: 1 is next, 0 means it does not wait.")]
EstimatedWait = Annotated[int, Field(ge=0, description="Seconds until work on it begins, roughly.")]
CreatedAt = Annotated[
    str, Field(examples=["2025-12-01T10:00:00Z"], description="When it was submitted, UTC.")
]
Duration = Annotated[float, Field(ge=0, description="Seconds of audio; 0 while unknown.")]
Attempts = Annotated[int, Field(ge=0, description="How often work on it was begun and charged to it.")]
AudioUrl = Annotated[
    str | None, Field(description="Where the recording is; null once it is gone (relative URL).")
]
RetryUrl = Annotated[
    str | None, Field(description="POST here to try again; null once the recording is gone (relative URL).")
]
