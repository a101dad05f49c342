"""Choice of voice for a text, and refusal of texts that no installed voice can speak."""

from __future__ import annotations

import time

import pytest

from voxq.api.kinds.speech.options import for_speakers
from voxq.api.monitoring.workers import WorkerFacts, WorkerOverview
from voxq.core.refusal import Refusal
from voxq.core.request_reader import RequestReader
from voxq.engines import voices
from voxq.engines.contract import Requirements
from voxq.kinds.speech import SpeechOptions, TextField

WITHOUT_JAPANESE = [s for s in voices.speakers_of(["hibari", "kokoro"]) if s.voice.language != "ja"]

READER = RequestReader(SpeechOptions, besides={"text": TextField})


def options(text: str, **how: object) -> SpeechOptions:
    asked = READER.values({"text": text, **how})
    return for_speakers(asked.besides["text"], asked.options, WITHOUT_JAPANESE, 1000)


def worker(number: int, **facts: object) -> WorkerFacts:
    alike = {"state": "ready", "engine": "e", "model": "m", "device": "cpu", "beat": time.time(), "held": 0}
    return WorkerFacts(id=number, **(alike | facts))  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("text", "how", "field"),
    [
        ("こんにちは。", {}, "voice"),
        ("こんにちは。", {"voice": "af_heart"}, "voice"),
        ("Hello.", {"voice": "jf_alpha"}, "voice"),
        ("Hello.", {"language": "ja"}, "language"),
    ],
)
def test_a_language_without_its_packages_is_refused_with_what_to_install(
    text: str, how: dict[str, object], field: str
) -> None:
    with pytest.raises(Refusal, match="scripts/setup --extra kokoro-ja") as caught:
        options(text, **how)
    assert (caught.value.code, caught.value.details["field"]) == ("language_unsupported", field)
    assert caught.value.details["languages"] == ["en", "zh", "es", "fr"]


@pytest.mark.parametrize("text", ["今天天气很好。", "Привет, мир."])
def test_a_text_that_a_voice_cannot_read_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match="The voice heart does not speak") as caught:
        options(text, voice="heart")
    assert caught.value.code == "language_unsupported"


@pytest.mark.parametrize(
    ("text", "voice"),
    [
        ("今天天气很好。", "af_heart"),
        ("The angle α is small.", "heart"),
        ("Hello 你好, my old friend.", "zf_xiaobei"),
        ("3.5", "zf_xiaobei"),
        ("Hola", "ef_dora"),
    ],
)
def test_text_that_the_synthesiser_can_read_is_accepted(text: str, voice: str) -> None:
    assert options(text, voice=voice).voice == voice


def test_a_language_is_offered_if_every_worker_with_the_voice_supports_it() -> None:
    old = worker(1, synthesisers=("hibari", "kokoro"))
    full = worker(2, synthesisers=("kokoro",), spoken={"kokoro": ("en", "zh", "ja")})
    plain = worker(3, synthesisers=("kokoro",), spoken={"kokoro": ("en", "zh")})
    assert WorkerOverview((old, full)).speaks("kokoro", "ja"), "one of an earlier version does not tell"
    assert not WorkerOverview((full, plain)).speaks("kokoro", "ja")
    assert WorkerOverview((full, plain)).speaks("kokoro", "zh")
    assert not WorkerOverview((full, plain)).speaks("hibari", "en")


def test_packages_are_there_when_all_their_modules_are() -> None:
    assert Requirements(("json", "wave")).are_installed
    assert not Requirements(("json", "no_such_module")).are_installed
