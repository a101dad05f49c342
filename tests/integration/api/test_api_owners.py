"""With API_KEYS, only the owner of the key that created a task can see it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
import redis
from api_server import ApiServer, running_api, tone
from task_lab import Lab, done, failed

ANNA, BEN = "annas-secret-key", "bens-secret-key"


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture(scope="module")
def shared_keyed_api(valkey: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    keys = f"anna:{ANNA},ben:{BEN}"
    with running_api(valkey, tmp_path_factory.mktemp("keyed"), API_KEYS=keys) as server:
        yield server


@pytest.fixture
def api(shared_keyed_api: ApiServer, redis_url: str) -> ApiServer:
    return shared_keyed_api


@pytest.fixture
def lab(api: ApiServer, client: redis.Redis) -> Lab:
    return api.lab(client)


def submit(api: ApiServer, key: str) -> str:
    files = {"audio": ("note", tone(1))}
    answer = api.http.post("/api/v1/asr/submit", files=files, headers=bearer(key))
    assert answer.status_code == 200
    return answer.json()["task_id"]


def get(api: ApiServer, path: str, key: str) -> httpx.Response:
    return api.http.get(path, headers=bearer(key))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        bearer("wrong"),
        {"Authorization": "Bearer"},
        bearer(ANNA[:-1]),
        bearer(ANNA + "x"),
        {"Authorization": ANNA},
        {"Authorization": f"Basic {ANNA}"},
        {b"Authorization": "Bearer schlüssel".encode()},
    ],
)
@pytest.mark.parametrize("path", ["queue/status", "history", "result/2025-12-01_001_abc123"])
def test_without_a_key_nothing_is_accessible(api: ApiServer, path: str, headers: dict[str, str]) -> None:
    answer = api.http.get(f"/api/v1/asr/{path}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_an_upload_without_a_key_is_refused_unread(api: ApiServer) -> None:
    assert api.submit().status_code == 401
    assert api.parts_left() == []


@pytest.mark.parametrize(
    "path", ["/livez", "/health", "/api/v1/health", "/api/health", "/", "/docs", "/openapi.json"]
)
def test_health_and_docs_need_no_key(api: ApiServer, path: str) -> None:
    assert api.http.get(path, follow_redirects=True).status_code in (200, 503)


def test_only_the_owner_sees_a_task(api: ApiServer, lab: Lab) -> None:
    task_id = submit(api, ANNA)
    short = task_id.rpartition("_")[2]

    def answers(key: str) -> dict[str, int]:
        base = "/api/v1/asr"
        return {
            "result": get(api, f"{base}/result/{short}", key).status_code,
            "audio": get(api, f"{base}/audio/{short}", key).status_code,
            "retry": api.http.post(f"{base}/retry/{short}", headers=bearer(key)).status_code,
        }

    assert answers(ANNA) == {"result": 200, "audio": 200, "retry": 409}
    assert answers(BEN) == {"result": 404, "audio": 404, "retry": 404}
    assert api.http.delete(f"/api/v1/asr/task/{short}", headers=bearer(BEN)).status_code == 404
    assert lab.journal.open_task(task_id) is not None


@pytest.mark.parametrize("query", ["", "?status=failed"])
def test_only_the_owner_sees_its_history(api: ApiServer, lab: Lab, query: str) -> None:
    mine = {key: submit(api, key) for key in (ANNA, BEN)}
    for task_id in mine.values():
        task = lab.journal.open_task(task_id)
        assert task is not None
        lab.ending.end(task, failed() if query else done())

    for key, task_id in mine.items():
        records = get(api, f"/api/v1/asr/history{query}", key).json()["records"]
        assert [record["task_id"] for record in records] == [task_id]


def test_a_recording_without_a_known_owner_is_not_served(api: ApiServer, lab: Lab) -> None:
    task_id = submit(api, ANNA)
    task = lab.journal.open_task(task_id)
    assert task is not None
    lab.ending.end(task, done())
    url = f"/api/v1/asr/audio/{task_id}"

    lab.client.delete(lab.store.task_key(task_id))
    lab.journal.forget(task_id, 1)
    assert get(api, url, ANNA).status_code == 200, "the history still tells whose it is"
    assert get(api, url, BEN).status_code == 404
    lab.client.delete(lab.store.history_key)
    assert get(api, url, ANNA).status_code == 404


def test_idempotency_keys_of_different_owners_are_separate(api: ApiServer) -> None:
    files = {"audio": ("note", tone(1))}
    ids = {
        api.http.post(
            "/api/v1/asr/submit", files=files, headers=bearer(key) | {"Idempotency-Key": "same"}
        ).json()["task_id"]
        for key in (ANNA, BEN)
    }
    assert len(ids) == 2


def test_the_log_contains_no_keys(api: ApiServer) -> None:
    submit(api, ANNA)
    assert ANNA not in api.log()
