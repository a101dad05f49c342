"""Models that rewrite in a real model process, tested through its pipe: a provider, and the rules."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import llm_server as fake
import psutil
from llm_server import LlmServer, llm_server

from voxq.engines.contract import ChunkError, EngineRequest, Rewritten
from voxq.processes.child import Child
from voxq.processes.model.protocol import (
    CODEC,
    MODEL_PROCESS_MODULE,
    ChunkRef,
    Drafted,
    Finished,
    Load,
    Loaded,
    Reply,
    Run,
    SpanRef,
    Started,
    TextRef,
)

ENGLISH = "Um, so we uh we meet on March 5 at 3 pm."
CLEAN = "So we meet on March 5 at 3 pm."
KEY = "sk-of-the-operator"
PATIENCE = 120.0


class Process:
    """The parent's end of the pipe, with a limit on every wait."""

    def __init__(self, request: EngineRequest) -> None:
        self.child = Child.start(MODEL_PROCESS_MODULE)
        self.child.send(CODEC.encode(Load(request, {})))
        loaded = self.receive()
        assert isinstance(loaded, Loaded), loaded
        self.loaded = loaded

    def receive(self) -> Reply:
        assert self.child.poll(PATIENCE), "the model process says nothing"
        return CODEC.decode_reply(self.child.receive())

    def run(self, *items: ChunkRef) -> Finished:
        self.child.send(CODEC.encode(Run("b", items)))
        assert self.receive() == Started("b")
        while isinstance(finished := self.receive(), Drafted):
            assert finished.batch == "b"
        assert isinstance(finished, Finished)
        return finished


@contextmanager
def process_of(server: LlmServer, **changes: Any) -> Iterator[Process]:
    provider = server.provider(**changes)
    process = Process(EngineRequest("llm", provider.name, "net:local", config=provider.config()))
    try:
        yield process
    finally:
        process.child.kill()


def text(said: str = ENGLISH, mode: str = "optimize") -> TextRef:
    return TextRef(said, {"mode": mode})


def cleans(said: str) -> str:
    return CLEAN if said == ENGLISH else said


def test_texts_are_rewritten_batch_after_batch() -> None:
    with llm_server(write=cleans, key=KEY, seconds=0.3) as server, process_of(server, key=KEY) as process:
        assert not server.asked, "loading asks nobody: a provider may be away, or cost money"
        for _ in range(2):
            finished = process.run(*[text()] * 5)
            assert not finished.batch_failed
            for item in finished.items:
                assert isinstance(item, Rewritten)
                assert (item.text, item.mode, item.reason, item.provider) == (
                    CLEAN,
                    "optimize",
                    None,
                    "local",
                )
        assert server.most_at_once > 1


def test_a_failing_text_and_a_wrong_input_leave_the_others_alone() -> None:
    with llm_server(write=cleans) as server, process_of(server, seconds=1.0, calls=1) as process:
        server.faults.append(fake.HANGS)
        nothing = SpanRef(Path("/nowhere/pcm.f32"), 0, 100, {})
        first, span, third = process.run(text(mode="punctuate"), nothing, text()).items
    assert isinstance(first, ChunkError) and first.code == "llm_timeout"
    assert isinstance(span, ChunkError) and span.code == "bad_chunk"
    assert isinstance(third, Rewritten) and third.text == CLEAN


def test_a_provider_that_comes_back_is_used_again() -> None:
    with llm_server(write=cleans) as server, process_of(server) as process:
        server.faults.extend([fake.failed(500)] * 3)
        (failed,) = process.run(text(mode="summary")).items
        assert isinstance(failed, ChunkError) and failed.code == "llm_failed"
        (answer,) = process.run(text()).items
        assert isinstance(answer, Rewritten) and answer.text == CLEAN


def test_the_process_is_small_and_its_arguments_and_environment_have_no_key() -> None:
    with llm_server(write=cleans, key=KEY) as server, process_of(server, key=KEY) as process:
        process.run(text())
        own = psutil.Process(process.child.pid)
        assert KEY not in " ".join(own.cmdline()) + str(own.environ())
        assert own.memory_info().rss < 300 << 20


def test_the_rules_need_no_server() -> None:
    process = Process(EngineRequest("llm", "light", "net:light"))
    try:
        (answer,) = process.run(text("嗯，那个，我们明天开会。", "light")).items
    finally:
        process.child.kill()
    assert isinstance(answer, Rewritten)
    assert (answer.text, answer.mode) == ("我们明天开会。", "light")


def test_the_process_ends_with_its_parent_while_a_provider_hangs() -> None:
    with llm_server() as server, process_of(server) as process:
        server.faults.append(fake.HANGS)
        process.child.send(CODEC.encode(Run("b", (text(),))))
        assert process.receive() == Started("b")
        started = time.monotonic()
        process.child.kill()
        assert time.monotonic() - started < 5


def test_a_text_does_not_wait_for_a_slow_one() -> None:
    """Texts go to the provider side by side, each as a batch of its own."""

    def write(said: str) -> str:
        if "slow" in said:
            time.sleep(3)
        return cleans(said)

    with llm_server(write=write) as server, process_of(server, calls=4) as process:
        texts = ["This one is slow.", *[ENGLISH] * 3]
        for number, said in enumerate(texts):
            process.child.send(CODEC.encode(Run(str(number), (text(said),))))
        replies = [process.receive() for _ in range(8)]
        started = [reply.batch for reply in replies if isinstance(reply, Started)]
        ended = [reply.batch for reply in replies if isinstance(reply, Finished)]
    assert sorted(started) == ["0", "1", "2", "3"]
    assert sorted(ended[:3]) == ["1", "2", "3"] and ended[3] == "0"


def test_drafts_come_before_the_result() -> None:
    said = " ".join(f"In year {1000 + n} the town had {n + 200} houses and no wall." for n in range(60))
    with llm_server(pause=0.02, context=8192) as server, process_of(server, context=8192) as process:
        process.child.send(CODEC.encode(Run("b", (TextRef(said, {"mode": "punctuate", "stream": True}),))))
        assert process.receive() == Started("b")
        drafts: list[Drafted] = []
        while isinstance(reply := process.receive(), Drafted):
            drafts.append(reply)
        assert isinstance(reply, Finished)
    texts = [draft.text for draft in drafts if draft.text]
    assert texts and all(said.startswith(each) for each in texts)
