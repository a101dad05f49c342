"""Failures of a provider, in words that quote neither its address, nor its key, nor what it said."""

from __future__ import annotations

from voxq.locale import Message


class ProviderError(Exception):
    """A provider gave no answer that can be used.

    `code` is a word for programs, the message a sentence for clients.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        is_transient: bool = False,
        is_outage: bool = False,
        retry_after: float | None = None,
        detail: str | None = None,
    ) -> None:
        """`is_transient`: the same request may succeed in a moment, or after `retry_after` seconds;
        `is_outage`: others would fare no better; `detail`: what the provider says of a request that it does
        not accept, for whoever made it and for nobody else."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.is_transient = is_transient
        self.is_outage = is_outage
        self.retry_after = retry_after
        self.detail = detail


UNREACHABLE = "llm_unreachable"
TIMED_OUT = "llm_timeout"
BUSY = "llm_busy"
FAILED = "llm_failed"
KEY_REFUSED = "llm_key_refused"
NO_SUCH_MODEL = "llm_no_model"
REQUEST_REFUSED = "llm_request_refused"
TOO_LONG = "llm_context_exceeded"
BAD_ANSWER = "llm_bad_answer"
"""What came is not an answer: no JSON, cut off, or empty."""

ENDLESS = "llm_endless_answer"
"""The answer is longer than it can be."""

EVERY_CODE = frozenset(
    {
        UNREACHABLE,
        TIMED_OUT,
        BUSY,
        FAILED,
        KEY_REFUSED,
        NO_SUCH_MODEL,
        REQUEST_REFUSED,
        TOO_LONG,
        BAD_ANSWER,
        ENDLESS,
    }
)
LASTING = frozenset({KEY_REFUSED, NO_SUCH_MODEL, REQUEST_REFUSED})
"""Failures that last until the operator does something."""


def unreachable(provider: str) -> ProviderError:
    says = Message("The provider {provider} cannot be reached.", provider=provider)
    return ProviderError(UNREACHABLE, says, is_transient=True, is_outage=True)


def resting(provider: str, seconds: float) -> ProviderError:
    """Make the error for a request that is not even tried."""
    says = Message(
        "The provider {provider} has failed several times in a row and is asked again in {seconds:.0f} s.",
        provider=provider,
        seconds=seconds,
    )
    return ProviderError(UNREACHABLE, says, retry_after=seconds)


def timed_out(provider: str, seconds: float) -> ProviderError:
    says = Message(
        "The provider {provider} did not answer within {seconds:g} s.", provider=provider, seconds=seconds
    )
    return ProviderError(TIMED_OUT, says, is_outage=True)


def went_silent(provider: str, seconds: float) -> ProviderError:
    says = Message(
        "The provider {provider} began to answer and then sent nothing for {seconds:g} s.",
        provider=provider,
        seconds=seconds,
    )
    return ProviderError(TIMED_OUT, says, is_outage=True)


def bad_answer(says: str) -> ProviderError:
    return ProviderError(BAD_ANSWER, says)


def no_answer(provider: str) -> ProviderError:
    return bad_answer(Message("The provider {provider} sent something that is no answer.", provider=provider))


def empty_answer(provider: str) -> ProviderError:
    return bad_answer(Message("The provider {provider} sent an empty answer.", provider=provider))


def closed_early(provider: str) -> ProviderError:
    return bad_answer(
        Message("The provider {provider} closed the connection before its answer ended.", provider=provider)
    )


def endless(provider: str) -> ProviderError:
    says = Message("The answer of the provider {provider} does not come to an end.", provider=provider)
    return ProviderError(ENDLESS, says)


def cut_off(provider: str) -> ProviderError:
    says = Message(
        "The context of the provider {provider} ended in the middle of its answer.", provider=provider
    )
    return ProviderError(TOO_LONG, says)


def of_status(
    provider: str, model: str, status: int, body: str, retry_after: float | None = None
) -> ProviderError:
    """Make the error for a response with this status. `body` decides what it means and is not repeated."""
    if status in (401, 403):
        says = Message(
            "The provider {provider} does not accept its key (HTTP {status}).", **_of(provider, status)
        )
        return ProviderError(KEY_REFUSED, says)
    if is_about_context(status, body):
        says = Message("The text is longer than the context of the provider {provider}.", provider=provider)
        return ProviderError(TOO_LONG, says)
    if status == 404:
        says = Message(
            "The provider {provider} does not know the model {model}, or its address is wrong (HTTP 404).",
            provider=provider,
            model=model,
        )
        return ProviderError(NO_SUCH_MODEL, says)
    if status in (429, 503):
        says = Message("The provider {provider} has no capacity (HTTP {status}).", **_of(provider, status))
        return ProviderError(BUSY, says, is_transient=True, is_outage=status == 503, retry_after=retry_after)
    if status >= 500 or status == 408:
        says = Message("The provider {provider} failed (HTTP {status}).", **_of(provider, status))
        return ProviderError(FAILED, says, is_transient=True, is_outage=True, retry_after=retry_after)
    if 300 <= status < 400:
        says = Message(
            "The provider {provider} redirects to another address, which is not followed (HTTP {status}).",
            **_of(provider, status),
        )
        return ProviderError(REQUEST_REFUSED, says)
    says = Message(
        "The provider {provider} does not accept the request (HTTP {status}).", **_of(provider, status)
    )
    return ProviderError(REQUEST_REFUSED, says)


_CONTEXT_SIGNS = (
    "context size",
    "context length",
    "context window",
    "context_length_exceeded",
    "maximum prompt length",
    "too many tokens",
    "input is too long",
    "prompt is longer",
)
"""How servers say that a prompt does not fit: llama.cpp, OpenAI and vLLM, xAI, Ollama."""


def is_about_context(status: int, body: str) -> bool:
    """Whether an error says that the prompt exceeds the context; some servers say so with 500."""
    said = body.lower()
    return status in (400, 413, 422, 500) and any(sign in said for sign in _CONTEXT_SIGNS)


def _of(provider: str, status: int) -> dict[str, object]:
    return {"provider": provider, "status": status}
