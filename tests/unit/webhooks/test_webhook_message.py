"""Webhook messages of tasks whose record is gone."""

from __future__ import annotations

import json

from voxq.core.task import Status
from voxq.queue.webhook_queue import Delivery
from voxq.webhooks.message import body_of, headers_of


def test_a_message_for_a_deleted_task_says_only_that_it_ended() -> None:
    task_id = "2025-12-01_001_abc123"
    delivery = Delivery("bot_x_1", "e", "bot", "asr", task_id, 2, Status.DONE, 7)
    assert json.loads(body_of(delivery, None)) == {
        "delivery": f"{task_id}.2",
        "task_id": task_id,
        "kind": "asr",
        "run": 2,
        "status": "done",
        "result_url": f"/api/v1/asr/result/{task_id}",
    }


def test_the_signature_covers_the_time_and_the_body() -> None:
    delivery = Delivery("bot_x_1", "e", "bot", "asr", "2025-12-01_001_abc123", 1, Status.DONE, 7)
    headers = headers_of(delivery, b"{}", "secret", 1764583200.9)
    # printf '1764583200.{}' | openssl dgst -sha256 -hmac secret
    assert headers["X-VoxQ-Timestamp"] == "1764583200"
    assert (
        headers["X-VoxQ-Signature"]
        == "sha256=e7820317a66cda18d7ca04cf26a5f97872653804965970d0ee82a28acd7e11a7"
    )
    assert headers["X-VoxQ-Delivery"] == "2025-12-01_001_abc123.1"
