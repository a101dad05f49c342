"""Rate limits and quotas of keys across several API processes, and the limit on waiting requests."""

from __future__ import annotations

import socket
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from itertools import cycle
from pathlib import Path

import httpx
import psutil
import pytest
import redis
from api_server import ApiServer, running_api, tone
from task_lab import Lab, failed
from worker_lab import wait_for

ANNA, BEN, ADMIN = "annas-secret-key", "bens-secret-key", "the-operators-key"
KEYS = {"API_KEYS": f"anna:{ANNA},ben:{BEN}", "ADMIN_KEYS": f"me:{ADMIN}"}
SUBMIT = "/api/v1/asr/submit"


@pytest.fixture(scope="module")
def two_apis(valkey: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[ApiServer]]:
    """Start two processes with one storage."""
    directory = tmp_path_factory.mktemp("limits")
    limits = {
        "MAX_QUEUE_SECONDS_PER_KEY": "100",
        "KEY_LIMITS": "ben:per_minute=12,me:queue_seconds=0",
        "MIN_FREE_DISK_MB": "0",
    }
    with ExitStack() as stack:
        yield [stack.enter_context(running_api(valkey, directory, **KEYS, **limits)) for _ in range(2)]


@pytest.fixture
def apis(two_apis: list[ApiServer], redis_url: str) -> list[ApiServer]:
    return two_apis


@pytest.fixture
def lab(apis: list[ApiServer], client: redis.Redis) -> Lab:
    return apis[0].lab(client)


def submit(api: ApiServer, key: str, seconds: float = 9.0) -> httpx.Response:
    return api.http.post(SUBMIT, files={"audio": ("note", tone(seconds))}, headers=bearer(key))


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def at_once(apis: list[ApiServer], key: str, count: int, seconds: float) -> list[httpx.Response]:
    """Return the responses to so many submissions, sent to the processes in turn."""
    turns = [api for api, _ in zip(cycle(apis), range(count))]
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda api: submit(api, key, seconds), turns))


def test_fifty_submissions_to_two_processes_fill_the_quota_and_no_more(
    apis: list[ApiServer], lab: Lab
) -> None:
    answers = at_once(apis, ANNA, 50, 9.0)
    assert Counter(answer.status_code for answer in answers) == {200: 11, 429: 39}
    assert lab.queued_seconds() == pytest.approx(99)
    assert len(lab.journal.open_ids()) == 11
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert (refused.json()["code"], refused.json()["quota_seconds"]) == ("quota_exceeded", 100)
    assert 1 <= int(refused.headers["retry-after"]) <= 3600
    assert "limit 100" in refused.json()["error"]
    assert not apis[0].parts_left()
    assert submit(apis[1], ADMIN).status_code == 200, "others have room"

    taken = next(answer.json()["task_id"] for answer in answers if answer.status_code == 200)
    apis[1].http.delete(f"/api/v1/asr/task/{taken}", headers=bearer(ANNA))
    assert [submit(api, ANNA).status_code for api in apis] == [200, 429]


def test_a_recording_longer_than_the_quota_is_refused_for_good(apis: list[ApiServer], lab: Lab) -> None:
    answer = submit(apis[0], ANNA, 101)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_long")
    assert submit(apis[0], ADMIN, 101).status_code == 200
    assert not apis[0].parts_left()
    assert lab.queued_seconds() == pytest.approx(101)


def test_a_full_quota_does_not_prevent_joining_a_task_in_progress(apis: list[ApiServer], lab: Lab) -> None:
    def ask(api: ApiServer, seconds: float) -> tuple[int, str | None]:
        files, form = {"file": ("note", tone(seconds))}, {"stream": "true"}
        url = "/v1/audio/transcriptions"
        with api.http.stream("POST", url, files=files, data=form, headers=bearer(ANNA)) as answer:
            return answer.status_code, answer.headers.get("x-voxq-cache")

    assert [ask(api, 100) for api in apis] == [(200, "miss"), (200, "joined")]
    assert ask(apis[0], 1) == (429, None)
    assert lab.queued_seconds() == pytest.approx(100)
    assert not apis[0].parts_left()


def test_texts_count_with_the_expected_length_of_their_speech(apis: list[ApiServer]) -> None:
    api, key = apis[0], bearer(ANNA)
    voice = api.http.get("/api/v1/tts/voices", headers=key).json()["voices"][0]["name"]

    def speak(words: int) -> tuple[int, str | None]:
        asked = {"text": "lighthouse " * words, "voice": voice}
        answer = api.http.post("/api/v1/tts/submit", json=asked, headers=key)
        return answer.status_code, answer.json().get("code")

    assert [speak(100), speak(100)] == [(200, None), (429, "quota_exceeded")]
    assert speak(1000) == (413, "too_long")
    waiting = api.http.get("/api/v1/tts/queue/status", headers=key).json()["queued_seconds"]
    assert 50 < waiting < 100
    assert submit(api, ANNA).status_code == 200, "recordings have a quota of their own"


def test_a_retry_over_the_quota_is_refused_except_for_an_admin(apis: list[ApiServer], lab: Lab) -> None:
    task_id = submit(apis[0], ANNA, 60).json()["task_id"]
    task = lab.journal.open_task(task_id)
    assert task is not None
    lab.ending.end(task, failed())
    assert submit(apis[0], ANNA, 60).status_code == 200
    url = f"/api/v1/asr/retry/{task_id}"
    refused = apis[1].http.post(url, headers=bearer(ANNA))
    assert (refused.status_code, refused.json()["code"]) == (429, "quota_exceeded")
    assert (
        apis[1].http.get(f"/api/v1/asr/result/{task_id}", headers=bearer(ANNA)).json()["status"] == "failed"
    )
    assert apis[1].http.post(url, headers=bearer(ADMIN)).status_code == 200
    assert lab.queued_seconds() == pytest.approx(120)


def test_the_rate_limit_of_a_key_holds_across_processes(apis: list[ApiServer]) -> None:
    started = time.monotonic()
    answers = at_once(apis, BEN, 30, 1.0)
    due_since = (time.monotonic() - started) / 5
    admitted = sum(answer.status_code == 200 for answer in answers)
    assert 12 <= admitted <= 13 + due_since
    refused = [answer for answer in answers if answer.status_code != 200]
    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(429, "rate_limited")}
    assert all(1 <= int(answer.headers["retry-after"]) <= 5 for answer in refused)
    assert all(answer.json()["retry_after"] == int(answer.headers["retry-after"]) for answer in refused)
    assert at_once(apis, ADMIN, 4, 1.0)[-1].status_code == 200
    assert not apis[0].parts_left()


def test_all_submissions_count_and_each_text_of_a_batch(apis: list[ApiServer], lab: Lab) -> None:
    api, key, started = apis[0], bearer(BEN), time.monotonic()
    asked = {"texts": ["One.", "Two.", "Three.", "Four.", "Five.", "Six."], "voice": "hibari"}
    voice = api.http.get("/api/v1/tts/voices", headers=key).json()["voices"][0]["name"]
    assert api.http.post("/api/v1/tts/batch", json=asked | {"voice": voice}, headers=key).json()["total"] == 6
    for path in ("/v1/audio/speech", "/v1/audio/transcriptions"):
        for _ in range(2):
            assert api.http.post(path, content=b"?", headers=key).status_code == 400
    many = api.http.post("/api/v1/tts/batch", json=asked | {"voice": voice}, headers=key).json()
    due_since = (time.monotonic() - started) / 5
    assert 2 <= many["total"] <= 3 + due_since, "two are left, and a little time has passed"
    assert many["tasks"][-1]["code"] == "rate_limited"
    assert lab.client.llen("rq:queue:tts-queue") == 6 + many["total"]
    answers = (api.http.post("/v1/audio/speech", content=b"?", headers=key) for _ in range(12))
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["error"]["type"] == "requests"
    assert refused.json()["error"]["code"] == "rate_limit_exceeded"
    assert int(refused.headers["retry-after"]) >= 1
    assert api.http.get("/v1/models", headers=key).status_code == 200, "only work is counted"


def test_beyond_the_limit_of_waiting_requests_bodies_are_not_read(redis_url: str, tmp_path: Path) -> None:
    with running_api(redis_url, tmp_path, **KEYS, MAX_WAITING_REQUESTS="40") as api, ExitStack() as stack:
        process = psutil.Process(api.process.pid)

        def ask(key: str, stream: bool) -> socket.socket:
            connection = stack.enter_context(_connection(api))
            connection.sendall(_request(key, stream))
            return connection

        waiting = [ask(ANNA, stream) for stream in [True, False] * 15]  # the last ten are refused
        wait_for(lambda: _is_refused(api), "as many to wait as are left free for others")
        assert process.num_threads() < 25, "those that wait have no thread each"

        assert ask(BEN, True).recv(12) == b"HTTP/1.1 200", "there is room for others"
        for connection in waiting:
            connection.close()
        wait_for(lambda: not _is_refused(api), "room where others have gone")


def _request(key: str, stream: bool) -> bytes:
    url = "http://localhost/v1/audio/transcriptions"
    form = {"stream": str(stream).lower()}
    request = httpx.Request("POST", url, headers=bearer(key), data=form, files={"file": ("note", tone(1))})
    headers = b"".join(b"%b: %b\r\n" % header for header in request.headers.raw)
    return b"POST /v1/audio/transcriptions HTTP/1.1\r\n" + headers + b"\r\n" + request.read()


def _connection(api: ApiServer) -> closing[socket.socket]:
    return closing(socket.create_connection(("127.0.0.1", api.http.base_url.port or 0), timeout=60))


def _is_refused(api: ApiServer) -> bool:
    """Whether another request of Anna's, of which only the head is sent, is refused."""
    head, _, _ = _request(ANNA, False).partition(b"\r\n\r\n")
    with _connection(api) as connection:
        connection.sendall(head + b"\r\n\r\n")
        connection.settimeout(1)
        try:
            answer = connection.recv(4096)
        except TimeoutError:
            return False
        assert answer.startswith(b"HTTP/1.1 429")
        assert b"retry-after" in answer.lower()
        return True
