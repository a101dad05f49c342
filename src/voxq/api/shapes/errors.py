"""A failed request, and the error response in this service's own shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from voxq.api.language import headers_of, said
from voxq.locale import Message, about


@dataclass(frozen=True, slots=True)
class Problem:
    """A failure, independent of the shape in which an API family reports it.

    `error` is a sentence for people, `code` a word for programs, `details` are extra fields.
    """

    status: int
    error: str
    code: str
    headers: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def whole_sentence(self) -> str:
        """The error, extended by the details: for clients that show nothing else."""
        if there := self.details.get("models") or self.details.get("voices"):
            return Message("{problem}. There are: {known}.", problem=self.error, known=", ".join(there))
        detail = self.details.get("detail")
        return about(self.error, detail) if detail and detail != self.error else self.error

    def response(self) -> JSONResponse:
        """Make a response in this service's own shape, that of `Error`, in the language of the request."""
        return self.response_of({"error": said(self.error)})

    def response_of(self, sentence: Mapping[str, Any]) -> JSONResponse:
        """Make a response with these fields, which hold the sentence, and with the code and the details."""
        content = {**sentence, "code": self.code, **self.details}
        if "detail" in content:
            content["detail"] = said(content["detail"])
        return JSONResponse(content, self.status, {**self.headers, **headers_of(self.error)})


class Error(BaseModel):
    """An error. Some errors have more fields, which their route describes."""

    model_config = ConfigDict(extra="allow")

    error: str = Field(description="One sentence for people.")
    code: str = Field(description="One word for programs.")
    task_id: str | None = Field(None, description="The task in question.")
    model: str | None = Field(None, description="404: the model that was asked for.")
    models: list[str] | None = Field(None, description="404: the available models.")
    voices: list[str] | None = Field(None, description="404, 422: the available voices.")
    field: str | None = Field(None, description="422: the invalid option.")
    supported_formats: list[str] | None = Field(None, description="400: what can be uploaded.")
    detail: str | None = Field(None, description="400: what is wrong with the recording.")
    status: str | None = Field(None, description="409: the task's status.")
    queued_seconds: int | None = Field(None, description="429: seconds of audio that wait.")
    quota_seconds: int | None = Field(
        None, description="429, 413: the limit of this key; `queued_seconds` are then its own, too."
    )
    retry_after: int | None = Field(
        None, description="429: seconds to wait, as in the header, if requests come too fast."
    )
    max_upload_mb: int | None = Field(None, description="413: the limit for one file.")
