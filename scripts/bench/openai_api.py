"""OpenAI's API: cost of the queue behind `/v1/audio/transcriptions`, a hundred clients, cached answers.

Overhead: the same voice note (English, OGG/Opus) repeatedly, one request at a time, with `cache=false`: by
the `openai` SDK, by plain httpx, and without any service, decoded and cut by the service's code and
recognised by the bare engine in its own process; and, as the least that any such server costs, the same
upload to a bare FastAPI application that answers with its size. One worker without other work. They take
turns, in another order each round, and the result is how much longer a round's request took than the same
round's recording without a service: the upload, the probe, every write that makes a task safe, and the
messages through Redis. The figure is the median of these differences; its note gives the 95 % confidence
interval (bootstrap).

Once with Whisper, whose own time varies between runs by more than the overhead; so "beyond its own" subtracts
the time for which the request's own task was decoded, searched for speech and recognised, by its timings. And
once with the engine "noop", which answers at once: the same path without a model's noise.

A hundred clients: as many different notes of 2 to 4 s at the same moment by one AsyncOpenAI, without retries;
a text is right if it equals the text of the same note alone. Cached: one note that was recognised before.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from _figures import Figure, Target, percentile
from _overhead import ANEW, ask, overhead, post, timed
from _recordings import notes
from _service import Service, service
from openai import AsyncOpenAI, OpenAI

from voxq.machine.devices import available_cpus

_NOTE_SECONDS = (2.0, 3.0)
_NOOP_ROUNDS, _NOOP_PER_ROUND = 60, 10
_ROUNDS = 40
_CLIENTS = 100
_CACHED = 200


def measure(say: Callable[[str], None]) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="voxq-bench-") as own:
        (note,) = notes(Path(own), 1, *_NOTE_SECONDS)
        say(f"one note around a no-op engine, {_NOOP_ROUNDS} rounds")
        with _clients(asr_engine="noop", asr_model="noop") as (under_test, sdk, http):
            around_noop = overhead(under_test, sdk, http, note, "no-op engine", _NOOP_ROUNDS, _NOOP_PER_ROUND)
        with _clients() as (under_test, sdk, http):
            say(f"the same with Whisper, {_ROUNDS} rounds")
            around_whisper = overhead(under_test, sdk, http, note, "Whisper", _ROUNDS)
            say(f"one note from the cache, {_CACHED} times")
            cached = _cached(sdk, http, note)
            say(f"{_CLIENTS} notes, one at a time and at once")
            at_once = _at_once(under_test, sdk, notes(Path(own), _CLIENTS, 2, 4))
    return [*around_noop, *around_whisper, *cached, *at_once]


@contextmanager
def _clients(**changed: Any) -> Iterator[tuple[Service, OpenAI, httpx.Client]]:
    with (
        service(asr_threads=available_cpus(), asr_use_gpu=False, **changed) as under_test,
        OpenAI(base_url=f"{under_test.url}/v1", api_key="none", max_retries=0) as sdk,
        httpx.Client(base_url=under_test.url, trust_env=False, timeout=600) as http,
    ):
        yield under_test, sdk, http


def _cached(sdk: OpenAI, http: httpx.Client, note: Path) -> list[Figure]:
    post(http, note, {})
    plain = [timed(lambda: post(http, note, {})) for _ in range(_CACHED)]
    hits = sum(answer.headers["x-voxq-cache"] == "hit" for _, answer in plain)
    by_sdk = [timed(lambda: ask(sdk, note, {}))[0] for _ in range(_CACHED)]
    latencies = [latency for latency, _ in plain]
    return [
        Figure("cache hits", hits, "", Target("=", _CACHED)),
        Figure("cache hit, plain httpx: p50", percentile(latencies, 50), "ms"),
        Figure("cache hit, plain httpx: p95", percentile(latencies, 95), "ms"),
        Figure("cache hit, SDK: p50", percentile(by_sdk, 50), "ms"),
        Figure("cache hit, SDK: p95", percentile(by_sdk, 95), "ms"),
    ]


def _at_once(under_test: Service, sdk: OpenAI, files: Sequence[Path]) -> list[Figure]:
    expected = [ask(sdk, file, ANEW) for file in files]
    answers = asyncio.run(_all(under_test, files))
    answered = [(text, seconds) for text, seconds in answers if text is not None]
    right = sum(text == wanted for (text, _), wanted in zip(answers, expected, strict=True))
    seconds = [each for _, each in answered]
    return [
        Figure(f"{_CLIENTS} SDK clients at once: answered", len(answered), "", Target("=", _CLIENTS)),
        Figure("answered right", right, "", Target("=", len(answered))),
        Figure("latency: p50", percentile(seconds, 50), "s"),
        Figure("latency: p95", percentile(seconds, 95), "s"),
        Figure("latency: longest", max(seconds), "s"),
    ]


async def _all(under_test: Service, files: Sequence[Path]) -> list[tuple[str | None, float]]:
    """Transcribe all files at once; returns each text (None without an answer) and its seconds."""

    async def one(sdk: AsyncOpenAI, file: Path) -> tuple[str | None, float]:
        began = time.perf_counter()
        try:
            answer = await sdk.audio.transcriptions.create(file=file, model="whisper-1", extra_body=ANEW)
        except Exception:  # any error counts as no answer
            return None, 0.0
        return answer.text, time.perf_counter() - began

    async with AsyncOpenAI(base_url=f"{under_test.url}/v1", api_key="none", max_retries=0) as sdk:
        return await asyncio.gather(*(one(sdk, file) for file in files))


if __name__ == "__main__":
    from run import main

    sys.exit(main([Path(__file__).stem, *sys.argv[1:]]))
