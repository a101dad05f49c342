"""An upgrade of a whole service that was killed with work of every kind in progress: `before-inputs`.

Work in progress ends once, with the result that the earlier version would have produced; finished work is not
repeated; everything that clients knew is found again. The same holds if the upgrade itself is killed,
repeatedly.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import old_spool
import pytest
import work_done
from audit import audit
from dying import dies_before_line
from mixed_load import CALLBACK, webhook
from stack import RunningStack
from valkey_lab import RedisServer
from webhook_receiver import Receiver, receiver
from worker_lab import wait_for

from voxq.parts import Parts

SPOOL = "before-inputs"
FOR_EVER = 2_000_000_000
"""Retention in seconds that covers the age of the spool."""
LEFT = "v1_left"
"""Task whose client has gone and whose lease expires, so that it may be cancelled before it is done."""
DEATH = "ended with signal SIGKILL"
"""Log message of `voxq up` about a killed worker, which is replaced a second later."""
LINES = (1, 30, 100, 200, 400, 700, 1000, 1500, 2500, 4000)

_SECONDS = re.compile(r"\d+\.\d+ seconds")
"""Text of one chunk."""

pytestmark = pytest.mark.slow


@contextmanager
def killed_service(
    root: Path, redis_is: str, before: Callable[[RunningStack, RedisServer], None] | None = None
) -> Iterator[tuple[RunningStack, Receiver]]:
    """Prepare the spool for the start of a service, and the webhook for its tasks.

    `before`: changes to the storage and to Redis, for which the test has a temporary server.
    """
    old_spool.unpack(SPOOL, root / "storage")
    (root / "calls.once").touch()  # faults meant to happen once have happened
    with receiver() as told:
        stack = RunningStack(
            root,
            asr_model="sleep-300ms",
            api_keys="anna:the-key-of-anna,bob:the-key-of-bob",
            admin_keys="root:the-key-of-root",
            max_attempts=10,
            result_ttl=FOR_EVER,
            failed_ttl=FOR_EVER,
            **webhook(told),
        )
        stack.http.headers.update(key_of("root"))
        server = RedisServer(root / "redis")
        try:
            if redis_is == "kept":
                with server.client() as client:
                    old_spool.restore(SPOOL, client)
            if before:
                before(stack, server)
        finally:
            server.stop()
        server.back_up(stack.settings.redis_dir)
        try:
            yield stack, told
        finally:
            stack.close()


def key_of(owner: str) -> dict[str, str]:
    return {"Authorization": f"Bearer the-key-of-{owner}"}


@pytest.mark.parametrize("redis_is", ["kept", "empty"])
def test_an_upgrade_loses_and_repeats_nothing(tmp_path: Path, redis_is: str) -> None:
    expected = old_spool.Expected(SPOOL)
    with killed_service(tmp_path, redis_is) as (stack, told):
        stack.start()
        everything_ends(stack, told, expected)
        # Speech without a pause is cut elsewhere since that version, so its finished chunks are no use.
        assert Counter(chunks_of(stack, "Later")) == chunks_in(stack, expected, "under_way")
        assert Counter(work_done.sentences(stack)) == Counter(sentences_to_speak(expected))
        begun = [words for _, words in work_done.chunks(stack) if not {"Later", "Delta"} & set(words)]
        assert sorted(begun) == sorted(hotwords_waiting(expected))
        attempts = {name: end["attempts"] for name, end in expected.ends.items() if name != LEFT}
        assert {name: outcome_of(stack, expected, name)["attempts"] for name in attempts} == attempts
        assert sorted(each.delivery for each in told.told) == sorted(deliveries(expected))
        clients_find_it_again(stack, expected, redis_is)
        deleted_is_gone(stack, expected)


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("redis_is", "steps"), [("kept", ("W1", "W3", "E1", "E3")), ("empty", ("W2", "W4", "E2"))]
)
def test_an_upgrade_killed_half_way_is_completed(tmp_path: Path, redis_is: str, steps: Sequence[str]) -> None:
    """First the janitor is killed at one line after another, then all processes after each step."""
    expected = old_spool.Expected(SPOOL)
    with killed_service(tmp_path, redis_is, janitors_die) as (stack, told):
        stack.start(ready=False)
        stack.kill_everything()
        for step in steps:
            everything_dies_at(stack, step)
        stack.start()
        everything_ends(stack, told, expected)
        chunks, given = chunks_in(stack, expected, "under_way"), chunks_of(stack, "Later")
        assert set(given) <= set(chunks)
        assert len(given) <= chunks.total() + len(steps) + 1, "what was in an engine ran again"
        to_speak = Counter(sentences_to_speak(expected))
        assert Counter(work_done.sentences(stack)).keys() <= to_speak.keys()
        assert {each.delivery for each in told.told} == set(deliveries(expected))


def janitors_die(stack: RunningStack, server: RedisServer) -> None:
    """Let one janitor after another take over the storage, each killed a little later than the previous
    one."""
    parts = Parts.of(stack.settings)

    def take_over() -> None:
        with server.client() as client:
            recovery = parts.recovery(client)
            recovery.clear_the_way()
            recovery.bring_back_dead()
            recovery.rebuild(patience=0)
            recovery.complete()
            parts.cleanup(client).run()

    assert sum(dies_before_line(number, take_over) for number in LINES) > len(LINES) / 2


def everything_dies_at(stack: RunningStack, step: str) -> None:
    earlier = stack.log.count(DEATH)
    stack.start(ready=False, VOXQ_KILL_AT=step)
    wait_for(lambda: stack.log.count(DEATH) > earlier, f"a death at {step}", 60)
    stack.kill_everything()


def everything_ends(stack: RunningStack, told: Receiver, expected: old_spool.Expected) -> None:
    """Assert that each task ends once, as expected, in the journal, the logs, Redis and the API."""
    stack.wait_for_ends(expected.tasks.values())
    wait_for(lambda: {each.delivery for each in told.told} >= set(deliveries(expected)), "the webhook", 60)
    stack.parts.cleanup(stack.client).run()  # of a retried task, only the last end is kept
    audit(stack, list(expected.tasks.values()), forgotten=expected.deleted())
    for name, end in expected.ends.items():
        outcome = outcome_of(stack, expected, name)
        known = end.keys() & outcome.keys() - {"attempts"}
        assert name == LEFT or compared(outcome, known) == compared(end, known), name
    assert outcome_of(stack, expected, LEFT)["status"] in ("done", "cancelled")


def compared(end: Mapping[str, Any], fields: Collection[str]) -> dict[str, Any]:
    """Return what must be the same in every version: cuts, and with them the seconds that this recogniser
    says of each chunk, may move a little."""
    same = {field: _SECONDS.sub("some", end[field]) for field in fields & {"text", "raw_text"}}
    texts = [_SECONDS.sub("some", segment["t"]) for segment in end["segments"]]
    return {field: end[field] for field in fields} | same | {"segments": texts}


def outcome_of(stack: RunningStack, expected: old_spool.Expected, name: str) -> dict[str, Any]:
    end = stack.parts.journal.last_end(expected.tasks[name])
    assert end is not None, name
    outcome = end.outcome.to_json() | {"kind": end.task.kind, "run": end.task.run}
    return outcome | {"segments": list(end.outcome.segments)}


def chunks_of(stack: RunningStack, word: str) -> list[float]:
    """Return the seconds of the chunks with this hotword that the recogniser was given."""
    return [seconds for seconds, words in work_done.chunks(stack) if word in words]


def chunks_in(stack: RunningStack, expected: old_spool.Expected, name: str) -> Counter[float]:
    """Return the seconds of all chunks of a recording, which its text lists."""
    text = outcome_of(stack, expected, name)["text"]
    return Counter(map(float, text.replace("seconds", "").split()))


def hotwords_waiting(expected: old_spool.Expected) -> list[list[str]]:
    """Return the hotword of each waiting recording; all but Bob's are one chunk."""
    return [
        record["options"]["hotwords"]
        for name, record in expected.waiting().items()
        if record["kind"] == "asr" and name != LEFT
        for _ in expected.ends[name]["segments"]
    ]


def sentences_to_speak(expected: old_spool.Expected) -> list[str]:
    waiting = [record for record in expected.waiting().values() if record["kind"] == "tts"]
    return [*expected.sentences_left("text_under_way"), *(record["options"]["text"] for record in waiting)]


def deliveries(expected: old_spool.Expected) -> list[str]:
    """Return the deliveries still due to the webhook: task and run."""
    names = ("untold", "text_untold", "text_under_way", "queued_with_key")
    return [f"{expected.tasks[name]}.1" for name in names]


def clients_find_it_again(stack: RunningStack, expected: old_spool.Expected, redis_is: str) -> None:
    """Assert that keys, owners and files are found again without any work."""
    spoken, recognised = stack.spoken(), stack.calls()
    http, tasks = stack.http, expected.tasks
    sample = http.get("/api/v1/tts/voices/teller/sample")
    assert (sample.status_code, sample.content) == (200, expected.sample())
    for owner, status in (("bob", 200), ("anna", 404)):
        answer = http.get(f"/api/v1/asr/result/{tasks['queued_by_bob']}", headers=key_of(owner))
        assert answer.status_code == status
    http.headers.update(key_of("anna"))
    if redis_is == "kept":  # an empty Redis gets keys back if they are at most a day old, but no more
        assert stack.post(key="anna-1", language="en").json()["task_id"] == tasks["with_key"]
        assert stack.post(key="anna-2", callback=CALLBACK).json()["task_id"] == tasks["queued_with_key"]
        assert stack.post(key="anna-1").status_code == 409, "another request"
        again = stack.post_text("With key.", key="anna-2")
        assert again.json()["task_id"] == tasks["text_queued_with_key"]
    history = http.get("/api/v1/asr/history", params={"limit": 100}).json()["records"]
    assert {each["task_id"] for each in history} >= {tasks["done"], tasks["failed"], tasks["under_way"]}
    assert tasks["queued_by_bob"] not in {each["task_id"] for each in history}
    assert (stack.spoken(), stack.calls()) == (spoken, recognised)
    http.headers.update(key_of("root"))


def deleted_is_gone(stack: RunningStack, expected: old_spool.Expected) -> None:
    """Assert that data of the earlier version can be deleted: files, records, text in the log."""
    for name in ("done", "text_done", "under_way", "text_under_way", "failed"):
        kind, task_id = expected.ends[name]["kind"], expected.tasks[name]
        assert stack.http.delete(f"/api/v1/{kind}/task/{task_id}").json()["status"] == "deleted", name
        for path in stack.storage.rglob(f"{task_id}*"):
            raise AssertionError(f"{name}: {path.name} is left")
        assert stack.http.get(f"/api/v1/{kind}/result/{task_id}").status_code == 404
        text = expected.ends[name]["text"]
        assert not text or task_id not in {
            record["task_id"] for log in stack.parts.logs.values() for record in log.records()
        }
