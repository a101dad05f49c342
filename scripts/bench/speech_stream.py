"""Speech: time until the first sound of a long text, and how much of a voice's speed the service keeps.

A text of 1000 characters of English prose is submitted to an idle service over HTTP, and its sound requested
with `stream=true` as raw samples, so that the first byte belongs to the first sound; median of three, after
one warm-up. Then as many such texts as the bare voice speaks in ten seconds, at least two, are submitted at
once; the time runs from the first submission until the last task has ended. The bare voice speaks the same
sentences with the same threads in its own process, as many side by side as the service, without splitting,
writing, joining or encoding. Both are counted in seconds of sound without pauses; three rounds of each, in
turns. Every installed synthesiser is measured, in English.
"""

from __future__ import annotations

import json
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _bare_voice import bare_voice
from _figures import Figure, Target, over_rounds
from _service import Service, service
from _watch import Watch

from voxq.engines import voices
from voxq.engines.contract import EngineRequest
from voxq.machine.devices import available_cpus
from voxq.model_store.store import ModelError, ModelStore

_CHARACTERS = 1000
_STORY = Path(__file__).parents[1] / "demo_story.txt"
_STREAMED = 3
_ROUNDS = 3
_LEAST_SECONDS = 10.0
_LEAST_TEXTS = 2
_PATIENCE = 300.0


@dataclass(frozen=True, slots=True)
class _Heard:
    """Streaming of a text: seconds from its submission until the first byte of sound, and until the last."""

    first: float
    last: float


def measure(say: Callable[[str], None]) -> list[Figure]:
    text = " ".join(_STORY.read_text("utf-8").split())[:_CHARACTERS]
    return [figure for model in _installed() for figure in _figures(model, text, say)]


def _figures(model: str, text: str, say: Callable[[str], None]) -> Iterator[Figure]:
    threads = available_cpus()
    voice = next(each.name for each in voices.family_of(model).voices_for(model) if each.language == "en")
    with (
        service(asr_threads=threads, asr_use_gpu=False, preload_models=model) as under_test,
        bare_voice(model, voice, threads) as bare,
    ):
        say(f"{model}: a text of {len(text)} characters, {_STREAMED + 1} times")
        heard = [_listen(under_test, text, voice) for _ in range(_STREAMED + 1)][1:]
        texts = [text] * max(_LEAST_TEXTS, round(_LEAST_SECONDS / bare.say([text]).seconds))
        alone, usual = [], []
        for number in range(_ROUNDS):
            say(f"{model}: round {number + 1} of {_ROUNDS}")
            said = bare.say(texts)
            alone.append(said.sound / said.seconds)
            usual.append(said.sound / _seconds(under_test, texts, voice))
    unit = "audio s/s"
    shares = [each.first / each.last for each in heard]
    ratios = [service_ / bare_ for service_, bare_ in zip(usual, alone, strict=True)]
    yield over_rounds(f"{model}: first byte", [each.first for each in heard], "s")
    yield over_rounds(f"{model}: whole text", [each.last for each in heard], "s")
    yield over_rounds(f"{model}: first byte / whole", shares, "")
    yield over_rounds(f"{model}: bare voice", alone, unit, note=f"{threads} threads")
    yield over_rounds(f"{model}: service", usual, unit, note=f"{len(texts)} texts at once")
    yield over_rounds(f"{model}: service / bare", ratios, "", Target(">=", 0.9))


def _installed() -> Iterator[str]:
    store = ModelStore()
    for name in voices.models():
        try:
            for model in voices.family_of(name).roles_for(EngineRequest(name, name)).values():
                store.resolve(model)
        except ModelError:
            continue
        yield name


def _listen(under_test: Service, text: str, voice: str) -> _Heard:
    """Submit a text and stream its sound. Raises RuntimeError if the response is no sound."""
    began = time.monotonic()
    task_id = _submit(under_test, text, voice)
    url = f"{under_test.url}/api/v1/tts/audio/{task_id}?stream=true"
    with urllib.request.urlopen(url, timeout=_PATIENCE) as answer:
        if not answer.read(1):
            raise RuntimeError("there is no sound")
        first = time.monotonic() - began
        answer.read()
    return _Heard(first, time.monotonic() - began)


def _seconds(under_test: Service, texts: Sequence[str], voice: str) -> float:
    """Seconds from the first submission to the last end."""
    with Watch(under_test) as watch:
        began = time.monotonic()
        tasks = [_submit(under_test, text, voice) for text in texts]
        watch.wait_ended(tasks, _PATIENCE)
        return max(watch.ended_at(task) for task in tasks) - began


def _submit(under_test: Service, text: str, voice: str) -> str:
    body: dict[str, Any] = {"text": text, "voice": voice, "format": "pcm"}
    request = urllib.request.Request(
        f"{under_test.url}/api/v1/tts/submit",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["task_id"]


if __name__ == "__main__":
    from run import main

    sys.exit(main([Path(__file__).stem, *sys.argv[1:]]))
