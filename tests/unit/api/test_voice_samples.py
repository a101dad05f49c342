"""Voice samples: made once, by the first request, for all requests that wait."""

from __future__ import annotations

import asyncio
import stat
import threading
from itertools import count
from pathlib import Path

import pytest

from voxq.api import samples
from voxq.api.samples import VoiceSamples
from voxq.core.refusal import Refusal
from voxq.engines import voices
from voxq.engines.voices import Speaker
from voxq.speech.scripts import language_of
from voxq.speech.written import is_pronounceable

SPEAKER = Speaker("hibari", voices.family_of("hibari").voices_for("hibari")[0])


class Maker:
    """Maker of samples that waits for `go` and fails a given number of times."""

    def __init__(self, failures: int = 0) -> None:
        self.calls = 0
        self.begun, self.go = asyncio.Event(), asyncio.Event()
        self._failures = failures

    async def __call__(self, path: Path) -> None:
        self.calls += 1
        self.begun.set()
        await self.go.wait()
        if self.calls <= self._failures:
            raise Refusal("sample_failed", "It cannot be said")
        await asyncio.to_thread(path.write_bytes, b"sound")


async def test_concurrent_requests_wait_for_one_synthesis(tmp_path: Path) -> None:
    ours, make = VoiceSamples(tmp_path / "samples"), Maker()
    asking = [asyncio.create_task(ours.get(SPEAKER, make)) for _ in range(5)]
    await asyncio.sleep(0.05)
    make.go.set()
    assert {(await each).name for each in asking} == {"hibari-heart.mp3"}
    assert await ours.get(SPEAKER, make) == tmp_path / "samples" / "hibari-heart.mp3"
    assert make.calls == 1
    assert stat.S_IMODE((tmp_path / "samples").stat().st_mode) == 0o700


async def test_a_late_waiter_does_not_synthesise_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, make, is_made = VoiceSamples(tmp_path / "samples"), Maker(), threading.Event()
    looks = count(1)

    def look(_: Path) -> bool:
        if next(looks) > 1:
            is_made.wait(60)
        return False

    make.go.set()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "is_file", look)
        first, second = (asyncio.create_task(ours.get(SPEAKER, make)) for _ in range(2))
        await first
        is_made.set()
        await second
    assert make.calls == 1


async def test_a_failure_is_reported_and_the_next_request_tries_again(tmp_path: Path) -> None:
    ours, make = VoiceSamples(tmp_path / "samples"), Maker(failures=1)
    make.go.set()
    with pytest.raises(Refusal, match="cannot be said"):
        await ours.get(SPEAKER, make)
    await ours.get(SPEAKER, make)
    assert make.calls == 2


async def test_a_request_times_out_while_the_sample_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "_PATIENCE_SECONDS", 0.05)
    ours, make = VoiceSamples(tmp_path / "samples"), Maker()
    for _ in range(2):
        with pytest.raises(Refusal) as refused:
            await ours.get(SPEAKER, make)
        assert refused.value.code == "sample_pending"
    monkeypatch.undo()
    make.go.set()
    await ours.get(SPEAKER, make)
    assert make.calls == 1


async def test_closing_ends_unfinished_samples(tmp_path: Path) -> None:
    ours, make = VoiceSamples(tmp_path / "samples"), Maker()
    asking = asyncio.create_task(ours.get(SPEAKER, make))
    await make.begun.wait()
    await ours.close()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert make.calls == 1


@pytest.mark.parametrize("name", voices.models())
def test_there_is_a_sample_text_for_every_voice(name: str) -> None:
    assert {voice.language for voice in voices.family_of(name).voices_for(name)} <= set(samples.TEXTS)


@pytest.mark.parametrize("language", samples.TEXTS)
def test_sample_texts_are_in_their_language_and_pronounceable(language: str) -> None:
    text = samples.TEXTS[language]
    assert is_pronounceable(text)
    assert language_of(text, latin=language) == language
