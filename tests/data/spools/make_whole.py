"""How the spools of whole services were made: `python make_whole.py TARGET`, like `make.py`.

A service with its API is killed while it has something of everything. Besides what it left (`files`,
`redis.json`) TARGET has the id of each task (`tasks.json`), which recording each stored file was
(`recordings.json`), and how the same version ends what was open, started anew (`ends.json`).
"""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import redis_contents
from mixed_load import CALLBACK, webhook
from stack import RunningStack
from webhook_receiver import Receiver, receiver
from worker_lab import MEETING, NOTE, wait_for

KEYS = {name: {"Authorization": f"Bearer the-key-of-{name}"} for name in ("anna", "bob", "root")}
SENTENCES = [f"Number {number}." for number in range(11, 27)]


def main(target: Path) -> None:
    root = Path(tempfile.mkdtemp())
    with receiver() as told:
        stack = RunningStack(
            root,
            asr_model="sleep-300ms",
            preload_models="sleep-300ms,counting_voice:KIND",
            rq_worker_count=2,
            api_keys="anna:the-key-of-anna,bob:the-key-of-bob",
            admin_keys="root:the-key-of-root",
            **webhook(told),
        )
        stack.http.headers.update(KEYS["anna"])
        try:
            _make(stack, told, target)
        finally:
            stack.close()


def _make(stack: RunningStack, told: Receiver, target: Path) -> None:
    stack.start(MAX_ATTEMPTS="1")
    tasks = ended(stack, told)
    stack.stop()
    (stack.root / "calls.once").unlink()
    stack.start(VOXQ_KILL_AT="E1", VOXQ_TEST_SENTENCE_SECONDS="0.25")
    tasks |= open_ones(stack, tasks)
    redis = redis_contents.everything(stack.redis_url)  # nothing changes it any more
    stack.kill_everything()

    shutil.copytree(stack.storage, target / "files", ignore=_needless)
    _without_password(target / "files/run/up.json")
    _write(target / "redis.json", redis)
    _write(target / "tasks.json", tasks)
    _write(target / "recordings.json", dict(_recordings(stack)))

    told.answer = lambda: 200
    stack.http.headers.update(KEYS["root"])
    stack.start()
    stack.wait_for_ends(tasks.values())
    _write(target / "ends.json", {name: _end(stack, task_id) for name, task_id in tasks.items()})


def ended(stack: RunningStack, told: Receiver) -> dict[str, str]:
    """Tasks that end, by what is special about them."""
    tasks: dict[str, str] = {}
    for name in ("failed_once", "failed_twice"):
        tasks[name] = stack.submit(hotwords="fault-raise only-once")
        stack.wait_for_ends(tasks.values())  # in a batch with another one it would get a second chance
        (stack.root / "calls.once").unlink()
    tasks |= {
        "failed": stack.submit(hotwords="fault-raise"),
        "done": stack.submit(MEETING, batch_size="8", hotwords="Alpha Beta", timestamps="word"),
        "with_key": stack.post(key="anna-1", language="en").json()["task_id"],
        "text_done": stack.submit_text("Hello there.", format="mp3", speed=1.5, sample_rate=24000),
        "text_failed": stack.submit_text("Some foreign word."),
        "text_failed_once": stack.submit_text("Another foreign word."),
        "told": stack.submit(callback=CALLBACK),
    }
    stack.wait_for_ends(tasks.values())
    wait_for(lambda: told.told, "the webhook to be told", 20)
    told.answer = lambda: 500
    tasks["untold"] = stack.submit(callback=CALLBACK, use_vad="false")
    tasks["text_untold"] = stack.submit_text("Hello.", callback=CALLBACK)

    (stack.root / "calls.once").touch()
    for name in ("failed_once", "text_failed_once"):
        kind = "tts" if name.startswith("text") else "asr"
        assert stack.http.post(f"/api/v1/{kind}/retry/{tasks[name]}").status_code == 200
    known = set(_ids(stack))
    _transcribe(stack, "Gamma")
    tasks["v1_done"] = (set(_ids(stack)) - known).pop()
    stack.wait_for_ends(tasks.values())

    tasks["cancelled"] = stack.submit(hotwords="gated")
    wait_for(lambda: stack.result(tasks["cancelled"])["status"] == "processing", "it is begun")
    assert stack.http.delete(f"/api/v1/asr/task/{tasks['cancelled']}").status_code == 200
    stack.open_gate()
    assert stack.http.get("/api/v1/tts/voices/teller/sample").status_code == 200
    return tasks


def open_ones(stack: RunningStack, earlier: dict[str, str]) -> dict[str, str]:
    """Tasks that have not ended when this returns."""
    tasks = {"under_way": stack.submit(MEETING, batch_size="2", hotwords="Later fault-exit only-once")}
    wait_for(lambda: _chunks_kept(stack, tasks["under_way"]) >= 1, "its first chunk, after a crash", 20)
    tasks["text_under_way"] = stack.submit_text(" ".join(SENTENCES), callback=CALLBACK)
    wait_for(lambda: _chunks_kept(stack, tasks["text_under_way"]) >= 2, "two of its sentences", 20)
    stack.processes("up")[0].send_signal(signal.SIGSTOP)  # it would start another worker
    tasks["decided"] = stack.submit(priority="high")
    wait_for(lambda: len(stack.processes("worker")) == 1, "the end of the worker that ends it", 20)
    marks = [_work(stack, tasks[name]) / "running.json" for name in ("under_way", "text_under_way")]
    wait_for(lambda: any(mark.exists() for mark in marks), "something in an engine", 20)
    stack.kill("worker")
    wait_for(lambda: not stack.processes("worker"), "the end of the other worker", 20)
    assert any(mark.exists() for mark in marks), "it was just between two batches"
    assert set(stack.parts.journal.open_ids()) == set(tasks.values())
    assert stack.parts.journal.ended(tasks["decided"], 1), "of another task's end"

    for priority in ("high", "normal", "low"):
        tasks[f"queued_{priority}"] = stack.submit(hotwords=f"Still {priority}", priority=priority)
        tasks[f"text_queued_{priority}"] = stack.submit_text(f"Still {priority}.", priority=priority)
    tasks["queued_with_key"] = stack.post(key="anna-2", callback=CALLBACK).json()["task_id"]
    tasks["text_queued_with_key"] = stack.post_text("With key.", key="anna-2").json()["task_id"]
    stack.http.headers.update(KEYS["bob"])
    tasks["queued_by_bob"] = stack.submit(MEETING, use_punc="false", use_itn="true")
    stack.http.headers.update(KEYS["anna"])
    for name, kind in (("failed_twice", "asr"), ("text_failed", "tts")):
        assert stack.http.post(f"/api/v1/{kind}/retry/{earlier[name]}").status_code == 200
    known = set(_ids(stack))
    with contextlib.suppress(httpx.TimeoutException):
        _transcribe(stack, "Delta", timeout=2)
    tasks["v1_left"] = (set(_ids(stack)) - known).pop()
    (stack.settings.incoming_dir / "0123.part").write_bytes(b"cut off")
    assert (_work(stack, tasks["under_way"]) / "incidents.jsonl").exists()
    return tasks


def _transcribe(stack: RunningStack, prompt: str, timeout: float = 30) -> None:
    """Through the routes of OpenAI's API, which answer when it is done."""
    with NOTE.open("rb") as file:
        form = {"model": "whisper-1", "prompt": prompt}
        answer = stack.http.post(
            "/v1/audio/transcriptions", files={"file": ("note.ogg", file)}, data=form, timeout=timeout
        )
    assert answer.status_code == 200, answer.text


def _ids(stack: RunningStack) -> Iterator[str]:
    yield from stack.parts.journal.open_ids()
    yield from (task_id for task_id, _ in stack.parts.journal.ended_runs())


def _work(stack: RunningStack, task_id: str) -> Path:
    return stack.settings.work_dir / f"{task_id}.1"


def _chunks_kept(stack: RunningStack, task_id: str) -> int:
    path = _work(stack, task_id) / "chunks.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def _recordings(stack: RunningStack) -> Iterator[tuple[str, str]]:
    """Stored name and name of the test's file of each recording."""
    by_content = {path.read_bytes(): path.name for path in (NOTE, MEETING)}
    for path in stack.settings.recordings_dir.glob("*.ogg"):
        yield path.name, by_content[path.read_bytes()]


def _end(stack: RunningStack, task_id: str) -> dict[str, Any]:
    end = stack.parts.journal.last_end(task_id)
    assert end is not None
    outcome = end.outcome
    return {
        "kind": end.task.kind,
        "run": end.task.run,
        "status": outcome.status,
        "text": outcome.text,
        "code": outcome.code,
        "duration": outcome.duration,
        "attempts": outcome.attempts,
        "segments": outcome.segments,
    }


def _needless(directory: str, names: list[str]) -> set[str]:
    """Sound, which the test puts back or a worker decodes again; locks and logs."""
    needless = ("redis", "valkey.conf", "valkey.json", "pcm.f32")
    return {name for name in names if name in needless or name.endswith((".ogg", ".lock", ".log"))}


def _without_password(up: Path) -> None:
    record = json.loads(up.read_text())
    _write(up, record | {"redis_url": "redis://127.0.0.1:1/0"})


def _write(path: Path, record: object) -> None:
    path.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
