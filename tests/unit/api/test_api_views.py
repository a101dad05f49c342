"""Pure parts of responses: estimates, health, and the format of log lines."""

from __future__ import annotations

import json
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxq.api.access_log import AccessLog
from voxq.api.errors import server_error, stopping
from voxq.api.monitoring import devices
from voxq.api.monitoring.workers import WorkerFacts, WorkerOverview
from voxq.api.routes.health import reasons_against, uptime
from voxq.queue.enqueueing import Place


def worker(**changes: object) -> WorkerFacts:
    facts = {
        "id": 1,
        "state": "ready",
        "engine": "e",
        "model": "m",
        "device": "cpu",
        "beat": 100.0,
        "held": 0,
    }
    loaded = WorkerFacts.load(json.dumps({**facts, "unknown": "of a later version", **changes}))
    assert loaded is not None
    return loaded


class TestOverview:
    def test_only_workers_with_a_recent_heartbeat_are_alive(self) -> None:
        """Heartbeats can be in the future after the clock was set back."""
        beats = (85.0, 84.9, 115.0, 115.1)
        facts = [worker(id=number, beat=beat) for number, beat in enumerate(beats)]
        assert [each.id for each in WorkerOverview.of(facts, {}, 100.0).workers] == [0, 2]

    @pytest.mark.parametrize("raw", ["", "null", "[]", "{}", '{"id": 1}', '"x"', "[" * 1000])
    def test_invalid_worker_facts_are_ignored(self, raw: str) -> None:
        assert WorkerFacts.load(raw) is None
        assert WorkerOverview.of([WorkerFacts.load(raw)], {}, 100.0).workers == ()

    def test_the_pace_is_measured_or_the_slowest_warm_up_or_real_time(self) -> None:
        overview = [worker(id=1, rtf=0.1), worker(id=2, rtf=0.3), worker(id=3)]
        assert WorkerOverview.of(overview, {"asr": 0.05}, 100.0).pace_of("asr") == 0.05
        assert WorkerOverview.of(overview, {"asr": None}, 100.0).pace_of("asr") == 0.3
        assert WorkerOverview.of([worker()], {}, 100.0).pace_of("asr") == 1.0

    @given(st.floats(0, 1e6), st.floats(0.001, 100), st.integers(0, 8))
    def test_estimated_waits_are_at_least_a_second_and_shrink_with_workers(
        self, ahead: float, pace: float, workers: int
    ) -> None:
        few, more = (
            WorkerOverview(tuple(worker(id=n) for n in range(count)), {"asr": pace})
            for count in (workers, workers + 1)
        )
        place = Place(1, ahead)
        assert 1 <= more.estimated_wait(place, "asr") <= few.estimated_wait(place, "asr")
        assert few.estimated_wait(None, "asr") == 0

    def test_tasks_in_progress_add_to_the_estimated_wait(self) -> None:
        overview = WorkerOverview((worker(id=1, held=1, seconds_left=30.0), worker(id=2)), {"asr": 0.1})
        assert overview.estimated_wait(Place(1, 0.0), "asr") == 15
        assert overview.estimated_wait(Place(2, 100.0), "asr") == 20


class TestDevices:
    """Summary of the devices of several workers."""

    MODEL: ClassVar = {
        "name": "m",
        "state": "ready",
        "memory_mb": 900,
        "load_seconds": 2.5,
        "batch_items": 8,
        "batch_padded_seconds": 60,
        "replicas": 2,
        "speed_short": 28.1,
        "speed_long": None,
    }

    def test_a_worker_without_figures_leaves_them_unknown(self) -> None:
        [device] = devices.views_of([worker(device="cuda:0", host="box")])
        assert device.model_dump() == {
            "device": "cuda:0",
            "host": "box",
            "workers": [1],
            "total_mb": None,
            "used_mb": None,
            "free_mb": None,
            "utilization_percent": None,
            "avg_load_time_seconds": None,
            "total_switches": 0,
            "resident": [],
        }

    def test_workers_on_one_device_count_together(self) -> None:
        one = worker(
            id=1,
            host="box",
            beat=99.0,
            models=["m", "n"],
            resident=[self.MODEL],
            memory={"total_mb": 8000, "used_mb": 1000},
            loads=3,
            load_seconds_total=9.0,
            switches=2,
        )
        two = worker(id=2, host="box", memory={"total_mb": 8000, "used_mb": 2000}, loads=1, switches=1)
        elsewhere = worker(id=3, host="other", memory={"total_mb": 0, "used_mb": 0})
        box, other = devices.views_of([two, elsewhere, one])

        assert (box.host, box.workers) == ("box", [2, 1])
        assert (box.total_mb, box.used_mb, box.free_mb, box.utilization_percent) == (8000, 2000, 6000, 25.0)
        assert (box.avg_load_time_seconds, box.total_switches) == (2.25, 3)
        assert [model.model_dump() for model in box.resident] == [self.MODEL]
        assert (other.host, other.utilization_percent, other.free_mb) == ("other", None, 0)

    def test_models_of_all_workers_are_listed_with_the_default_first(self) -> None:
        overview = WorkerOverview((worker(models=["b", "a"]), worker(), worker(models=["b", "c", "a"])))
        assert overview.models == ("b", "a", "c")
        assert WorkerOverview((worker(),)).models == ()


class TestHealth:
    @pytest.mark.parametrize(
        ("overview", "has_capacity", "words"),
        [
            (WorkerOverview((worker(),)), True, []),
            (WorkerOverview((worker(), worker(state="failed"))), True, []),
            (None, True, ["redis_away"]),
            (WorkerOverview(), True, ["no_workers"]),
            (WorkerOverview((worker(state="loading"),)), True, ["loading"]),
            (WorkerOverview((worker(state="failed"),)), True, ["model_failed"]),
            (WorkerOverview((worker(state="stopping"),)), True, ["stopping"]),
            (WorkerOverview((worker(),)), False, ["disk_full"]),
            (None, False, ["redis_away", "disk_full"]),
        ],
    )
    def test_reasons(self, overview: WorkerOverview | None, has_capacity: bool, words: list[str]) -> None:
        assert [reason.word for reason in reasons_against(overview, has_capacity)] == words

    @pytest.mark.parametrize(
        ("seconds", "words"),
        [
            (0, "0 seconds"),
            (1.9, "1 second"),
            (60, "1 minute"),
            (3661, "1 hour 1 minute"),
            (3 * 86400 + 5 * 3600 + 59, "3 days 5 hours"),
            (86400 + 59, "1 day 59 seconds"),
        ],
    )
    def test_uptime(self, seconds: float, words: str) -> None:
        assert uptime(seconds) == words


class TestAccessLog:
    async def answers(self, app: object) -> list[dict[str, object]]:
        sent: list[dict[str, object]] = []

        async def send(message: dict[str, object]) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "GET", "path": "/x", "headers": []}
        await AccessLog(app, server_error, stopping)(scope, None, send)  # pyright: ignore[reportArgumentType]
        return sent

    async def test_an_unexpected_error_is_answered_without_details(self) -> None:
        async def broken(*_: object) -> None:
            raise RuntimeError("a secret")

        start, body = await self.answers(broken)
        assert start["status"] == 500
        assert json.loads(bytes(body["body"])) == {  # pyright: ignore[reportArgumentType]
            "error": "Something went wrong on the server",
            "code": "internal",
        }

    async def test_an_error_is_not_answered_twice(self) -> None:
        async def broken_halfway(scope: object, receive: object, send: object) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})  # pyright: ignore
            raise RuntimeError("late")

        with pytest.raises(RuntimeError, match="late"):
            await self.answers(broken_halfway)
