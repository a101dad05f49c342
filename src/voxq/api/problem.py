"""Description of a failed request, independent of the shape in which an API family reports it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi.responses import JSONResponse


@dataclass(frozen=True, slots=True)
class Problem:
    """A failure: `error` is a sentence for people, `code` a word for programs, `details` are extra fields."""

    status: int
    error: str
    code: str
    headers: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)

    def response(self) -> JSONResponse:
        """Make a response in this service's own shape: {"error": a sentence, "code": a word, ...}."""
        content = {"error": self.error, "code": self.code, **self.details}
        return JSONResponse(content, self.status, self.headers)
