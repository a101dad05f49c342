"""Bodies that are JSON, or nearly: every route accepts them or refuses them clearly."""

from __future__ import annotations

import json
import time

import httpx
import pytest
from attacked import Attacked

TEXT = {
    "/api/v1/tts/submit": '"text": "Hello."',
    "/api/v1/tts/batch": '"texts": ["Hello."]',
    "/v1/audio/speech": '"input": "Hello.", "voice": "heart", "model": "hibari"',
}
"""Routes with a valid body."""

SECONDS = 10.0
"""Maximum seconds of a refusal; most take milliseconds."""

NO_JSON = {
    "empty": b"",
    "half": b'{"text": "Hello."',
    "two": b'{"text": "a"}{"text": "b"}',
    "a list": b"[]",
    "a text": b'"Hello."',
    "null": b"null",
    "a number": b"1" * 5000,
    "deep lists": b"[" * 50_000 + b"]" * 50_000,
    "deep objects": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "deep and open": b'{"text":' + b"[" * 60_000,
    "half a surrogate": b'{"text": "\\ud800", "texts": ["\\ud800"], "input": "\\ud800"}',
    "latin": b'{"text": "\xe9"}',
    "overlong": b'{"text": "\xc0\xae"}',
    "utf-16": '{"text": "Hello."}'.encode("utf-16"),
    "a mark": b"\xef\xbb\xbf" + b'{"text": "Hello."}',
    "nul": b'{"text": "Hello."}\0',
    "single quotes": b"{'text': 'Hello.'}",
    "a comment": b'{/**/"text": "Hello."}',
    "code": b"__import__('os').system('id')",
    "a pickle": b"\x80\x04\x95\x1f\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.",
    "yaml": b"!!python/object/apply:os.system [id]",
    "xml": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    "a form": b"text=Hello.",
}

STRANGE = {
    "not a number": '"speed": NaN',
    "infinity": '"speed": Infinity',
    "minus infinity": '"speed": -Infinity',
    "beyond floats": '"speed": 1e999',
    "many digits": f'"speed": {"9" * 4000}',
    "a long fraction": f'"speed": 1.{"0" * 20_000}1',
    "an exponent": '"speed": 1e-999999999',
    "a negative": '"speed": -1',
    "a boolean": '"speed": true',
    "a rate like a bomb": f'"sample_rate": {10**300}',
    "an object for a word": '"priority": {"$gt": ""}, "response_format": {"$gt": ""}',
    "a list for a word": '"voice": ["alloy", ["alloy"]]',
    "a nested voice": f'"voice": {"[" * 100}{"]" * 100}',
    "another prototype": '"__proto__": {"admin": true}, "constructor": {"prototype": {"admin": true}}',
    "own attributes": '"__class__": "x", "__init__": {"__globals__": {}}, "owner": "ben", "task_id": "x"',
    "many fields": ", ".join(f'"field{number}": {number}' for number in range(10_000)),
    "a long name": f'"{"n" * 20_000}": 1',
    "null for all": '"voice": null, "model": null, "speed": null, "callback": null',
    "controls in words": '"language": "en\\u0000\\r\\nX: y", "callback": "a\\u001b[31m"',
}


@pytest.mark.parametrize("path", TEXT)
def test_invalid_json_is_refused(service: Attacked, anna: httpx.Client, path: str) -> None:
    for name, body in NO_JSON.items():
        started = time.monotonic()
        answer = anna.post(path, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 413, 422), (name, answer.text)
        _assert_is_clear(answer, name)
        assert time.monotonic() - started < SECONDS, name


@pytest.mark.parametrize("path", TEXT)
def test_strange_values_are_refused_or_of_no_effect(service: Attacked, anna: httpx.Client, path: str) -> None:
    for name, fields in STRANGE.items():
        body = f"{{{TEXT[path]}, {fields}}}".encode()
        answer = anna.post(path, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in (200, 400, 404, 413, 422), (name, answer.text)
        if answer.status_code != 200:
            _assert_is_clear(answer, name)


def test_the_last_of_duplicate_fields_counts(service: Attacked, anna: httpx.Client) -> None:
    """All readers agree, so the value that is checked is the one that is used."""
    body = b'{"text": "The first.", "text": "The last.", "speed": 99, "speed": 1}'
    task_id = anna.post("/api/v1/tts/submit", content=body).json()["task_id"]
    result = anna.get(f"/api/v1/tts/result/{task_id}", params={"wait": 60}).json()
    assert result["text"] == "The last."


@pytest.mark.parametrize("path", ["/api/v1/asr/retry/{}", "/api/v1/asr/result/{}", "/api/v1/asr/history"])
def test_an_unexpected_body_is_not_read(
    service: Attacked, anna: httpx.Client, recording: str, path: str
) -> None:
    method = "POST" if "retry" in path else "GET"
    for body in (NO_JSON["deep lists"], NO_JSON["a pickle"], b"x" * 500_000):
        answer = anna.request(method, path.format(recording), content=body)
        assert answer.status_code in (200, 409), answer.text


def _assert_is_clear(answer: httpx.Response, name: str) -> None:
    """Assert that the error is one sentence and one code, without anything from the body or the source."""
    told = json.loads(answer.text)
    if "/v1/audio" in answer.request.url.path:
        error, code = told["error"]["message"], told["error"]["code"]
    else:
        error, code = told["error"], told["code"]
    assert code.replace("_", "").isalpha(), name
    assert 5 < len(error) < 300, (name, error)
    assert not any(word in error for word in ("Traceback", "pydantic", "0x", "/src/")), (name, error)
