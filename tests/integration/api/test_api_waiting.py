"""Long polls: they end with the task because of its event, not because of periodic checks."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from api_server import ApiServer, running_api, tone
from task_lab import Lab, done

from voxq.queue.keys import EVENTS_CHANNEL

LONG = 50
"""Seconds of a long poll; a request that is woken ends earlier."""
WOKEN = 25
"""Seconds in which a busy machine wakes all requests. Without an event, none of them ends before LONG."""


def wait_for(api: ApiServer, task_id: str, seconds: float, **query: str) -> tuple[httpx.Response, float]:
    """Return the response and its time."""
    answer = api.http.get(f"/api/v1/asr/result/{task_id}", params={"wait": seconds, **query})
    return answer, time.monotonic()


def end(lab: Lab, task_id: str) -> float:
    task = lab.journal.open_task(task_id)
    assert task is not None
    assert lab.ending.end(task, done())
    return time.monotonic()


def test_fifty_waiters_are_woken_at_once(api: ApiServer, lab: Lab) -> None:
    task_id = api.submitted(tone(1))
    with ThreadPoolExecutor(50) as pool:
        waiting = [pool.submit(wait_for, api, task_id, LONG) for _ in range(50)]
        time.sleep(2)
        assert not any(each.done() for each in waiting)
        ended = end(lab, task_id)
        answers = [each.result() for each in waiting]

    assert {answer.json()["status"] for answer, _ in answers} == {"done"}
    assert max(at for _, at in answers) - ended < WOKEN


def test_one_waiter_is_answered_within_a_moment(api: ApiServer, lab: Lab) -> None:
    task_id = api.submitted(tone(1))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait_for, api, task_id, LONG)
        time.sleep(0.5)
        for nonsense in ("", "null", "[]", '{"status": "done"}', '{"task_id": [], "status": "done"}'):
            lab.client.publish(EVENTS_CHANNEL, nonsense)
        ended = end(lab, task_id)
        _, at = waiting.result()
    assert at - ended < WOKEN


def test_a_wait_without_an_event_ends_in_time(api: ApiServer) -> None:
    task_id = api.submitted(tone(1))
    started = time.monotonic()
    answer, at = wait_for(api, task_id, 0.5)
    assert answer.json()["status"] == "queued"
    assert 0.5 <= at - started < WOKEN


def test_waiting_requests_send_no_commands_to_redis(api: ApiServer, lab: Lab) -> None:
    """The API must have sent its counts of earlier requests first."""

    def is_quiet() -> bool:
        before = lab.client.info("commandstats")["cmdstat_evalsha"]["calls"]
        time.sleep(1.2)
        return lab.client.info("commandstats")["cmdstat_evalsha"]["calls"] == before

    task_id = api.submitted(tone(1))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait_for, api, task_id, LONG)
        try:
            time.sleep(0.3)
            assert any(is_quiet() for _ in range(5))
            assert not waiting.done()
        finally:
            end(lab, task_id)
        waiting.result()


def test_an_end_that_was_missed_while_the_subscription_broke_is_found(api: ApiServer, lab: Lab) -> None:
    task_id = api.submitted(tone(1))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait_for, api, task_id, LONG)
        time.sleep(0.5)
        lab.client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        ended = end(lab, task_id)
        answer, at = waiting.result()
    assert answer.json()["status"] == "done"
    assert at - ended < WOKEN


def test_wait_applies_to_all_formats(api: ApiServer, lab: Lab) -> None:
    task_id = api.submitted(tone(1))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait_for, api, task_id, LONG, format="text")
        time.sleep(0.3)
        end(lab, task_id)
        answer, _ = waiting.result()
    assert answer.text == "guten Tag\n"


def test_waiting_requests_do_not_prevent_a_shutdown(redis_url: str, tmp_path: Path) -> None:
    with running_api(redis_url, tmp_path) as api, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait_for, api, api.submitted(tone(1)), LONG)
        time.sleep(0.5)
        started = time.monotonic()
        api.process.terminate()
        api.process.wait(LONG)
        assert time.monotonic() - started < WOKEN
        answer, _ = waiting.result()
        assert answer.json()["status"] == "queued"


@pytest.mark.parametrize("wait", ["-1", "61", "nan", "inf", "soon"])
def test_a_wait_out_of_range_is_refused(api: ApiServer, wait: str) -> None:
    answer = api.http.get("/api/v1/asr/result/2025-12-01_001_abc123", params={"wait": wait})
    assert (answer.status_code, answer.json()["field"]) == (422, "wait")
