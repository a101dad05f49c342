"""Clients' strings never become a line of the log, a header of a response or a page in a browser."""

from __future__ import annotations

import re
import socket
from urllib.parse import urlsplit

import httpx
import pytest
from api_server import NOTE
from attacked import KEYS, Attacked, end_of, submitted
from hypothesis import given
from hypothesis import strategies as st

from voxq.cli.console import CalmConsole
from voxq.cli.tables import tasks_table
from voxq.one_line import one_line

LINE = re.compile(r"(\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] (DEBUG|INFO|WARNING|ERROR|CRITICAL) |    )\S?")
FORGED = "forged-by-a-client"
WORDS = (
    f"x\r\n[2025-12-01 10:00:00] INFO {FORGED}",
    f"x\n[2025-12-01 10:00:00] INFO {FORGED}",
    f"x\x0b\x0c\x1c\x85\u2028\u2029[2025-12-01 10:00:00] INFO {FORGED}",
    f"\x1b[2K\x1b[1A{FORGED}",
    f"\x08\x08\x7f\x9b31m{FORGED}",
    f"\u202e\u2066{FORGED}\u2069",
    f"{{extra}} {{record[extra]}} <red>{FORGED}</red> %s %(levelname)s {{0.__class__}}",
)
SCRIPT = "<script>alert(1)</script>"


@given(st.text())
def test_any_text_is_one_visible_line(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", line)


def test_no_client_can_write_lines_of_the_log(service: Attacked, anna: httpx.Client) -> None:
    for word in WORDS:
        quoted = "".join(f"%{byte:02x}" for byte in word.encode())
        anna.get(f"/api/v1/asr/result/{quoted}")
        anna.get(f"/{quoted}", params={quoted: word})
        anna.post("/api/v1/asr/submit", files={"audio": (word, NOTE)}, data={"language": word})
        anna.post("/api/v1/asr/submit", files={"audio": ("x", word.encode())}, data={"model": word})
        anna.post("/api/v1/asr/submit", files={"audio": ("x", NOTE)}, data={word: word, "callback": word})
        anna.post("/v1/audio/transcriptions", files={"file": (word, b"x")}, data={"model": word})
        for name in ("text", "voice", "model", "callback", "language", "priority", word):
            anna.post("/api/v1/tts/submit", json={"text": "...", name: word})
        for name in ("User-Agent", "Idempotency-Key", "X-Forwarded-For", "Last-Event-ID", "Authorization"):
            _raw(service, f"GET /api/v1/asr/history?{quoted} HTTP/1.1", f"{name}: {word}")
        _raw(service, f"GET /livez/{word} HTTP/1.1")
        _raw(service, f"{word} /livez HTTP/1.1")
    lines = service.logs().splitlines()
    assert len(lines) > 100
    assert not [line for line in lines if not LINE.match(line)]
    assert not [line for line in lines if one_line(line) != line]
    forged = [line for line in lines if FORGED in line]
    assert not [line for line in forged if line.partition("] ")[2].startswith(f"INFO {FORGED}")]


def test_transcripts_stay_out_of_the_logs(service: Attacked, anna: httpx.Client) -> None:
    """This holds for texts to speak, hotwords and clients' file names, whatever becomes of them."""
    secret = "zanzibarophobia"
    task_id = anna.post("/api/v1/tts/submit", json={"text": f"A {secret}."}).json()["task_id"]
    assert end_of(anna, "tts", task_id) == "done"
    assert end_of(anna, "asr", submitted(anna, hotwords=secret)) == "done"
    assert end_of(anna, "asr", submitted(anna, hotwords=f"fault-error {secret}")) == "failed"
    anna.post("/api/v1/asr/submit", files={"audio": (f"{secret}.wav", NOTE)})
    anna.post("/api/v1/tts/submit", json={"text": secret, "voice": "nobody"})
    anna.post("/api/v1/tts/submit", content=f'{{"text": "{secret}"'.encode())
    assert secret not in service.logs()


@pytest.mark.parametrize(
    "path",
    [
        "/{}",
        "/api/v1/asr/result/{}",
        "/api/v1/tts/audio/{}",
        "/api/v1/asr/history?limit={}",
        "/v1/models/{}",
        "/docs/assets/{}",
    ],
)
def test_no_response_is_a_page_with_client_content(service: Attacked, anna: httpx.Client, path: str) -> None:
    for word in (SCRIPT, "%3Cscript%3Ealert(1)%3C/script%3E", "%0d%0aSet-Cookie:%20a=b%0d%0a%0d%0a" + SCRIPT):
        answer = anna.get(path.format(word))
        assert answer.status_code in (404, 422), answer.text
        assert not answer.headers["content-type"].startswith("text/html")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "set-cookie" not in answer.headers


def test_a_recording_is_never_served_as_a_page(service: Attacked, anna: httpx.Client) -> None:
    """A file that a decoder takes for audio and a browser for HTML keeps its content type."""
    polyglot = NOTE + f"<html>{SCRIPT}</html>".encode()
    task_id = submitted(anna, polyglot)
    answer = anna.get(f"/api/v1/asr/audio/{task_id}")
    assert answer.headers["content-type"] == "audio/ogg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "script-src" not in answer.headers["content-security-policy"]
    assert answer.headers["content-disposition"] == f'inline; filename="{task_id}.ogg"'


def test_every_response_forbids_framing_and_caching(service: Attacked, anna: httpx.Client) -> None:
    for path in (
        "/livez",
        "/docs",
        "/metrics",
        "/api/v1/asr/history",
        "/api/v1/stats",
        "/nothing",
        "/v1/models",
    ):
        headers = anna.get(path).headers
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert "content-security-policy" in headers, path
        assert "access-control-allow-origin" not in headers


def test_the_page_of_the_docs_runs_its_own_scripts_only(service: Attacked) -> None:
    answer = service.api.http.get("/docs")
    policy = dict(rule.strip().split(" ", 1) for rule in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert "unsafe" not in policy["script-src"]
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"


def _raw(service: Attacked, request: str, header: str = "X: y") -> bytes:
    """Return the response to bytes that no HTTP library would send."""
    place = urlsplit(service.api.url)
    key = f"Authorization: Bearer {KEYS['anna']}\r\n" if not header.startswith("Authorization") else ""
    with socket.create_connection((place.hostname, place.port), timeout=30) as connection:
        connection.sendall(f"{request}\r\nHost: x\r\nConnection: close\r\n{key}{header}\r\n\r\n".encode())
        answer = b""
        try:
            while data := connection.recv(65536):
                answer += data
        except ConnectionResetError:
            pass
        return answer


def test_no_client_can_write_to_an_operators_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """`voxq history` and `voxq task` print texts, and terminals execute control sequences."""
    record = {"task_id": "x", "duration": 1.0, "status": "success"}
    console = CalmConsole(force_terminal=True, width=200)
    for word in (*WORDS, "\x1b]52;c;Zm9yZ2Vk\x07", "\x1b]0;title\x07", "\x9b2J", "[link=http://x]x[/link]"):
        console.print(tasks_table([record | {"text": word}]))
        console.print(word, markup=False, highlight=False)
    shown = re.sub(r"\x1b\[[\d;]*m", "", capsys.readouterr().out)  # colours and weights are the console's own
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)
    assert "\\x1b]52" in shown
    assert "[link=http://x]" in shown
