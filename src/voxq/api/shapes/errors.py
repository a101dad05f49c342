"""The one shape of all errors outside `/v1`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Error(BaseModel):
    """What every error looks like. Some carry more fields, which their route describes."""

    model_config = ConfigDict(extra="allow")

    error: str = Field(description="One sentence for people.")
    code: str = Field(description="One word for programs.")
    task_id: str | None = Field(None, description="The task in question.")
    model: str | None = Field(None, description="404: the model that was asked for.")
    models: list[str] | None = Field(None, description="404: the models there are.")
    voices: list[str] | None = Field(None, description="404, 422: the voices there are.")
    field: str | None = Field(None, description="422: the option that is wrong.")
    supported_formats: list[str] | None = Field(None, description="400: what can be uploaded.")
    detail: str | None = Field(None, description="400: what is wrong with the recording.")
    status: str | None = Field(None, description="409: where the task is.")
    queued_seconds: int | None = Field(None, description="429: seconds of audio that wait.")
    quota_seconds: int | None = Field(
        None, description="429, 413: the limit for this key alone; `queued_seconds` are its own then."
    )
    retry_after: int | None = Field(None, description="429: as the header, where requests come too fast.")
    max_upload_mb: int | None = Field(None, description="413: the limit for one file.")
