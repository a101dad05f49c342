"""OpenAI's API: what the queue behind `/v1/audio/transcriptions` costs, a hundred clients, cached answers.

Overhead: the same voice note (English, some seconds, OGG/Opus) again and again, one request at a time, with
`cache=false`: by the `openai` SDK, by plain httpx, and without any service: decoded and cut by the code that
the service has for it, recognised by the bare engine in a process of its own. In turns, one worker, nothing
else to do. The overhead of a request is its latency less what the same round took without a service; it holds
the upload, the probe, every write that keeps a task safe, and the ways through Redis. "Beyond its own" takes
off what the request's own task was decoded and recognised for, by its timings, instead.

A hundred clients: as many different notes of 2 to 4 s at the same moment by one AsyncOpenAI, without retries;
a text is right if it is what the same note gives alone. Cached: one note that was recognised before.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import httpx
from _bare import bare_engine, precut
from _figures import Figure, Target, over_rounds, percentile
from _recordings import notes
from _service import Service, service
from openai import AsyncOpenAI, OpenAI

from voxq.devices import available_cpus
from voxq.engines import registry
from voxq.engines.base import EngineRequest

T = TypeVar("T")

_ROUNDS = 40
_WARM_UP = 3
_CLIENTS = 100
_CACHED = 200
_ANEW = {"cache": "false"}


def measure(say: Callable[[str], None]) -> list[Figure]:
    threads = available_cpus()
    with (
        tempfile.TemporaryDirectory(prefix="voxq-bench-") as own,
        service(asr_threads=threads, asr_use_gpu=False) as under_test,
        OpenAI(base_url=f"{under_test.url}/v1", api_key="none", max_retries=0) as sdk,
        httpx.Client(base_url=under_test.url, trust_env=False, timeout=600) as http,
    ):
        (note,) = notes(Path(own), 1)
        say(f"one note, {_ROUNDS} rounds")
        overhead = _overhead(under_test, sdk, http, note, threads)
        say(f"one note from the cache, {_CACHED} times")
        cached = _cached(sdk, http, note)
        say(f"{_CLIENTS} notes, one at a time and at once")
        return [*overhead, *cached, *_at_once(under_test, sdk, notes(Path(own), _CLIENTS, 2, 4))]


def _overhead(under_test: Service, sdk: OpenAI, http: httpx.Client, note: Path, threads: int) -> list[Figure]:
    alone: list[float] = []
    plain: list[float] = []
    by_sdk: list[float] = []
    beyond: list[float] = []
    settings = under_test.settings
    request = EngineRequest(settings.asr_engine, settings.asr_model, "cpu", threads)
    traits = registry.find(request.engine).traits_for(request)
    with bare_engine(settings, threads) as bare:
        for _ in range(_WARM_UP + _ROUNDS):
            cutting, cut = _timed(
                lambda: precut(note, note.with_suffix(".f32"), traits, settings.max_audio_seconds)
            )
            alone.append(cutting + bare.seconds([cut]) * 1000)
            latency, answer = _timed(lambda: _post(http, note, _ANEW))
            plain.append(latency)
            beyond.append(latency - _work_ms(http, answer.headers["x-voxq-task"]))
            by_sdk.append(_timed(lambda: _ask(sdk, note, _ANEW))[0])
    bare_ms, plain_ms, sdk_ms, beyond_ms = (each[_WARM_UP:] for each in (alone, plain, by_sdk, beyond))
    return [
        over_rounds(
            "without a service", bare_ms, "ms", note=f"{_ROUNDS} rounds, {cut.seconds:.1f} s of speech"
        ),
        over_rounds("/v1, plain httpx", plain_ms, "ms"),
        over_rounds("/v1, SDK", sdk_ms, "ms"),
        over_rounds("overhead, plain httpx: p50", _differences(plain_ms, bare_ms), "ms", Target("<", 15)),
        over_rounds("overhead, SDK: p50", _differences(sdk_ms, bare_ms), "ms", Target("<", 15)),
        over_rounds("beyond its own decoding and recognising: p50", beyond_ms, "ms"),
    ]


def _cached(sdk: OpenAI, http: httpx.Client, note: Path) -> list[Figure]:
    _post(http, note, {})
    plain = [_timed(lambda: _post(http, note, {})) for _ in range(_CACHED)]
    hits = sum(answer.headers["x-voxq-cache"] == "hit" for _, answer in plain)
    by_sdk = [_timed(lambda: _ask(sdk, note, {}))[0] for _ in range(_CACHED)]
    latencies = [latency for latency, _ in plain]
    return [
        Figure("cache hits", hits, "", Target("=", _CACHED)),
        Figure("cache hit, plain httpx: p50", percentile(latencies, 50), "ms"),
        Figure("cache hit, plain httpx: p95", percentile(latencies, 95), "ms"),
        Figure("cache hit, SDK: p50", percentile(by_sdk, 50), "ms"),
        Figure("cache hit, SDK: p95", percentile(by_sdk, 95), "ms"),
    ]


def _at_once(under_test: Service, sdk: OpenAI, files: Sequence[Path]) -> list[Figure]:
    expected = [_ask(sdk, file, _ANEW) for file in files]
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
    """Of each file its text (None: no answer) and the seconds until it came."""

    async def one(sdk: AsyncOpenAI, file: Path) -> tuple[str | None, float]:
        began = time.perf_counter()
        try:
            answer = await sdk.audio.transcriptions.create(file=file, model="whisper-1", extra_body=_ANEW)
        except Exception:  # counted, whatever it is
            return None, 0.0
        return answer.text, time.perf_counter() - began

    async with AsyncOpenAI(base_url=f"{under_test.url}/v1", api_key="none", max_retries=0) as sdk:
        return await asyncio.gather(*(one(sdk, file) for file in files))


def _post(http: httpx.Client, note: Path, fields: dict[str, str]) -> httpx.Response:
    files = {"file": (note.name, note.read_bytes())}
    answer = http.post("/v1/audio/transcriptions", files=files, data={"model": "whisper-1", **fields})
    return answer.raise_for_status()


def _ask(sdk: OpenAI, note: Path, fields: dict[str, str]) -> str:
    return sdk.audio.transcriptions.create(file=note, model="whisper-1", extra_body=fields).text


def _timed(call: Callable[[], T]) -> tuple[float, T]:
    """Milliseconds, and the answer."""
    began = time.perf_counter()
    answer = call()
    return (time.perf_counter() - began) * 1000, answer


def _work_ms(http: httpx.Client, task_id: str) -> float:
    """What a task was decoded, searched for speech and recognised."""
    timings = http.get(f"/api/v1/asr/result/{task_id}").raise_for_status().json()["timings"]
    return sum(timings[part] for part in ("decode", "vad", "engine")) * 1000


def _differences(values: Sequence[float], base: Sequence[float]) -> list[float]:
    return [value - one for value, one in zip(values, base, strict=True)]


if __name__ == "__main__":
    from run import main

    sys.exit(main([Path(__file__).stem, *sys.argv[1:]]))
