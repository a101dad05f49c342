"""Body and signature of a webhook message. Pure."""

from __future__ import annotations

import hashlib
import hmac
import json

from voxq.core.task import utc
from voxq.queue.webhook_queue import Delivery
from voxq.rewriting.records import summary_of
from voxq.storage.journal.port import Ended


def body_of(delivery: Delivery, end: Ended | None) -> bytes:
    """Return the JSON body; without `end` (the record is gone by now) it says only that the task ended."""
    message = {
        "delivery": delivery.id,
        "task_id": delivery.task_id,
        "kind": delivery.kind,
        "run": delivery.run,
        "status": delivery.status,
        "result_url": f"/api/v1/{delivery.kind}/result/{delivery.task_id}",
    }
    if end is not None:
        outcome = end.outcome
        message |= {
            "created_at": utc(end.task.created_at),
            "ended_at": utc(outcome.ended_at),
            "duration": round(outcome.duration, 3),
            "model": outcome.model,
            "language": outcome.language,
            "text": outcome.text,
            "error": outcome.error,
            "code": outcome.code,
            **summary_of(outcome.steps),
        }
    return json.dumps(message, ensure_ascii=False).encode()


def headers_of(delivery: Delivery, body: bytes, secret: str, now: float) -> dict[str, str]:
    """Return the headers, with a signature; `now` is in seconds since the epoch.

    The timestamp is signed so that receivers can reject old messages.
    """
    timestamp = str(int(now))
    return {
        "Content-Type": "application/json",
        "User-Agent": "VoxQ",
        "X-VoxQ-Delivery": delivery.id,
        "X-VoxQ-Timestamp": timestamp,
        "X-VoxQ-Signature": f"sha256={signature(secret, timestamp, body)}",
    }


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return the hexadecimal HMAC-SHA256 of the timestamp, a full stop and the body."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
