import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import psutil
import pytest

from voxq.processes.child import Child
from voxq.processes.media.pool import ProbePool
from voxq.speech.audio import AudioError

pytestmark = pytest.mark.slow  # starts processes

_start = Child.start
RECORDING = Path(__file__).parents[2] / "data" / "audio" / "zh_note.ogg"


@pytest.fixture
async def pool() -> AsyncIterator[ProbePool]:
    pool = ProbePool(size=1, timeout_seconds=30, max_seconds=60)
    await pool.start()
    await pool.probe(RECORDING, "anna")
    yield pool
    await pool.close()


def children() -> set[int]:
    """Pids of this process's live media processes."""
    pids = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
            command = path.with_name("cmdline").read_bytes()
        except OSError:
            continue
        if int(parent) == os.getpid() and state != "Z" and b"voxq.processes.media" in command:
            pids.add(int(path.parent.name))
    return pids


async def gone(pids: set[int]) -> None:
    deadline = time.monotonic() + 60
    while pids & children():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def come() -> int:
    """Wait for a new media process and return its pid."""
    deadline = time.monotonic() + 60
    while not (there := children()):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    (pid,) = there
    return pid


def started_and_stopped(module: str, args: Sequence[str] = ()) -> Child:
    child = _start(module, args)
    os.kill(child.pid, signal.SIGSTOP)
    return child


async def test_a_probe_describes_a_recording(pool: ProbePool) -> None:
    info = await pool.probe(RECORDING, "anna")
    assert (info.extension, info.codec, info.sample_rate) == ("ogg", "opus", 48_000)
    assert info.duration == pytest.approx(10.28, abs=0.05)


async def test_a_refused_recording_is_an_error_with_its_code(pool: ProbePool, tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(b"nothing")
    before = children()
    with pytest.raises(AudioError) as refused:
        await pool.probe(path, "anna")
    assert refused.value.code == "undecodable"
    assert children() == before


async def test_the_memory_of_a_probing_process_is_capped(pool: ProbePool) -> None:
    (pid,) = children()
    assert psutil.Process(pid).rlimit(psutil.RLIMIT_AS) == (1 << 30, 1 << 30)


async def test_a_probe_takes_milliseconds(pool: ProbePool) -> None:
    times = []
    for _ in range(50):
        started = time.perf_counter()
        await pool.probe(RECORDING, "anna")
        times.append(time.perf_counter() - started)
    assert min(times) < 0.02  # 0.7 ms when the machine is idle


@pytest.mark.parametrize("kills", [1, 2])
async def test_only_a_recording_that_takes_two_processes_with_it_is_refused(
    pool: ProbePool, kills: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = children()
    os.kill(first, signal.SIGSTOP)
    probing = asyncio.ensure_future(pool.probe(RECORDING, "anna"))
    await asyncio.sleep(0.05)
    with monkeypatch.context() as patch:
        patch.setattr(Child, "start", started_and_stopped)  # stopped, or it might answer before it is killed
        os.kill(first, signal.SIGKILL)
        await gone({first})
        second = await come()
    if kills == 1:
        os.kill(second, signal.SIGCONT)
        assert (await probing).extension == "ogg", "somebody else killed it"
    else:
        os.kill(second, signal.SIGKILL)
        with pytest.raises(AudioError) as refused:
            await probing
        assert refused.value.code == "undecodable"
    assert (await pool.probe(RECORDING, "anna")).extension == "ogg"


async def test_a_process_that_was_killed_idle_is_replaced(pool: ProbePool) -> None:
    (pid,) = children()
    os.kill(pid, signal.SIGKILL)
    await gone({pid})
    assert (await pool.probe(RECORDING, "anna")).extension == "ogg", "it was not this recording's fault"


async def test_a_hang_ends_at_the_timeout_and_never_stops_the_loop() -> None:
    pool = ProbePool(size=1, timeout_seconds=20, max_seconds=60)
    await pool.start()
    await pool.probe(RECORDING, "anna")
    (pid,) = children()
    os.kill(pid, signal.SIGSTOP)
    probing = asyncio.ensure_future(pool.probe(RECORDING, "anna"))
    for _ in range(10):
        await asyncio.sleep(0.01)
        assert not probing.done(), "the loop stood still"
    probing.cancel()
    await gone({pid})
    pool._timeout = 0.3
    (pid,) = children()
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(AudioError, match=r"within 0\.3 seconds"):
        await pool.probe(RECORDING, "anna")
    await gone({pid})
    pool._timeout = 20
    assert (await pool.probe(RECORDING, "anna")).extension == "ogg"
    await pool.close()


async def test_a_cancelled_probe_does_not_answer_the_next_one(pool: ProbePool, tmp_path: Path) -> None:
    (pid,) = children()
    os.kill(pid, signal.SIGSTOP)
    probing = asyncio.ensure_future(pool.probe(RECORDING, "anna"))
    await asyncio.sleep(0.05)
    probing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probing
    path = tmp_path / "upload"
    path.write_bytes(b"nothing")
    with pytest.raises(AudioError):
        await pool.probe(path, "anna")


async def test_more_probes_than_processes_wait_for_their_turn() -> None:
    pool = ProbePool(size=2, timeout_seconds=30, max_seconds=60)
    infos = await asyncio.gather(*(pool.probe(RECORDING, "anna") for _ in range(40)))
    assert {info.codec for info in infos} == {"opus"}
    assert len(children()) == 2
    await pool.close()
    await gone(children())


async def test_closing_ends_every_process_even_in_the_middle() -> None:
    pool = ProbePool(size=2, timeout_seconds=30, max_seconds=60)
    await pool.start()
    await pool.probe(RECORDING, "anna")
    started = children()
    for pid in started:
        os.kill(pid, signal.SIGSTOP)
    probing = [asyncio.ensure_future(pool.probe(RECORDING, "anna")) for _ in range(4)]
    await asyncio.sleep(0.05)
    await asyncio.wait_for(pool.close(), 60)
    results = await asyncio.wait_for(asyncio.gather(*probing, return_exceptions=True), 60)
    assert all(isinstance(result, AudioError | RuntimeError) for result in results)
    await gone(started)
    with pytest.raises(RuntimeError):
        await pool.probe(RECORDING, "anna")


def test_the_api_process_loads_no_decoder() -> None:
    libraries = "{'av', 'numpy', 'onnxruntime'}"
    code = f"import sys, voxq.processes.media.pool; print(sorted({libraries} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "[]"


async def test_many_slow_recordings_of_one_owner_delay_another_by_one_of_them() -> None:
    """Submit many slow recordings of one owner and one of another, which must be served in the next round."""
    pool = ProbePool(size=1, timeout_seconds=30, max_seconds=60)
    await pool.start()
    ended: list[str] = []

    async def probe(owner: str) -> None:
        await pool.probe(RECORDING, owner)
        ended.append(owner)

    many = [asyncio.ensure_future(probe("anna")) for _ in range(20)]
    await asyncio.sleep(0)
    await probe("ben")
    assert len(ended) <= 3
    await asyncio.gather(*many)
    await pool.close()
