"""Shutdown of the API while clients have requests of every kind in progress."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
from api_server import NOTE, ApiServer, running_api, tone
from worker_lab import wait_for

_STOP_SECONDS = 15
"""Seconds for a shutdown: five for open requests, the rest for a busy machine."""


@contextmanager
def slow_upload(api: ApiServer) -> Iterator[socket.socket]:
    """Open a connection that has sent half of a recording."""
    address = urlsplit(api.url)
    head = (
        b"POST /api/v1/asr/submit HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n"
        b"Content-Type: multipart/form-data; boundary=b\r\n\r\n"
        b'--b\r\nContent-Disposition: form-data; name="audio"; filename="a"\r\n\r\n'
    )
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(head + b"x" * 600_000)
        yield connection


def stopped(api: ApiServer, *signals: signal.Signals) -> float:
    """Return the seconds until the process has ended, successfully."""
    started = time.monotonic()
    for number in signals:
        api.process.send_signal(number)
        time.sleep(0.2)
    api.process.wait(_STOP_SECONDS)
    return time.monotonic() - started


def follow(api: ApiServer, task_id: str) -> list[str]:
    """Return the names of a task's events until the end of the stream, which must be regular."""
    with api.http.stream("GET", f"/api/v1/asr/events/{task_id}") as answer:
        return [line.removeprefix("event: ") for line in answer.iter_lines() if line.startswith("event: ")]


def connections(api: ApiServer) -> int:
    """Return the number of clients with a connection."""
    port = urlsplit(api.url).port
    sockets = psutil.Process(api.process.pid).net_connections("tcp")
    return sum(each.laddr.port == port and each.status == psutil.CONN_ESTABLISHED for each in sockets)


def transcribe(api: ApiServer, **fields: str) -> httpx.Response:
    return api.http.post(
        "/v1/audio/transcriptions", files={"file": ("a", NOTE)}, data={"model": "whisper-1", **fields}
    )


def test_every_client_gets_a_response_and_accepted_tasks_stay(redis_url: str, tmp_path: Path) -> None:
    """In progress are half an upload, a long poll, a stream of events, and waiting requests of OpenAI's
    clients."""
    with running_api(redis_url, tmp_path, by_cli=True) as api, ThreadPoolExecutor(8) as pool:
        task_id = api.submitted(tone(1))
        poll = pool.submit(api.http.get, f"/api/v1/asr/result/{task_id}", params={"wait": 60})
        events = pool.submit(follow, api, task_id)
        plain = pool.submit(transcribe, api)
        stream = pool.submit(transcribe, api, stream="true")
        with slow_upload(api) as upload:
            open_tasks = api.storage / "journal/open"
            wait_for(lambda: len(list(open_tasks.glob("*.json"))) == 3 and api.parts_left(), "the tasks")
            wait_for(lambda: connections(api) == 5, "everybody's connection")
            time.sleep(1)
            seconds = stopped(api, signal.SIGTERM)
            told = upload.recv(10_000)
            assert told.startswith(b"HTTP/1.1 503")
            assert b"The server is stopping, please try again" in told
        assert seconds < _STOP_SECONDS
        print(f"stopped after {seconds:.1f} s")
        assert poll.result().json()["status"] == "queued"
        assert events.result()[:1] == ["queued"]
        answer = plain.result()
        assert answer.status_code == 503
        assert "continues" in answer.json()["error"]["message"]
        told = [
            json.loads(line[6:]) for line in stream.result().text.splitlines() if line.startswith("data: {")
        ]
        assert "continues" in told[-1]["error"]["message"]
        assert api.process.returncode in (0, -signal.SIGTERM)
        assert api.parts_left() == [], "half an upload is nobody's"
        assert "Traceback" not in api.log()
        accepted = {path.stem for path in (api.storage / "journal/open").glob("*.json")}
        assert task_id in accepted
    with running_api(redis_url, tmp_path, by_cli=True) as api:
        for each in accepted:
            assert api.http.get(f"/api/v1/asr/result/{each}").json()["status"] == "queued"


def test_a_second_ctrl_c_ends_the_api_at_once(redis_url: str, tmp_path: Path) -> None:
    with running_api(redis_url, tmp_path, by_cli=True) as api, slow_upload(api):
        time.sleep(0.5)
        assert stopped(api, signal.SIGINT, signal.SIGINT) < 4.5
        assert api.parts_left() == []
