"""Why a request is not answered as its client hoped, before it gets the shape of an API family."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi.responses import JSONResponse


@dataclass(frozen=True, slots=True)
class Problem:
    """`error` is a sentence for people, `code` a word for programs, `details` are extra fields."""

    status: int
    error: str
    code: str
    headers: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)

    def response(self) -> JSONResponse:
        """In this service's own shape: {"error": a sentence, "code": a word, ...}."""
        content = {"error": self.error, "code": self.code, **self.details}
        return JSONResponse(content, self.status, self.headers)
