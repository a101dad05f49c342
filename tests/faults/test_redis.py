"""A whole service whose Redis restarts, loses data, freezes, is unreachable, or refuses writes.

Meanwhile every call is answered soon; afterwards everything resumes without help, nothing is lost, and
nothing finished is done again.
"""

from __future__ import annotations

import itertools
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import redis
from audit import audit
from cut_wire import OtherThreadsWire, other_threads_wire_to
from every_route import calls, seconds_alive
from mixed_load import CALLBACK, MixedLoad, Wish, long_file
from stack import RunningStack, running_stack
from valkey_lab import RedisServer
from webhook_receiver import SECRET, Receiver, receiver
from work_done import assert_done_once, chunks
from worker_lab import MEETING, wait_for

pytestmark = pytest.mark.slow

_LONG = float(os.environ.get("VOXQ_TEST_OUTAGE_SECONDS", "0"))
_SECONDS = {"frozen": _LONG or 20.0, "clogged": _LONG or 5.0, "lost": _LONG or 5.0}
"""Durations of outages in seconds; the first is longer than a worker's claims last."""
PROMISED = 2.0
"""Maximum seconds for the response to a call."""
SOON = 8.0
"""The same for the slowest of many calls, on a machine that may be busy with other work."""
_NUMBERS = itertools.count()


@dataclass
class Service:
    """A stack that is connected to its server through a wire, with everything that its clients have been
    told."""

    stack: RunningStack
    server: RedisServer
    wire: OtherThreadsWire
    told: Receiver
    long: Path
    document: dict[str, Any]
    """OpenAPI document of the API, fetched before the outage."""
    pids: list[int]
    """Process ids of API and worker, which must not be restarted."""
    ids: list[str] = field(default_factory=list)

    def load(self) -> MixedLoad:
        """Submit ten tasks; the first are in progress when this returns, and more follow."""
        before = self.stack.calls()
        load = MixedLoad(self.stack, self.wishes(10), seconds=1.5, patience=60)
        wait_for(lambda: self.stack.calls() > before + 3, "work")
        return load

    def wishes(self, count: int) -> list[Wish]:
        """Generate short recordings, texts, and files of many chunks; some have webhooks, all have keys."""
        return [self._wish(next(_NUMBERS)) for _ in range(count)]

    def _wish(self, number: int) -> Wish:
        fields: dict[str, Any] = {"callback": CALLBACK} if number % 4 == 0 else {}
        if number % 10 == 1:
            return Wish(f"k{number}", "asr", fields | {"batch_size": "8"}, self.long)
        if number % 2:
            return Wish(f"k{number}", "asr", fields | {"batch_size": "8"}, MEETING)
        sentences = (
            f"Sentence {each} of text {number} is said{' slowly' * (each == 0)}." for each in range(4)
        )
        return Wish(f"k{number}", "tts", fields, text=" ".join(sentences))

    def assert_all_well(self, load: MixedLoad, what: str, since: float) -> None:
        """Assert that all clients got responses, that each task ended and was done exactly once, that every
        webhook was notified, and that no process was restarted. `since`: when Redis had recovered."""
        answers = load.wait()
        self.stack.wait_ready()
        ready = time.monotonic()
        self.stack.wait_for_ends(answers.ids.values(), 90)
        print(f"{what}: ready after {ready - since:.1f} s, all ended after {time.monotonic() - since:.1f} s")
        self.wait_for_webhooks()
        load.ask_again()
        self.ids += answers.ids.values()
        ends = audit(self.stack, self.ids)
        assert {outcome.status for outcome in ends.values()} == {"done"}
        assert_done_once(self.stack, ends)
        wanted = {answers.ids[wish.key] for wish in load.wanted if "callback" in wish.fields}
        assert wanted <= {each.message["task_id"] for each in self.told.told}
        assert pids(self.stack) == self.pids

    def wait_for_webhooks(self) -> None:
        """Wait for all webhooks; a delivery that was not acknowledged is retried after its lease of 30 s."""
        waiting = [f"rq:{where}:voxq-webhooks" for where in ("queue", "wip", "scheduled")]
        wait_for(lambda: not self.stack.client.exists(*waiting), "every webhook", 60)

    def assert_answers_soon(self, what: str) -> None:
        """Assert that every call is answered soon while Redis does not respond."""
        answers = calls(self.stack.url, self.document, self.ids[0])
        slow = max(answers, key=lambda answer: answer.seconds)
        typical = statistics.median(answer.seconds for answer in answers)
        alive = seconds_alive(self.stack.url)
        livez = f"livez {statistics.median(alive) * 1000:.0f} ms"
        print(f"{what}: the slowest answer {slow.seconds:.2f} s ({slow.path}), {livez}")
        for answer in answers:
            assert answer.status == (503 if answer.needs_redis else 200), answer
            assert answer.seconds < SOON, answer
            assert "health" in answer.path or not answer.needs_redis or answer.headers["Retry-After"], answer
        assert typical < PROMISED
        assert alive[0] < 0.1
        assert alive[-1] < SOON

    def logs(self) -> str:
        directory = self.stack.settings.logs_dir
        return "".join(path.read_text("utf-8") for path in sorted(directory.glob("*.log")))


def pids(stack: RunningStack) -> list[int]:
    return [process.pid for role in ("api", "worker") for process in stack.processes(role)]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    root = tmp_path_factory.mktemp("redis")
    server = RedisServer(root / "server")
    try:
        with (
            receiver() as told,
            other_threads_wire_to(server.port) as wire,
            running_stack(
                root / "stack",
                redis_url=f"redis://127.0.0.1:{wire.port}/0",
                asr_model="sleep-60ms",
                webhooks=f"{CALLBACK}={told.url()}",
                webhook_secrets=f"{CALLBACK}:{SECRET}",
                webhook_allow_private=True,
            ) as stack,
        ):
            document = stack.http.get("/openapi.json").json()
            ours = Service(stack, server, wire, told, long_file(root), document, pids(stack))
            ours.ids.append(stack.submit())
            stack.wait_for_ends(ours.ids)
            yield ours
    finally:
        server.close()


def restart_with_data(service: Service) -> None:
    service.server.stop()
    service.server.restart()


def restart_after_kill(service: Service) -> None:
    service.server.kill()
    service.server.restart()


def restart_empty(service: Service) -> None:
    service.server.kill()
    service.server.restart(empty=True)


def restart_as_it_was(service: Service) -> None:
    """The server restarts from a copy that lacks the latest ends."""
    stack, backup = service.stack, service.stack.settings.storage_path.with_name("backup")
    stack.close_gate()
    late = [stack.submit(hotwords="gated") for _ in range(2)]
    service.ids += late
    service.server.back_up(backup)
    stack.open_gate()
    stack.wait_for_ends(late)
    service.server.kill()
    service.server.restart(backup=backup)


def flush_everything(service: Service) -> None:
    with service.server.client() as client:
        client.flushall()
        client.script_flush()


def kill_connections(service: Service) -> None:
    with service.server.client() as client:
        for _ in range(10):
            for kind in ("normal", "pubsub"):
                client.client_kill_filter(_type=kind, skipme=True)
            time.sleep(0.1)


@pytest.mark.parametrize(
    "fault",
    [
        restart_with_data,
        restart_after_kill,
        restart_empty,
        restart_as_it_was,
        flush_everything,
        kill_connections,
    ],
)
def test_a_short_fault_of_redis_loses_nothing(service: Service, fault: Callable[[Service], None]) -> None:
    with service.load() as load:
        fault(service)
        service.assert_all_well(load, fault.__name__, time.monotonic())


@pytest.mark.parametrize("how", ["frozen", "clogged", "lost"])
def test_an_unreachable_server_gets_503_quickly_and_loses_nothing(service: Service, how: str) -> None:
    """The outage lasts longer than claims, and the engine keeps working."""
    away: dict[str, Callable[[], AbstractContextManager[None]]] = {
        "frozen": service.server.frozen,
        "clogged": service.wire.clogged,
        "lost": service.wire.lost,
    }
    stack = service.stack
    with service.load() as load:
        stack.close_gate()
        before = gated(stack)
        service.ids.append(stack.submit(MEETING, batch_size="8", hotwords="gated"))
        wait_for(lambda: gated(stack) > before, "a call that waits at the gate")
        with away[how]():
            began, done = time.monotonic(), len(chunks(stack))
            stack.open_gate()
            time.sleep(1)
            service.assert_answers_soon(how)
            wait_for(lambda: len(chunks(stack)) > done, "the engine's next chunk")
            time.sleep(max(0.0, began + _SECONDS[how] - time.monotonic()))
        service.assert_all_well(load, f"{how} for {_SECONDS[how]:.0f} s", time.monotonic())


def gated(stack: RunningStack) -> int:
    """Return the chunks that are or were held back at the gate."""
    return sum("gated" in words for _, words in chunks(stack))


@contextmanager
def full(client: redis.Redis) -> Iterator[None]:
    client.config_set("maxmemory", 1)
    yield
    client.config_set("maxmemory", 0)


@contextmanager
def read_only(client: redis.Redis) -> Iterator[None]:
    client.replicaof("127.0.0.1", "1")
    yield
    client.replicaof("no", "one")


@contextmanager
def with_a_new_password(client: redis.Redis) -> Iterator[None]:
    client.config_set("requirepass", "another one")
    kill_all_others(client)
    yield
    client.config_set("requirepass", "")


@contextmanager
def without_connections(client: redis.Redis) -> Iterator[None]:
    before = client.config_get("maxclients")["maxclients"]
    client.config_set("maxclients", 1)
    kill_all_others(client)
    yield
    client.config_set("maxclients", before)


def kill_all_others(client: redis.Redis) -> None:
    for kind in ("normal", "pubsub"):
        client.client_kill_filter(_type=kind, skipme=True)


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (full, "out of memory"),
        (read_only, "read-only replica"),
        (with_a_new_password, "refuses the password"),
        (without_connections, "no more connections"),
    ],
)
def test_a_server_that_refuses_writes_is_reported_and_loses_nothing(
    service: Service, condition: Callable[[redis.Redis], AbstractContextManager[None]], said: str
) -> None:
    """The health check and the logs of worker and API name the reason."""
    with service.server.client() as admin, service.load() as load:
        before = service.logs().count(said)
        with condition(admin):
            began = time.monotonic()
            answer = service.stack.post()
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
            assert answer.headers["Retry-After"]
            assert time.monotonic() - began < SOON
            health = service.stack.http.get("/health")
            assert health.status_code == 503, health.text
            wait_for(lambda: service.logs().count(said) >= before + 2, f"two log lines with {said!r}", 20)
        service.assert_all_well(load, condition.__name__, time.monotonic())


def test_an_evicting_policy_makes_the_service_unready(service: Service) -> None:
    """With an eviction policy, the service reports itself as unfit until the policy is changed."""
    with service.server.client() as admin:
        admin.config_set("maxmemory-policy", "allkeys-lru")
        health = service.stack.http.get("/health")
        assert (health.status_code, health.json()["reasons"]) == (503, ["redis_unfit"])
        assert "maxmemory-policy is allkeys-lru" in health.json()["error"]
        admin.config_set("maxmemory-policy", "noeviction")
    assert service.stack.is_ready()
