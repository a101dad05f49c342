"""How these spools were made: `python make.py TARGET`, by the version that is to have written TARGET.

Run it in a checkout of that version, in its environment, with its `tests/support` and `scripts` in
PYTHONPATH. It leaves STORAGE_PATH (`files`) as a killed stack leaves it, what Redis held as JSON a few
minutes later, and which task is in which state.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

import redis_contents
from valkey_lab import RedisServer
from worker_lab import MEETING, NOTE, WorkerLab, wait_for


def main(target: Path) -> None:
    root = Path(tempfile.mkdtemp())
    server = RedisServer(root / "redis")
    lab = WorkerLab(root, server.url, asr_model="sleep-300ms", max_inflight=1, max_attempts=1)
    worker = lab.worker()
    tasks = {"done": lab.submit(MEETING, batch_size=8), "failed": lab.submit(NOTE, "fault-raise")}
    lab.wait_for_ends(list(tasks.values()))
    tasks["cancelled"] = lab.submit(NOTE, "gated")
    wait_for(lambda: lab.document(tasks["cancelled"]).get("status") == "processing", "it is begun")
    control = lab.parts.control
    (control("asr", lab.client) if control.__code__.co_argcount == 3 else control(lab.client)).cancel(
        tasks["cancelled"].id
    )
    lab.wait_for_ends([tasks["cancelled"]])
    worker.stop()

    dying = lab.worker(2, VOXQ_KILL_AT="E1")
    tasks["decided"] = lab.submit(NOTE)
    dying.wait(60)

    killed = lab.worker(3)
    before = len(lab.calls())
    tasks["under_way"] = lab.submit(MEETING, "later", batch_size=5)
    wait_for(lambda: len(lab.calls()) >= before + 3, "its third chunk")
    killed.kill()
    tasks["queued"] = lab.submit(NOTE, "still", owner="bob")
    (root / "storage/incoming/0123.part").write_bytes(b"cut off")

    target.mkdir(parents=True)
    shutil.copytree(root / "storage", target / "files", ignore=_needless)
    (target / "tasks.json").write_text(
        json.dumps({state: task.id for state, task in tasks.items()}, indent=2)
    )
    (target / "redis.json").write_text(json.dumps(redis_contents.lasting(server.url), indent=1))
    lab.close()
    server.kill()


def _needless(directory: str, names: list[str]) -> set[str]:
    """Sound, which the test puts back, and locks."""
    return {name for name in names if name.endswith((".ogg", ".f32", ".lock", ".log"))}


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
