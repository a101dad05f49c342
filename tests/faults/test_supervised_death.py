"""Death of a worker under `voxq up`: its tasks continue at once instead of after the end of their claims."""

from __future__ import annotations

import time
from pathlib import Path

from stack import running_stack
from worker_lab import MEETING, wait_for

from voxq.queue.claiming import CLAIM_TTL

_LATEST = CLAIM_TTL - 2
"""Seconds after the death when no claim can have expired yet, because there is a heartbeat every second."""


def test_tasks_of_a_dead_worker_continue_at_once(tmp_path: Path) -> None:
    with running_stack(tmp_path / "stack", max_inflight=2) as stack:
        held = [stack.submit(MEETING, batch_size="8", hotwords="gated") for _ in range(2)]
        wait_for(lambda: {stack.result(each)["status"] for each in held} == {"processing"}, "both in hand")
        stack.kill("worker")
        died = time.monotonic()
        wait_for(
            lambda: stack.log.count("requeued: its worker has died") == len(held), "the tasks back", _LATEST
        )
        print(f"requeued {time.monotonic() - died:.2f} s after the death")
        stack.open_gate()
        stack.wait_for_ends(held)
        print(f"all ended {time.monotonic() - died:.2f} s after the death")
        assert {stack.result(each)["attempts"] for each in held} == {1}


def test_it_is_not_called_ready_after_everything_was_killed(tmp_path: Path) -> None:
    """The reports of the dead worker are seconds old, and Redis has kept them; only a model that is loaded
    counts."""
    with running_stack(tmp_path / "stack") as stack:
        assert stack.http.get("/health").json()["workers_active"] == 1
        stack.kill_everything()
        loaded_before = stack.log.count("status=ready")
        stack.start(ready=False)
        stack.wait_ready()
        # The worker writes this line after the report that made it ready.
        wait_for(lambda: stack.log.count("status=ready") > loaded_before, "a worker that is ready", 0.5)


def test_it_is_not_ready_while_a_dead_model_process_is_replaced(tmp_path: Path) -> None:
    with running_stack(tmp_path / "stack") as stack:
        stack.kill("model process")
        wait_for(lambda: not stack.is_ready(), "the loss in the health", 10)
        answer = stack.http.get("/health").json()
        assert (answer["status"], answer["model_loaded"]) == ("unavailable", False)
        stack.wait_ready()
