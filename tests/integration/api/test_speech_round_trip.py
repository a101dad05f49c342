"""Texts that the service speaks and then recognises: real voices, the real recogniser, one worker for both.

The other interfaces to speech are covered, too: events, webhooks, samples, metrics and the command line.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import httpx
import pytest
from api_server import ApiServer, running_api
from event_stream import event_stream
from webhook_receiver import SECRET, Receiver, receiver
from worker_lab import WorkerLab, wait_for

from _error_rate import character_error_rate, word_error_rate

TTS = "/api/v1/tts"
KEY = "annas-own-key"
ENGLISH = (
    "Please bring the blue folder to the meeting, and tell Martin that the printer is broken again. "
    "If it rains tomorrow, we will take the bus instead of walking to the station."
)
CHINESE = "今天天气很好，我们下午在公司门口见面，然后一起去公园散步。"
LONG = " ".join(f"Sentence number {number} of this text is neither short nor long." for number in range(120))


@dataclass(frozen=True, slots=True)
class Service:
    """An API with its worker, and the receiver of its webhooks."""

    api: ApiServer
    bot: Receiver

    @property
    def http(self) -> httpx.Client:
        return self.api.http

    def submitted(self, text: str, **fields: Any) -> str:
        answer = self.http.post(f"{TTS}/submit", json={"text": text, **fields})
        assert answer.status_code == 200, answer.text
        return answer.json()["task_id"]

    def done(self, kind: str, task_id: str) -> dict[str, Any]:
        """Wait for the result. On a busy machine, loading a voice of a hundred megabytes may take a
        minute."""

        def ended() -> dict[str, Any] | None:
            result = self.http.get(f"/api/v1/{kind}/result/{task_id}", params={"wait": 10}).json()
            return result if result["status"] not in ("queued", "processing") else None

        result = wait_for(ended, "its end", 150)
        assert result["status"] == "done", result
        return result


@pytest.fixture(scope="module")
def service(valkey: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    directory = tmp_path_factory.mktemp("round-trip")
    lab = WorkerLab(directory, valkey, asr_engine="faster-whisper", asr_model="whisper-base", max_inflight=4)
    lab.client.flushall()
    with receiver() as bot:
        settings = {
            "API_KEYS": f"anna:{KEY}",
            "MAX_RECORDINGS": "100",
            "WEBHOOKS": f"bot={bot.url()}",
            "WEBHOOK_SECRETS": f"bot:{SECRET}",
            "WEBHOOK_ALLOW_PRIVATE": "true",
        }
        try:
            with running_api(valkey, directory, **settings) as api:
                api.http.headers["Authorization"] = f"Bearer {KEY}"
                lab.worker()
                yield Service(api, bot)
        finally:
            lab.close()


@pytest.mark.parametrize(
    ("voice", "language", "text", "measure", "allowed"),
    [
        ("heart", "en", ENGLISH, word_error_rate, 0.05),
        ("zf_xiaobei", "zh", CHINESE, character_error_rate, 0.1),
    ],
    ids=["english", "chinese"],
)
def test_spoken_texts_are_recognised(
    service: Service, voice: str, language: str, text: str, measure: Any, allowed: float
) -> None:
    """A text becomes speech, and the speech becomes text again, as a client would do it."""
    there = [each["name"] for each in service.http.get(f"{TTS}/voices").json()["voices"]]
    if voice not in there:
        pytest.skip(f"the voice {voice} is not installed: voxq models pull kokoro")
    spoken = service.done("tts", service.submitted(text, voice=voice, format="opus"))
    audio = service.http.get(spoken["audio_url"])
    answer = service.api.submit(audio.content, language=language)
    heard = service.done("asr", answer.json()["task_id"])["text"]
    assert measure(text, heard) <= allowed, heard


def test_a_text_is_followed_by_sentence_and_its_webhook_notified(service: Service) -> None:
    task_id = service.submitted(LONG, callback="bot", priority="low")
    url, key = f"{service.api.url}{TTS}/events/{task_id}", {"Authorization": f"Bearer {KEY}"}
    with event_stream(url, **key) as stream:
        seen = next(event for event in stream if event.data.get("progress"))
    assert (seen.name, seen.data["status"]) == ("progress", "processing")
    assert seen.data["text"].endswith("nor long.")
    assert LONG.startswith(seen.data["text"]), "whole sentences from the beginning"

    with event_stream(url, seen.id, **key) as stream:
        events = list(stream)
    assert seen.id not in {event.id for event in events}, "what was seen is not sent again"
    assert [event.name for event in events[:-1]] == ["progress"] * (len(events) - 1)
    told = [seen.data["progress"], *(event.data["progress"] for event in events[:-1])]
    assert told == sorted(told)
    assert (events[-1].name, events[-1].data["text"]) == ("done", LONG)
    again = service.http.get(f"{TTS}/events/{task_id}", headers={"Last-Event-ID": events[-1].id})
    assert again.status_code == 204

    (delivery,) = wait_for(lambda: service.bot.told, "the webhook")
    assert (delivery.message["task_id"], delivery.message["status"]) == (task_id, "done")
    assert delivery.message["kind"] == "tts"


def test_samples_are_made_once_and_leave_no_task(service: Service) -> None:
    voice = service.http.get(f"{TTS}/voices").json()["voices"][0]
    before = service.http.get(f"{TTS}/history").json()

    def asked_for(_: int) -> httpx.Response:
        """Request a sample again for as long as it is being made."""
        answers = (service.http.get(voice["sample"]) for _ in range(8))
        return next(answer for answer in answers if answer.status_code != 503)

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(asked_for, range(4)))
    assert {answer.status_code for answer in answers} == {200}, answers[0].text
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].headers["content-type"] == "audio/mpeg"
    with av.open(io.BytesIO(answers[0].content)) as container:
        assert 1 < (container.duration or 0) / av.time_base < 10
    assert service.http.get(f"{TTS}/history").json() == before
    (sample,) = (service.api.storage / "samples").iterdir()
    assert sample.name == f"{voice['model']}-{voice['name']}.mp3"
    sample.write_bytes(b"kept")
    assert service.http.get(voice["sample"]).content == b"kept", "it is not made again"


@pytest.mark.parametrize("output", ["out.mp3", "-"])
def test_the_command_speaks_through_the_service(service: Service, tmp_path: Path, output: str) -> None:
    before = service.http.get("/api/v1/stats").json()["kinds"]["tts"]["tasks"]["done"]
    wishes = ("-f", "mp3", "--speed", "1.5", "--sample-rate", "16000")
    done = voxq(service, tmp_path, "Hello there, everybody.", "-o", output, *wishes)
    assert done.returncode == 0, done.stderr
    sound = done.stdout if output == "-" else (tmp_path / output).read_bytes()
    with av.open(io.BytesIO(sound)) as container:
        assert container.format.name == "mp3"
        assert container.streams.audio[0].rate == 16_000
    assert service.http.get("/api/v1/stats").json()["kinds"]["tts"]["tasks"]["done"] == before + 1


def test_the_command_prints_refusals_of_the_service(service: Service, tmp_path: Path) -> None:
    done = voxq(service, tmp_path, "Hello.", "-o", "out.mp3", "--voice", "nobody")
    assert done.returncode == 1
    assert b"Voice not found. There are: heart" in b" ".join(done.stderr.split())
    assert list(tmp_path.iterdir()) == []


def voxq(service: Service, directory: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "voxq.cli", "speak", *arguments, "--url", service.api.url],
        cwd=directory,
        env={**os.environ, "API_KEYS": f"anna:{KEY}"},
        capture_output=True,
        timeout=120,
    )
