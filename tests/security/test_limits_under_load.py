"""Limits, with many clients that try to exceed them at the same moment."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from api_server import NOTE, ApiServer, running_api, tone
from attacked import STREAMS, Attacked, submitted
from worker_lab import wait_for

CLIENTS = 40
EVENTS = "/api/v1/asr/events/{}"


def test_the_limit_on_streams_of_one_key_holds(
    service: Attacked, anna: httpx.Client, ben: httpx.Client
) -> None:
    """One key gets MAX_EVENT_STREAMS of them, in any order; another key has its own; closed ones free their
    places."""
    service.lab.close_gate()
    hers, his = submitted(anna, hotwords="gated"), submitted(ben, hotwords="gated")
    with ExitStack() as open_streams:

        def follow(_: int) -> int:
            answer = open_streams.enter_context(anna.stream("GET", EVENTS.format(hers)))
            return answer.status_code

        with ThreadPoolExecutor(CLIENTS) as pool:
            statuses = Counter(pool.map(follow, range(CLIENTS)))
        assert statuses == {200: STREAMS, 429: CLIENTS - STREAMS}
        with ben.stream("GET", EVENTS.format(his)) as answer:
            assert answer.status_code == 200

    def there_is_room() -> bool:
        with anna.stream("GET", EVENTS.format(hers)) as answer:
            return answer.status_code == 200

    wait_for(there_is_room, "room for a stream", 20)
    for task_id, client in ((hers, anna), (his, ben)):
        client.delete(f"/api/v1/asr/task/{task_id}")
    service.lab.open_gate()


@pytest.fixture
def narrow(redis_url: str, tmp_path: Path) -> Iterator[ApiServer]:
    limits = {"MAX_QUEUE_SECONDS": "20", "MAX_UPLOAD_MB": "1", "MAX_TEXT_CHARACTERS": "100"}
    with running_api(redis_url, tmp_path, **limits) as api:
        yield api


def test_the_limits_on_waiting_audio_hold(narrow: ApiServer) -> None:
    """Twenty seconds of each kind are accepted, whatever all clients send at once; the rest leaves nothing
    behind."""
    text = "The old lighthouse stood on the hill for ten years."

    def send(number: int) -> tuple[str, int]:
        kind = number % 3
        if kind == 0:
            return "recording", narrow.submit(tone(2)).status_code
        if kind == 1:
            return "text", narrow.http.post("/api/v1/tts/submit", json={"text": text}).status_code
        return "large", narrow.submit(bytes(1 << 20) + NOTE).status_code

    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = Counter(pool.map(send, range(3 * CLIENTS)))
    assert answers["recording", 200] == 10
    assert answers["recording", 429] == CLIENTS - 10
    assert answers["large", 413] + answers["large", 429] == CLIENTS, "those that come late are refused unread"
    assert answers["text", 200] + answers["text", 429] == CLIENTS
    assert answers["text", 429] > 0
    for kind in ("asr", "tts"):
        status = narrow.http.get(f"/api/v1/{kind}/queue/status").json()
        assert status["queued_seconds"] < 20 + 4, "one more may be let in while there is any room"
    wait_for(lambda: not narrow.parts_left(), "the end of what was refused", 30)
    stored = len(list((narrow.storage / "recordings").iterdir()))
    assert stored == answers["recording", 200]


def test_repeated_ranges_are_not_sent_repeatedly(
    service: Attacked, anna: httpx.Client, recording: str
) -> None:
    url = f"/api/v1/asr/audio/{recording}"
    for ranges in (
        ",".join(["0-"] * 2000),
        ",".join(f"{start}-" for start in range(1500)),
        ",".join(f"{start}-{start}" for start in range(0, 3000, 2)),
        ",".join(["-1"] * 3000),
    ):
        started = time.monotonic()
        answer = anna.get(url, headers={"Range": f"bytes={ranges}"})
        assert answer.status_code in (200, 206, 400, 416)
        assert len(answer.content) < len(NOTE) + 1_000_000
        assert time.monotonic() - started < 20
