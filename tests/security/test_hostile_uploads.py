"""All hostile files sent to a whole service: each gets a 4xx with a code, or a task that ends."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest
from attack import OpenedFiles, listener
from attacked import Attacked
from hostile_media import forbidden, foreign, misleading, references
from media_files import written

REFUSED = {"undecodable", "no_audio", "empty", "too_long", "too_large"}
SECONDS = 30.0


def test_every_hostile_upload_is_refused_or_ends(
    service: Attacked, anna: httpx.Client, tmp_path: Path
) -> None:
    bait = tmp_path / "bait"
    bait.with_suffix(".ts").write_bytes(written("mpegts", "aac", 16_000))
    accepted: dict[str, str] = {}
    with listener() as port, OpenedFiles(tmp_path) as opened:
        files = {name: text.encode() for name, text in references(bait, port.port).items()}
        for name, content in (files | foreign() | misleading()).items():
            started = time.monotonic()
            answer = anna.post("/api/v1/asr/submit", files={"audio": (f"{name}.m3u8", content)})
            if answer.status_code == 200:
                accepted[name] = answer.json()["task_id"]
            else:
                assert answer.json()["code"] in REFUSED, (name, answer.text)
                asked = anna.post("/v1/audio/transcriptions", files={"file": ("talk.mp3", content)})
                assert asked.status_code == answer.status_code, (name, asked.text)
                assert asked.json()["error"]["code"] == answer.json()["code"]
            assert time.monotonic() - started < SECONDS, name
        for name, task_id in accepted.items():
            result = anna.get(f"/api/v1/asr/result/{task_id}", params={"wait": 60}).json()
            assert result["status"] == "done" or result["code"] in REFUSED, (name, result)
        assert not set(accepted) & set(foreign())
        assert opened.names() == set()
        assert port.heard == []
    assert accepted, "else no recording got as far as a worker"


@pytest.mark.parametrize("name", forbidden())
def test_a_codec_outside_the_list_is_refused(service: Attacked, anna: httpx.Client, name: str) -> None:
    """Whatever decoders libavcodec brings along, only those that the service chose open an upload."""
    answer = anna.post("/api/v1/asr/submit", files={"audio": ("talk.wav", forbidden()[name])})
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] == "undecodable"
    assert answer.json()["detail"].endswith(f"is not supported: {name.split()[-1]}.")
    asked = anna.post("/v1/audio/transcriptions", files={"file": ("talk.wav", forbidden()[name])})
    assert (asked.status_code, asked.json()["error"]["code"]) == (400, "undecodable")
