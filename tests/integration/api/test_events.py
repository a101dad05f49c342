"""Following a task: every change is reported at once and only once, by any process."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from api_server import ApiServer, running_api, tone
from event_stream import event_stream
from task_lab import Lab, done, failed, make_worker
from worker_lab import wait_for

from voxq import kinds
from voxq.queue import claiming, documents
from voxq.queue.claiming import TaskExecution, Worker


def stream_of(api: ApiServer, task_id: str, kind: str = "asr") -> str:
    return f"{api.url}/api/v1/{kind}/events/{task_id}"


def submitted(api: ApiServer, kind: str) -> str:
    if kinds.find(kind).takes_recording:
        answer = api.http.post(f"/api/v1/{kind}/submit", files={"audio": ("note", tone(1))})
    else:
        answer = api.http.post(f"/api/v1/{kind}/submit", json={"text": "Hello there."})
    assert answer.status_code == 200, answer.text
    return answer.json()["task_id"]


def report(lab: Lab, worker: Worker, held: TaskExecution, progress: int, text: str) -> None:
    document = documents.processing(held.task, progress=progress, text=text, started_at=time.time())
    assert lab.run(claiming.report(lab.store, worker, held.task, document))


def test_a_task_is_followed_from_the_queue_to_its_end(api: ApiServer, lab: Lab) -> None:
    worker = make_worker()
    first, second = api.submitted(tone(1)), api.submitted(tone(1))
    with event_stream(stream_of(api, second)) as stream:
        assert stream.answer.headers["content-type"].startswith("text/event-stream")
        assert stream.answer.headers["x-accel-buffering"] == "no"
        assert stream.answer.headers["cache-control"] == "no-store"
        queued = next(stream)
        assert stream.retry == 2000
        assert (queued.name, queued.data["position"]) == ("queued", 2)
        assert lab.take(worker).task.id == first

        moved = next(stream)  # there is no event for it: its place is checked periodically
        assert (moved.name, moved.data["position"]) == ("queued", 1)
        held = lab.take(worker)
        assert (next(stream).name, held.task.id) == ("progress", second)
        report(lab, worker, held, 40, "guten\nTag")
        at = time.monotonic()
        progress = next(stream)
        assert (progress.data["progress"], progress.data["text"]) == (40, "guten\nTag")
        assert progress.at - at < 12, "it is told, and not found by the look of every 15 seconds"
        lab.ending.end(held.task, done("guten Tag"), worker)
        assert [(event.name, event.data) for event in stream] == [
            ("done", api.http.get(f"/api/v1/asr/result/{second}").json())
        ]


@pytest.mark.parametrize("kind", list(kinds.registered()))
@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_failed_and_cancelled_tasks_are_reported_as_events(
    api: ApiServer, lab: Lab, end: str, kind: str
) -> None:
    task_id = submitted(api, kind)
    with event_stream(stream_of(api, task_id, kind)) as stream:
        assert next(stream).name == "queued"
        if end == "failed":
            task = lab.journal.open_task(task_id)
            assert task is not None
            lab.ending.end(task, failed())
        else:
            api.http.delete(f"/api/v1/{kind}/task/{task_id}")
        last = list(stream)[-1]
        assert (last.name, last.data["status"]) == (end, end)
    other = "tts" if kind == "asr" else "asr"
    with event_stream(stream_of(api, task_id, other)) as stream:
        assert stream.answer.status_code == 404, "it is found under its own kind only"


def test_a_broken_stream_is_resumed_at_another_process(
    api: ApiServer, lab: Lab, redis_url: str, tmp_path: Path
) -> None:
    (tmp_path / "storage").symlink_to(api.storage)
    with running_api(redis_url, tmp_path) as other:
        worker = make_worker()
        task_id = api.submitted(tone(1))
        held = lab.take(worker)
        report(lab, worker, held, 20, "guten")
        with event_stream(stream_of(api, task_id)) as stream:
            seen = next(stream).id
        with event_stream(stream_of(other, task_id), seen) as stream:
            report(lab, worker, held, 60, "guten Tag")
            event = next(stream)
            assert (event.name, event.data["progress"]) == ("progress", 60)
        lab.ending.end(held.task, done(), worker)
        with event_stream(stream_of(other, task_id), event.id) as stream:
            (event,) = stream
            assert event.name == "done"
        answer = api.http.get(stream_of(api, task_id), headers={"Last-Event-ID": event.id})
        assert (answer.status_code, answer.content) == (204, b"")

        task_id = other.submitted(tone(1))
        with event_stream(stream_of(other, task_id)) as stream:
            assert next(stream).name == "queued"
            other.process.terminate()
            started = time.monotonic()
            assert list(stream) == []  # ended, and not cut off
            other.process.wait(60)
            assert time.monotonic() - started < 25


def test_closed_streams_are_released_and_too_many_are_refused(redis_url: str, tmp_path: Path) -> None:
    limits = {"MAX_EVENT_STREAMS": "3", "API_KEYS": "anna:annas-key,otto:ottos-key"}
    annas, ottos = {"Authorization": "Bearer annas-key"}, {"Authorization": "Bearer ottos-key"}
    with running_api(redis_url, tmp_path, **limits) as api:
        api.http.headers.update(annas)
        url = stream_of(api, api.submitted(tone(1)))
        with event_stream(url, **ottos) as stream:
            assert (stream.answer.status_code, stream.answer.json()["code"]) == (404, "not_found")
        with ExitStack() as open_streams:
            for _ in range(3):
                stream = open_streams.enter_context(event_stream(url, **annas))
                assert next(stream).name == "queued"
            with event_stream(url, **annas) as stream:
                assert (stream.answer.status_code, stream.answer.json()["code"]) == (429, "too_many_streams")
                assert stream.answer.headers["retry-after"]
            with event_stream(url, **ottos) as stream:
                assert stream.answer.status_code == 404

        def is_let_in() -> bool:
            with event_stream(url, **annas) as stream:
                return stream.answer.status_code == 200

        wait_for(is_let_in, "the end of the streams whose clients are gone")


def test_streams_outlive_an_outage_of_the_channel(api: ApiServer, lab: Lab) -> None:
    task_id = api.submitted(tone(1))
    with event_stream(stream_of(api, task_id)) as stream:
        assert next(stream).name == "queued"
        for nonsense in ("", "null", "[]", '{"status": "done"}', f'{{"task_id": "{task_id}", "status": 1}}'):
            lab.client.publish("voxq:events", nonsense)
        lab.client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        at = time.monotonic()
        lab.ending.end(lab.take(make_worker()).task, done())
        last = list(stream)[-1]
        assert last.name == "done"
        assert last.at - at < 25


def test_an_unknown_task_cannot_be_followed(api: ApiServer) -> None:
    for unknown in ("2025-12-01_001_abc123", "abc123", "..%2F..%2Fetc", "a" * 500):
        with event_stream(stream_of(api, unknown)) as stream:
            assert stream.answer.status_code == 404
            assert stream.answer.json()["code"] == "not_found"
