"""A server of a language model, as the operator named it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

from voxq.core.addresses import is_public

LIGHT = "light"
"""The name that no provider may have: it means the rules that need none."""
USUAL_CONTEXT = 8192
USUAL_CALLS = 4


@dataclass(frozen=True, slots=True)
class Provider:
    """A server with OpenAI's chat API, or Ollama's, and one model of it."""

    name: str
    """The name that clients know it by; they never give an address."""
    url: str
    """Base URL, without a slash at its end: OpenAI's clients add /chat/completions to it."""
    model: str
    key: str = field(default="", repr=False)
    """Sent as a bearer token; empty: nothing is sent."""
    context: int = USUAL_CONTEXT
    """Tokens of a prompt together with its answer."""
    calls: int = USUAL_CALLS
    """Requests at the same time."""
    seconds: float = 120.0
    """Time limit of one request, from its connection to the end of its answer."""

    @property
    def root(self) -> str:
        """Address of the server beside whose OpenAI API others may be: the base URL without /v1."""
        return self.url.removesuffix("/v1")

    @property
    def first_seconds(self) -> float:
        """Time limit for the first piece of its answer, before which a model is loaded and a prompt read."""
        return self.seconds / 2

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"} if self.key else {}

    @property
    def is_near(self) -> bool:
        """Whether it is on this machine or its network, to which no proxy leads: by its address, or by a name
        without a dot, as containers have."""
        host = urlsplit(self.url).hostname or ""
        try:
            return not is_public(host)
        except ValueError:
            return "." not in host

    def config(self) -> dict[str, Any]:
        """Return all of it, the key included, for the process that asks it."""
        return asdict(self)

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Self:
        """Read what `config` returned. Raises TypeError."""
        return cls(**config)
