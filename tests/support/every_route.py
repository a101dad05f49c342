"""Requests to every route of the API's OpenAPI document, with a body where one is needed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
from api_server import tone

_SILENT = {("GET", "/livez"), ("GET", "/metrics"), ("GET", "/api/v1/voiceprints")}
"""Routes that succeed without Redis."""
_OFF = {"/v1/chat/completions", "/api/llm/optimize", "/api/asr/transcribe-and-optimize"}
"""Routes that are off unless something is set up for them."""
_AT_ONCE = 8
_TEXT = {"text": "Good evening.", "voice": "teller"}
_NOTE = ("note", tone(1))
_CONSENT = {"name": "Ann", "consent": "Recorded with permission.", "consent_by": "Ann"}
_BODIES: dict[str, dict[str, Any]] = {
    "/api/v1/asr/result/{task_id}/speakers": {"json": {"speakers": {"S1": "Ann"}}},
    "/api/v1/voiceprint/submit": {"files": {"audio": _NOTE}},
    "/api/v1/extract-embedding": {"files": {"audio": _NOTE}},
    "/api/v1/voiceprints": {"files": {"audio": _NOTE}, "data": _CONSENT},
    "/api/v1/voiceprints/identify": {"files": {"audio": _NOTE}},
    "/api/v1/synthesize-with-embedding": {
        "json": {"text": "Good evening.", "vector": [1.0], "revision": "r"}
    },
    "/api/v1/batch-synthesize": {"json": {"texts": ["Good evening."], "voice": "teller"}},
    "/api/v1/asr/submit": {"files": {"audio": _NOTE}},
    "/api/v1/tts/submit": {"json": _TEXT},
    "/api/v1/tts/batch": {"json": {"texts": ["Good evening."], "voice": "teller"}},
    "/api/v1/text/submit": {"json": {"text": "Good evening."}},
    "/asr": {"files": {"audio_file": _NOTE}},
    "/detect-language": {"files": {"audio_file": _NOTE}},
    "/api/asr/transcribe": {"files": {"audio": _NOTE}},
    "/v1/audio/transcriptions": {"files": {"file": _NOTE}, "data": {"model": "whisper-1"}},
    "/v1/audio/translations": {"files": {"file": _NOTE}, "data": {"model": "whisper-1"}},
    "/v1/audio/speech": {"json": {"input": "Good evening.", "voice": "teller", "model": "tts-1"}},
}


@dataclass(frozen=True, slots=True)
class Call:
    """Response to a request, and the seconds it took."""

    method: str
    path: str
    status: int
    body: str
    headers: httpx.Headers
    seconds: float

    @property
    def needs_redis(self) -> bool:
        return (self.method, self.path) not in _SILENT

    def __str__(self) -> str:
        return f"{self.method} {self.path}: {self.status} after {self.seconds:.2f} s: {self.body[:200]}"


def calls(url: str, document: dict[str, Any], task_id: str) -> list[Call]:
    """Responses to all requests, some of them concurrent; `document` is from a time without faults."""
    wanted = list(_wanted(document, task_id))
    with (
        httpx.Client(base_url=url, trust_env=False, timeout=30) as http,
        ThreadPoolExecutor(_AT_ONCE) as pool,
    ):
        return list(pool.map(lambda each: _call(http, *each), wanted))


def seconds_alive(url: str, count: int = 9) -> Sequence[float]:
    """Response times of `/livez` in seconds, sorted."""
    with httpx.Client(base_url=url, trust_env=False, timeout=30) as http:
        answers = [_call(http, "GET", "/livez", {}) for _ in range(count)]
    assert [answer.status for answer in answers] == [200] * count
    return sorted(answer.seconds for answer in answers)


def _wanted(document: dict[str, Any], task_id: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operations in document["paths"].items():
        if path in _OFF or "{id}" in path:  # one of the disk's, and there is none
            continue
        for method in operations:
            filled = path.replace("{task_id}", task_id).replace("{model_id}", "whisper-1")
            yield method.upper(), filled, _BODIES.get(path, {})


def _call(http: httpx.Client, method: str, path: str, body: dict[str, Any]) -> Call:
    began = time.monotonic()
    answer = http.request(method, path, **body)
    seconds = time.monotonic() - began
    return Call(method, path, answer.status_code, answer.text, answer.headers, seconds)
