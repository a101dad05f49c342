"""System calls of a media process while it processes all hostile files."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from api_server import NOTE
from attack import listener
from attacked import Attacked
from hostile_media import foreign, misleading, references
from worker_lab import wait_for

from voxq.processes.child import Child
from voxq.processes.media import MEDIA_MODULE, protocol
from voxq.speech.chunking import Chunking

SUFFIXES = ("", ".mp3", ".m3u8")
CALLS = (
    "open,openat,openat2,creat,socket,connect,bind,sendto,sendmsg,execve,execveat,fork,vfork,unlink,rename"
)
PATH = re.compile(r'"((?:[^"\\]|\\.)*)"')


class Tracer:
    """strace, attached to a process and all its threads."""

    def __init__(self, pid: int, output: Path) -> None:
        self._output = output
        command = ["strace", "-f", "-qq", "-e", f"trace={CALLS}", "-o", str(output), "-p", str(pid)]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE)

    def is_attached(self, pid: int) -> bool:
        """Whether strace is attached. Raises pytest's Skipped where that is not permitted."""
        if self._process.poll() is not None:
            assert self._process.stderr is not None
            pytest.skip(f"strace cannot attach: {self._process.stderr.read().decode().strip()}")
        status = Path(f"/proc/{pid}/status").read_text()
        return f"TracerPid:\t{self._process.pid}" in status

    def calls(self) -> list[str]:
        """Return the calls made so far, in strace's format."""
        return [line.split(maxsplit=1)[1] for line in self._output.read_text().splitlines()]

    def close(self) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.wait(30)


@contextmanager
def traced(pid: int, output: Path) -> Iterator[Tracer]:
    tracer = Tracer(pid, output)
    try:
        wait_for(lambda: tracer.is_attached(pid), "strace", 30)
        yield tracer
    finally:
        tracer.close()


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_a_media_process_opens_the_upload_and_its_scratch_file(tmp_path: Path) -> None:
    """No other file or socket is opened and no program started: for playlists, archives, pictures, and false
    headers."""
    with listener() as port:
        bait = tmp_path / "bait"
        bait.with_suffix(".ts").write_bytes(NOTE)
        files = [("", content) for content in (*foreign().values(), *misleading().values())]
        leading = [text.encode() for text in references(bait, port.port).values()]
        files += [(suffix, content) for suffix in SUFFIXES for content in leading]
        child, scratch = Child.start(MEDIA_MODULE), tmp_path / "scratch"
        try:
            upload = tmp_path / "upload"
            upload.write_bytes(NOTE)
            # opens the modules that are imported at first use
            _look_into(child, upload, scratch)
            with traced(child.pid, tmp_path / "calls") as tracer:
                expected = {str(scratch)}
                for number, (suffix, content) in enumerate(files):
                    upload = tmp_path / f"upload{number}{suffix}"
                    upload.write_bytes(content)
                    expected.add(str(upload))
                    _look_into(child, upload, scratch)
                calls = tracer.calls()
        finally:
            child.kill()
        opened = {PATH.findall(call)[0] for call in calls if call.startswith("open")}
        libraries = tuple(filter(None, sys.path))  # modules that are imported late
        assert {path for path in opened if not path.startswith(libraries)} == expected
        assert [call for call in calls if not call.startswith("open")] == []
        assert port.heard == []


def test_no_library_sends_telemetry(service: Attacked) -> None:
    """ONNX Runtime looked up its maker's server from the decoding process. The variable that forbids it is
    inherited."""
    worker = psutil.Process(service.lab.workers[0].pid)
    assert service.lab.workers[0].helper("media")
    helpers = worker.children()
    assert len(helpers) >= 2
    assert {helper.environ().get("ORT_DISABLE_TELEMETRY") for helper in helpers} == {"1"}


def _look_into(child: Child, upload: Path, scratch: Path) -> None:
    child.send(protocol.CODEC.encode(protocol.Probe("p", upload, 600.0)))
    _end_of(child)
    child.send(protocol.CODEC.encode(protocol.Prepare("d", upload, scratch, 600.0, Chunking())))
    _end_of(child)


def _end_of(child: Child) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert child.poll(deadline - time.monotonic()), "the decoder hangs"
        if not isinstance(protocol.CODEC.decode_reply(child.receive()), protocol.Chunks):
            return
    raise AssertionError("the decoder does not end")
