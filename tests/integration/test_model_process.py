"""The model process as a real process, tested through its pipe."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from audio import recording, spoken_text
from engine_calls import recognition

from voxq.engines import registry
from voxq.engines.contract import ChunkError, EngineRequest, Recognised
from voxq.engines.warmup import clip
from voxq.model_store.store import ModelStore
from voxq.processes.child import Child, ChildDied
from voxq.processes.model.protocol import (
    CODEC,
    MODEL_PROCESS_MODULE,
    Embedded,
    Finished,
    Load,
    Loaded,
    LoadFailed,
    Measured,
    Reply,
    Request,
    Run,
    SpanRef,
    Started,
    Trial,
)
from voxq.speech.audio import SAMPLE_RATE

SUPPORT = Path(__file__).parent.parent / "support"
FAULTY = "faulty_engine:KIND"
PATIENCE = 120.0


class ModelProcess:
    """The parent's end of the pipe, with a limit on every wait."""

    def __init__(self) -> None:
        env = {"VOXQ_TEST_ENGINES": "1", "PYTHONPATH": str(SUPPORT)}
        self.child = Child.start(MODEL_PROCESS_MODULE, env=env)

    def send(self, *requests: Request) -> None:
        for request in requests:
            self.child.send(CODEC.encode(request))

    def receive(self) -> Reply:
        assert self.child.poll(PATIENCE), "the model process says nothing"
        return CODEC.decode_reply(self.child.receive())

    def load(self, engine: str, model: str = "noop", **options: int) -> Reply:
        request = EngineRequest(engine, model, **options)
        self.send(Load(request, registry.find(engine).model_paths(request, ModelStore().resolve)))
        return self.receive()

    def run(self, *items: SpanRef) -> Finished:
        self.send(Run("b", items))
        assert self.receive() == Started("b")
        finished = self.receive()
        assert isinstance(finished, Finished)
        return finished

    def wait(self) -> None:
        """Wait until the process has ended by itself."""
        deadline = time.monotonic() + PATIENCE
        while self.child.is_alive():
            assert time.monotonic() < deadline, "the model process goes on"
            time.sleep(0.01)

    def is_silent(self) -> bool:
        return not self.child.poll(0.5)


@pytest.fixture
def link(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelProcess]:
    monkeypatch.setenv("VOXQ_TEST_ENGINES", "1")
    running = ModelProcess()
    yield running
    running.child.kill()


@pytest.fixture
def chunk(tmp_path: Path) -> Callable[..., SpanRef]:
    """Return a function that makes chunks of a ten-second scratch file."""
    pcm = tmp_path / "scratch.f32"
    np.linspace(-0.5, 0.5, 10 * SAMPLE_RATE, dtype="<f4").tofile(pcm)

    def make(*hotwords: str, start: float = 0.0, end: float = 1.0) -> SpanRef:
        options = recognition("en", hotwords)
        return SpanRef(pcm, round(start * SAMPLE_RATE), round(end * SAMPLE_RATE), options)

    return make


def test_vectors_of_one_speaker_are_alike(link: ModelProcess, tmp_path: Path) -> None:
    pcm = tmp_path / "speech.f32"
    silence = np.zeros(2 * SAMPLE_RATE, np.float32)
    np.concatenate([clip(), silence]).astype("<f4").tofile(pcm)
    loaded = link.load("ge2e", "ge2e")
    assert isinstance(loaded, Loaded)
    assert loaded.revision.startswith("ge2e:")
    half, end = len(clip()) // 2, len(clip())
    spans = [SpanRef(pcm, 0, half, {}), SpanRef(pcm, half, end, {}), SpanRef(pcm, end, end + SAMPLE_RATE, {})]
    one, other, nobody = link.run(*spans).items
    assert isinstance(one, Embedded) and isinstance(other, Embedded) and isinstance(nobody, Embedded)
    assert float(np.dot(one.vector, other.vector)) > 0.75
    assert one.sound.speech_seconds > 2
    assert nobody.vector == ()
    assert nobody.sound.speech_seconds == 0
    (gone,) = link.run(SpanRef(tmp_path / "nothing.f32", 0, half, {})).items
    assert isinstance(gone, ChunkError)
    assert gone.code == "audio_unavailable"


def texts(finished: Finished) -> list[str]:
    return [a.segments[0].text if isinstance(a, Recognised) else a.code for a in finished.items]


def test_real_speech_goes_through(link: ModelProcess, tmp_path: Path) -> None:
    loaded = link.load("faster-whisper", "whisper-base", threads=2)
    assert isinstance(loaded, Loaded)
    assert loaded.cost.fixed > 0
    assert 100 < loaded.rss_mb < 1500
    silence = np.zeros(3 * SAMPLE_RATE, np.float32)
    speech = recording("zh_note")
    np.concatenate([silence, speech]).astype("<f4").tofile(tmp_path / "pcm")
    run = link.run(SpanRef(tmp_path / "pcm", len(silence), len(silence) + len(speech), recognition()))
    (answer,) = run.items
    assert isinstance(answer, Recognised)
    assert answer.language == "zh"
    heard = "".join(segment.text for segment in answer.segments)
    assert re.sub(r"\W", "", heard) == re.sub(r"\W", "", spoken_text("zh_note"))
    assert run.seconds > 0


def test_memory_of_a_batch_is_given_back(link: ModelProcess, tmp_path: Path) -> None:
    loaded = link.load("faster-whisper", "whisper-base", threads=2)
    assert isinstance(loaded, Loaded)
    np.tile(clip(), 8).astype("<f4").tofile(tmp_path / "pcm")
    length = len(clip())
    chunks = [SpanRef(tmp_path / "pcm", n * length, (n + 1) * length, recognition("en")) for n in range(8)]
    for _ in range(2):
        assert all(isinstance(each, Recognised) and each.segments for each in link.run(*chunks).items)
    process = psutil.Process(link.child.pid)
    deadline = time.monotonic() + PATIENCE
    while (rss_mb := process.memory_info().rss >> 20) > loaded.rss_mb + 25:
        assert time.monotonic() < deadline, f"{rss_mb} MB after {loaded.rss_mb} MB"
        time.sleep(0.1)


def test_the_speed_of_a_real_model_is_measured(link: ModelProcess) -> None:
    family = registry.find("faster-whisper")
    request = EngineRequest(family.name, "whisper-base", threads=2, replicas=2)
    link.send(Trial(request, family.model_paths(request, ModelStore().resolve), (1, 4)))
    assert isinstance(link.receive(), Loaded)
    one, four = link.receive(), link.receive()
    assert isinstance(one, Measured) and isinstance(four, Measured)
    assert (one.items, four.items) == (1, 4)
    assert min(one.short, one.long, four.short) > 0.1 and four.long == one.long
    assert one.waited >= 0.0
    link.wait()


def test_a_second_batch_waits_in_the_pipe(link: ModelProcess, chunk: Callable[..., SpanRef]) -> None:
    link.load(FAULTY)
    link.send(Run("1", (chunk(end=1.0),)), Run("2", (chunk(end=2.0), chunk(start=5, end=8.5))))
    replies = [link.receive() for _ in range(4)]
    assert [type(reply) for reply in replies] == [Started, Finished, Started, Finished]
    assert isinstance(replies[3], Finished) and replies[3].batch == "2"
    assert texts(replies[3]) == ["2.00 seconds", "3.50 seconds"]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("fault-raise", "engine_error"),
        ("fault-few", "engine_error"),
        ("fault-many", "engine_error"),
        ("fault-memory", "out_of_memory"),
    ],
)
def test_a_failed_batch_is_an_error_of_no_single_item(
    link: ModelProcess, chunk: Callable[..., SpanRef], fault: str, code: str
) -> None:
    link.load(FAULTY)
    finished = link.run(chunk(), chunk(fault), chunk())
    assert finished.batch_failed
    assert texts(finished) == [code] * 3
    assert "secret" not in str(finished)
    assert texts(link.run(chunk())) == ["1.00 seconds"]  # and the model process continues


def test_running_out_of_memory_once_is_survived(link: ModelProcess, chunk: Callable[..., SpanRef]) -> None:
    link.load(FAULTY)
    assert link.run(chunk("fault-memory-once")).batch_failed
    assert texts(link.run(chunk("fault-memory-once"))) == ["1.00 seconds"]


def test_an_item_that_fails_leaves_the_others_alone(
    link: ModelProcess, chunk: Callable[..., SpanRef]
) -> None:
    link.load(FAULTY)
    finished = link.run(chunk(), chunk("fault-error"), chunk(end=2.0))
    assert not finished.batch_failed
    assert texts(finished) == ["1.00 seconds", "faulty", "2.00 seconds"]


def test_missing_audio_is_an_error_of_its_item(
    link: ModelProcess, chunk: Callable[..., SpanRef], tmp_path: Path
) -> None:
    link.load(FAULTY)
    missing = SpanRef(tmp_path / "missing", 0, 100, recognition())
    beyond = [chunk(start=9, end=11), chunk(start=2, end=1), chunk(end=3600), chunk(start=-1, end=1)]
    finished = link.run(chunk(), missing, *beyond)
    assert texts(finished) == [
        "1.00 seconds", "audio_unavailable", "audio_unavailable", *["bad_chunk"] * 3,
    ]  # fmt: skip
    only_bad = link.run(missing)
    assert not only_bad.batch_failed


def test_output_of_libraries_never_reaches_the_pipe(
    link: ModelProcess, chunk: Callable[..., SpanRef]
) -> None:
    link.load(FAULTY)
    assert texts(link.run(chunk("fault-noise"))) == ["1.00 seconds"]
    assert link.is_silent()


@pytest.mark.parametrize(("fault", "end"), [("fault-segfault", "signal SIGSEGV"), ("fault-exit", "status 3")])
def test_a_death_is_noticed_and_named(
    link: ModelProcess, chunk: Callable[..., SpanRef], fault: str, end: str
) -> None:
    link.load(FAULTY)
    link.send(Run("b", (chunk(fault),)))
    assert link.receive() == Started("b")
    with pytest.raises(ChildDied):
        link.receive()
    link.wait()
    assert link.child.kill() == end


@pytest.mark.parametrize("fault", ["fault-hang", "fault-hang-gil"])
def test_a_hang_in_native_code_can_be_killed(
    link: ModelProcess, chunk: Callable[..., SpanRef], fault: str
) -> None:
    link.load(FAULTY)
    link.send(Run("b", (chunk(fault),)))
    assert link.receive() == Started("b")
    assert link.is_silent()
    assert link.child.kill() == "signal SIGKILL"


@pytest.mark.parametrize(
    ("engine", "model", "message"),
    [("noop", "nothing", "sleep-<n>ms"), ("nonsense", "x", "faster-whisper, noop")],
)
def test_a_load_failure_is_reported(link: ModelProcess, engine: str, model: str, message: str) -> None:
    link.send(Load(EngineRequest(engine, model), {}))
    reply = link.receive()
    assert isinstance(reply, LoadFailed)
    assert message in reply.message
    with pytest.raises(ChildDied):
        link.receive()


def test_a_damaged_model_is_reported(link: ModelProcess, tmp_path: Path) -> None:
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (tmp_path / name).write_bytes(b"{}")
    link.send(Load(EngineRequest("faster-whisper", "x"), {"path": tmp_path}))
    reply = link.receive()
    assert isinstance(reply, LoadFailed)
    assert "faster-whisper could not be loaded" in reply.message


@pytest.mark.parametrize(
    "garbage", [{"op": "zzz"}, {}, {"op": "run", "batch": "b", "items": 3}, {"op": "load"}]
)
def test_garbage_ends_the_model_process(link: ModelProcess, garbage: dict[str, object]) -> None:
    link.load("noop")
    link.child.send(garbage)
    with pytest.raises(ChildDied):
        link.receive()


def test_the_first_message_must_be_load(link: ModelProcess, chunk: Callable[..., SpanRef]) -> None:
    link.send(Run("b", (chunk(),)))
    with pytest.raises(ChildDied):
        link.receive()


def test_the_model_process_ends_with_its_pipe(link: ModelProcess) -> None:
    link.load("noop")
    link.child.close()
    link.wait()


PARENT = """
import sys, time
from pathlib import Path
from voxq.processes.child import Child
from voxq.engines.contract import EngineRequest
from voxq.processes.model.protocol import MODEL_PROCESS_MODULE, CODEC, SpanRef, Load, Run
child = Child.start(MODEL_PROCESS_MODULE)
child.send(CODEC.encode(Load(EngineRequest("faulty_engine:KIND", "noop"), {})))
child.receive()
chunk = SpanRef(Path(sys.argv[1]), 0, 100, {"hotwords": ["fault-hang-gil"]})
child.send(CODEC.encode(Run("b", (chunk,))))
child.receive()
print(child.pid, flush=True)
time.sleep(600)
"""


def test_a_parent_that_is_killed_takes_its_hanging_model_process_with_it(tmp_path: Path) -> None:
    np.zeros(100, "<f4").tofile(tmp_path / "pcm")
    env = {**os.environ, "VOXQ_TEST_ENGINES": "1", "PYTHONPATH": str(SUPPORT)}
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "pcm")], stdout=subprocess.PIPE, text=True, env=env
    )
    assert parent.stdout is not None
    link = psutil.Process(int(parent.stdout.readline()))
    parent.send_signal(signal.SIGKILL)
    parent.wait(timeout=PATIENCE)
    deadline = time.monotonic() + PATIENCE
    while _lives(link):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _lives(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
