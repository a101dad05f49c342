"""Overhead of a service: the same recording with and without it, in turns."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import httpx
from _bare import bare_engine, precut
from _echo import echo
from _figures import Figure, Target, differences, median, over_rounds
from _service import Service
from openai import OpenAI

from voxq.engines import registry
from voxq.engines.contract import EngineRequest

T = TypeVar("T")

ANEW = {"cache": "false"}
"""Form field that prevents an answer from an earlier task."""

_TARGET = Target("<", 15)
_ECHOES = Target("<=", 3)
_WARM_UP = 3
_WORK = ("decode", "vad", "engine")


def overhead(
    under_test: Service,
    sdk: OpenAI,
    http: httpx.Client,
    note: Path,
    engine: str,
    rounds: int,
    per_round: int = 1,
) -> list[Figure]:
    """Measure the overhead by each way of asking, and that of a bare FastAPI application which only takes the
    same upload. `engine` is its name for the figures.

    A round's value is the median of `per_round` requests.
    """
    settings = under_test.settings
    request = EngineRequest(settings.asr_engine, settings.asr_model, "cpu", settings.asr_threads)
    traits = registry.find(request.engine).traits_for(request)
    asked: list[tuple[float, str]] = []

    with bare_engine(settings, settings.asr_threads) as bare, echo() as bare_http:

        def alone() -> float:
            scratch = note.with_suffix(".f32")
            cutting, cut = timed(lambda: precut(note, scratch, traits, settings.max_audio_seconds))
            return cutting + bare.seconds([cut]) * 1000

        def plain() -> float:
            latency, answer = timed(lambda: post(http, note, ANEW))
            asked.append((latency, answer.headers["x-voxq-task"]))
            return latency

        def by_sdk() -> float:
            return timed(lambda: ask(sdk, note, ANEW))[0]

        def echoed() -> float:
            return timed(lambda: post(bare_http, note, ANEW))[0]

        ways = (alone, plain, by_sdk, echoed)
        alone_ms, plain_ms, sdk_ms, echo_ms = in_turns(ways, rounds, per_round)
    beyond = [latency - _work_ms(http, task_id) for latency, task_id in asked[_WARM_UP * per_round :]]
    of = f"{rounds} rounds of {per_round}" if per_round > 1 else f"{rounds} rounds"
    return [
        over_rounds(f"{engine}: without a service", alone_ms, "ms", note=of),
        over_rounds(f"{engine}: /v1, plain httpx", plain_ms, "ms"),
        over_rounds(f"{engine}: /v1, SDK", sdk_ms, "ms"),
        differences(f"{engine}: overhead, plain httpx: p50", plain_ms, alone_ms, "ms", _TARGET),
        differences(f"{engine}: overhead, SDK: p50", sdk_ms, alone_ms, "ms", _TARGET),
        over_rounds(f"{engine}: beyond its own decoding and recognising: p50", beyond, "ms"),
        over_rounds(f"{engine}: the same upload to a bare FastAPI echo", echo_ms, "ms"),
        Figure(
            f"{engine}: overhead, plain httpx / bare FastAPI echo",
            median([whole - own for whole, own in zip(plain_ms, alone_ms, strict=True)]) / median(echo_ms),
            "",
            _ECHOES,
        ),
    ]


def in_turns(ways: Sequence[Callable[[], float]], rounds: int, per_round: int) -> list[list[float]]:
    """Median of each way in each round, after some warm-up rounds.

    The order changes from round to round, so that none always follows the same other one.
    """
    chance = random.Random(rounds)
    medians: list[list[float]] = [[] for _ in ways]
    for _ in range(_WARM_UP + rounds):
        for index in chance.sample(range(len(ways)), len(ways)):
            medians[index].append(median([ways[index]() for _ in range(per_round)]))
    return [each[_WARM_UP:] for each in medians]


def post(http: httpx.Client, note: Path, fields: dict[str, str]) -> httpx.Response:
    files = {"file": (note.name, note.read_bytes())}
    answer = http.post("/v1/audio/transcriptions", files=files, data={"model": "whisper-1", **fields})
    return answer.raise_for_status()


def ask(sdk: OpenAI, note: Path, fields: dict[str, str]) -> str:
    return sdk.audio.transcriptions.create(file=note, model="whisper-1", extra_body=fields).text


def timed(call: Callable[[], T]) -> tuple[float, T]:
    """Call a function; returns the milliseconds it took, and its result."""
    began = time.perf_counter()
    answer = call()
    return (time.perf_counter() - began) * 1000, answer


def _work_ms(http: httpx.Client, task_id: str) -> float:
    """Milliseconds for which a task was decoded, searched for speech and recognised."""
    timings = http.get(f"/api/v1/asr/result/{task_id}").raise_for_status().json()["timings"]
    return sum(timings[part] for part in _WORK) * 1000
