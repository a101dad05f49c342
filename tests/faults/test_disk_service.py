"""A full or read-only disk under the whole service: clear errors, and nothing left half done."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import redis
from api_server import NOTE, ApiServer, running_api
from full_disk import full_disk
from task_lab import failed, make_worker
from worker_lab import WorkerLab, wait_for

from voxq.core.task import Status

MEGABYTES = 8
NOTE_FILE = Path(__file__).parent.parent / "data" / "audio" / "zh_note.ogg"


def requests(api: ApiServer, failed_id: str) -> dict[str, Callable[[], httpx.Response]]:
    """Send every request that has to write."""
    return {
        "upload": lambda: api.submit(NOTE),
        "text": lambda: api.http.post("/api/v1/tts/submit", json={"text": "Hello."}),
        "retry": lambda: api.http.post(f"/api/v1/asr/retry/{failed_id}"),
        "openai": lambda: api.http.post(
            "/v1/audio/transcriptions", files={"file": ("a", NOTE)}, data={"model": "whisper-1"}
        ),
    }


def files_of(storage: Path) -> set[str]:
    """Return the files that requests of clients could leave behind."""
    directories = ("incoming", "recordings", "journal")
    return {str(path) for name in directories for path in (storage / name).rglob("*") if path.is_file()}


def ended_files(storage: Path) -> set[str]:
    return {str(path) for path in (storage / "journal" / "ended").iterdir()}


def test_an_api_that_can_write_nothing(redis_url: str, tmp_path: Path, client: redis.Redis) -> None:
    """Requests that need to write are refused with a reason; everything that exists can still be read."""
    with running_api(redis_url, tmp_path) as api:
        lab = api.lab(client)
        task_id, failed_id = api.submitted(NOTE), api.submitted(NOTE)
        lost = lab.journal.open_task(failed_id)
        assert lost is not None
        lab.ending.end(lost, failed())
        lab.drain(make_worker())
        before = files_of(api.storage)
        with full_disk(api.process.pid):
            for name, send in requests(api, failed_id).items():
                answer = send()
                assert answer.status_code == 507, (name, answer.text)
                assert "The disk is full, please try again later" in answer.text
            assert api.http.get(f"/api/v1/asr/result/{task_id}").json()["text"] == "guten Tag"
            assert api.http.get(f"/api/v1/asr/audio/{task_id}").content == NOTE
            assert api.http.get("/livez").status_code == 200
        assert files_of(api.storage) == before
        assert "Traceback" not in api.log()
        assert api.submit(NOTE).status_code == 200
        assert requests(api, failed_id)["retry"]().status_code == 200


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of a few MB at `storage`."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    storage = tmp_path / "storage"
    storage.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(storage)]
    if subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("no file system can be mounted here")
    yield storage
    subprocess.run(["umount", "-l", str(storage)], check=True)


@contextmanager
def read_only(storage: Path) -> Iterator[None]:
    """Make everything read-only except the logs, which are open."""
    directories = [str(storage / name) for name in ("journal", "recordings", "incoming", "work")]
    for directory in directories:
        subprocess.run(["mount", "--bind", directory, directory], check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", directory], check=True)
    try:
        yield
    finally:
        for directory in directories:
            subprocess.run(["umount", "-l", directory], check=True)


def fill(storage: Path) -> Path:
    """Use up all free space, also what has become free since the last call."""
    ballast = storage / "ballast"
    with ballast.open("ab", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            return ballast


def test_a_disk_that_is_really_full_and_then_read_only(
    make_lab, small_disk: Path, redis_url: str, tmp_path: Path
) -> None:
    lab: WorkerLab = make_lab(min_free_disk_mb=0)
    worker = lab.worker()
    with running_api(redis_url, tmp_path) as api:
        tasks = [lab.submit(NOTE_FILE, "gated", enqueue=True), lab.submit(NOTE_FILE)]
        wait_for(lab.calls, "the first chunk in the engine")
        ballast = fill(small_disk)
        lab.open_gate()
        worker.wait_for_log("cannot write: No space left on device")
        fill(small_disk)  # the worker has removed its mark of the chunk in the engine
        before = files_of(small_disk)
        for name, send in list(requests(api, "none").items())[:2]:
            answer = send()
            assert (answer.status_code, answer.json().get("code")) == (507, "disk_full"), (name, answer.text)
        # A file that the worker was writing may have found the last free page.
        assert files_of(small_disk) - ended_files(small_disk) <= before
        ballast.unlink()
        assert [o.status for o in lab.wait_for_ends(tasks)] == [Status.DONE] * 2
        wait_for(lambda: "can write again" in worker.log, "the end of the trouble")
        assert len(lab.calls()) == 2
        lab.assert_ended_once(tasks)
        log = small_disk / "logs" / "asr_history.jsonl"
        assert log.read_bytes().count(b"\n") == len(list(lab.parts.logs["asr"].records())) == 2

        last = lab.submit(NOTE_FILE, "gated")
        with read_only(small_disk):
            for name, send in list(requests(api, "none").items())[:2]:
                answer = send()
                assert (answer.status_code, answer.json()["code"]) == (503, "storage"), name
            worker.wait_for_log("Read-only file system")
            assert api.http.get("/livez").status_code == 200
            time.sleep(1)
            assert worker.is_alive()
        assert [o.status for o in lab.wait_for_ends([last])] == [Status.DONE]
        assert api.submit(NOTE).status_code == 200
        assert "Traceback" not in api.log()
        assert worker.is_alive()
