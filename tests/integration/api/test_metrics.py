"""Metrics for Prometheus: from any process about all processes, and across restarts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import grafana
import pytest
import redis
from api_server import ApiServer, running_api, tone
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from valkey_lab import RedisServer, forgetful_server
from worker_lab import NOTE, WorkerLab, wait_for

from voxq.metrics.catalogue import BLAMES
from voxq.metrics.counters import Counters, Totals, add_to_sums
from voxq.queue import script
from voxq.queue.keys import COUNTERS_KEY

KEY = "annas-secret-key"
VOICE = "counting_voice:KIND"


def scrape(api: ApiServer, key: str = "") -> list[Sample]:
    answer = api.http.get("/metrics", headers={"Authorization": f"Bearer {key}"} if key else {})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]


def value(samples: list[Sample], name: str, **labels: str) -> float:
    """Return the sum over all series with these labels."""
    return sum(s.value for s in samples if s.name == name and labels.items() <= s.labels.items())


def in_line(sample: Sample) -> bool:
    return sample.name == "voxq_queue_tasks"


def of_recordings(sample: Sample, name: str) -> bool:
    return sample.name == name and sample.labels["kind"] == "asr"


@pytest.fixture
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a separate server, because the API that tests share writes its counts to the usual one a second
    later."""
    with forgetful_server(tmp_path_factory.mktemp("metrics")) as url:
        yield url


@pytest.fixture
def worker_lab(redis_url: str, tmp_path: Path) -> Iterator[WorkerLab]:
    lab = WorkerLab(
        tmp_path,
        redis_url,
        asr_models="second=counting_engine:KIND:sleep-1ms",
        max_inflight=None,
        max_attempts=1,
    )
    yield lab
    lab.close()


def do_work(lab: WorkerLab) -> None:
    """Let two recordings succeed and three fail, one after another, so that no good one shares a batch with a
    bad one; one text is spoken and one fails."""
    for words, model in (
        ((), "noop"),
        ((), "second"),
        (("fault-error",), "noop"),
        (("fault-memory",), "noop"),  # the other model is unloaded for the retry
        (("fault-exit",), "noop"),
    ):
        lab.wait_for_ends([lab.submit(NOTE, *words, model=model)])
    for text in ("One sentence. And another one.", "It is foreign to me."):
        lab.wait_for_ends([lab.submit_text(text)])
    lab.client.hincrby("webhook:stats", "delivered", 1)


def test_any_process_reports_the_sums_of_all(redis_url: str, tmp_path: Path, worker_lab: WorkerLab) -> None:
    keys = {"API_KEYS": f"anna:{KEY}"}
    with running_api(redis_url, tmp_path, **keys) as other:
        worker = worker_lab.worker()
        do_work(worker_lab)
        with running_api(redis_url, tmp_path, **keys) as one:
            for headers in ({}, {"Authorization": f"Bearer {KEY}"}):
                one.http.post("/api/v1/asr/submit", files={"audio": ("x", b"no sound")}, headers=headers)
        # That process has ended by now, and so does the worker.
        worker.stop()
        assert other.http.get("/metrics").status_code == 401, "whose keys there are is not for everybody"
        samples = scrape(other, KEY)
        check_requests(samples)
        check_work(samples)
        check_speech(samples)

        worker_lab.worker()
        samples = scrape(other, KEY)
        check_work(samples)
        check_now(samples)
        check_dashboard(samples)


def check_requests(samples: list[Sample]) -> None:
    submits = {"route": "/api/v1/asr/submit", "method": "POST"}
    assert value(samples, "voxq_http_requests_total", **submits, status="400", owner="anna") == 1
    assert value(samples, "voxq_http_requests_total", **submits, status="401", owner="") == 1
    assert value(samples, "voxq_http_request_seconds_count", **submits) == 2


def check_work(samples: list[Sample]) -> None:
    statuses = ("done", "failed", "cancelled")
    assert [value(samples, "voxq_tasks_total", kind="asr", status=s) for s in statuses] == [2, 3, 0]
    failures = {s.labels["code"]: s.value for s in samples if of_recordings(s, "voxq_task_failures_total")}
    assert failures == {"faulty": 1, "out_of_memory": 1, "engine_crashed": 1}
    blames = {s.labels["code"]: s.value for s in samples if s.name == "voxq_blames_total"}
    assert blames == failures
    assert value(samples, "voxq_engine_deaths_total", model="noop", code="engine_crashed") == 1
    assert value(samples, "voxq_out_of_memory_total", model="noop") == 2
    assert value(samples, "voxq_model_unloads_total", model="second") == 1
    assert value(samples, "voxq_model_load_seconds_count", model="second", on_demand="true") == 1
    assert value(samples, "voxq_batch_seconds_count", worker="1", model="second") == 1
    assert value(samples, "voxq_batch_seconds_count", worker="1", model="noop") == 4
    assert value(samples, "voxq_batch_chunks_sum", model="noop") == 4
    assert 5 < value(samples, "voxq_chunk_seconds_sum", model="second") <= 10.1
    assert value(samples, "voxq_audio_seconds_total", kind="asr") == pytest.approx(20.5, abs=0.5)
    for name in ("voxq_task_wait_seconds", "voxq_task_real_time_factor"):
        for kind, count in (("asr", 2), ("tts", 1)):
            assert value(samples, f"{name}_count", kind=kind) == count
            assert value(samples, f"{name}_bucket", le="+Inf", kind=kind) == count
    assert value(samples, "voxq_task_wait_seconds_sum") > 0


def check_speech(samples: list[Sample]) -> None:
    """Check that speech has the same metrics as recordings."""
    assert [value(samples, "voxq_tasks_total", kind="tts", status=s) for s in ("done", "failed")] == [1, 1]
    assert value(samples, "voxq_task_failures_total", kind="tts", code="language_unavailable") == 1
    assert value(samples, "voxq_audio_seconds_total", kind="tts") == pytest.approx(0.7, abs=0.15)
    assert value(samples, "voxq_batch_seconds_count", worker="1", model=VOICE) == 3
    assert value(samples, "voxq_batch_chunks_sum", model=VOICE) == 3
    assert value(samples, "voxq_chunk_seconds_count", model=VOICE) == 3
    assert value(samples, "voxq_model_load_seconds_count", model=VOICE) == 1


def check_now(samples: list[Sample]) -> None:
    assert value(samples, "voxq_redis_up") == value(samples, "voxq_workers", state="ready") == 1
    total = value(samples, "voxq_device_memory_bytes", device="cpu")
    assert total > value(samples, "voxq_device_memory_used_bytes", device="cpu") > 1e8
    assert 1e7 < value(samples, "voxq_model_memory_bytes", model="noop", worker="1") < total
    assert value(samples, "voxq_model_ready", model="noop") == 1


def check_dashboard(samples: list[Sample]) -> None:
    """Check that the queries of the dashboard refer to existing metrics and labels."""
    labels: dict[str, set[str]] = {}
    for sample in samples:
        labels.setdefault(sample.name, set()).update(sample.labels)
    asked = [
        (metric, expr) for expr in grafana.expressions(grafana.load()) for metric in grafana.metrics_in(expr)
    ]
    assert len({metric for metric, _ in asked}) > 30
    missing = [
        (metric, expr)
        for metric, expr in asked
        if metric not in labels or not grafana.labels_in(expr) <= labels[metric]
    ]
    assert not missing


def test_metrics_report_waiting_tasks_and_their_age(
    redis_url: str, tmp_path: Path, client: redis.Redis
) -> None:
    with running_api(redis_url, tmp_path) as api:
        for priority in ("high", "normal", "normal"):
            api.submitted(tone(2), priority=priority)
        assert api.http.post("/api/v1/tts/submit", json={"text": "Hello there."}).status_code == 200
        time.sleep(0.3)
        samples = scrape(api)
        waiting = {s.labels["lane"]: s.value for s in samples if of_recordings(s, "voxq_queue_tasks")}
        assert waiting == {"high": 1, "short": 2, "long": 0}
        ages = {s.labels["lane"]: s.value for s in samples if of_recordings(s, "voxq_queue_oldest_seconds")}
        assert ages["long"] == 0
        assert 0.3 < ages["short"] < ages["high"] < 200
        assert value(samples, "voxq_queue_audio_seconds", kind="asr") == 6
        texts = {s.labels["lane"]: s.value for s in samples if s.labels.get("kind") == "tts" and in_line(s)}
        assert texts == {"high": 0, "short": 1, "long": 0}
        assert value(samples, "voxq_queue_oldest_seconds", kind="tts", lane="short") > 0.3
        assert value(samples, "voxq_queue_audio_seconds", kind="tts") >= 1


def test_counts_during_an_outage_of_redis_are_reported_later(tmp_path: Path) -> None:
    """Values made up by a client do not become labels, and events during the outage are counted."""
    # Its files outlive it without fsync, and on a slow disk fsync would delay the API.
    server = RedisServer(tmp_path / "redis", appendfsync="no")
    try:
        with running_api(server.url, tmp_path, API_KEYS=f"anna:{KEY}", METRICS_ANONYMOUS="true") as api:
            for word in ("PROPFIND", "MKCOL", "POST"):
                api.http.request(word, f"/api/v1/{word}")
            scrape(api)
            server.kill()
            for _ in range(3):
                api.http.get("/livez")
            samples = scrape(api)
            assert {s.name for s in samples} == {"voxq_build_info", "voxq_redis_up"}
            assert value(samples, "voxq_redis_up") == 0
            server.restart()
            samples = wait_for(lambda: with_redis(api), "Redis")
            assert value(samples, "voxq_http_requests_total", route="/livez") >= 4  # one at the start
            unknown = [
                s for s in samples if s.name == "voxq_http_requests_total" and s.labels["route"] == "other"
            ]
            assert {(s.labels["method"], s.labels["status"], s.value) for s in unknown} == {
                ("other", "404", 2.0),
                ("POST", "404", 1.0),
            }
    finally:
        server.kill()


def with_redis(api: ApiServer) -> list[Sample]:
    samples = scrape(api)
    return samples if value(samples, "voxq_redis_up") else []


def test_a_parcel_sent_twice_is_counted_once(client: redis.Redis) -> None:
    counters = Counters()
    told = []
    for _ in range(2):
        counters.add(BLAMES, "timeout")
        parcel = counters.parcel()
        assert parcel is not None
        counters.arrived(parcel)
        told.append(parcel)
    first, second = told
    answers = [script.run(client, add_to_sums(parcel)) for parcel in (first, first, second, first, second)]
    assert answers == [True, False, True, False, False]
    assert Totals(client.hgetall(COUNTERS_KEY)).counts(BLAMES) == {("timeout",): 2}
