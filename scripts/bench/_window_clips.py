"""Clips of speech for `windows.py`, the same in every run: synthetic voices alone, joined, in noise and cut
in the middle of words, and recordings of people."""

from __future__ import annotations

import hashlib
import random
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import cycle
from pathlib import Path

import numpy as np
from _window_texts import CHINESE, ENGLISH

from voxq.engines import registry
from voxq.engines.contract import SAMPLE_RATE, EngineRequest, Samples, Spoken, Synthesiser, TextItem
from voxq.model_store.store import ModelStore
from voxq.speech.decode import decode_blocks
from voxq.speech.transcript import join_texts

_ROOT = Path(__file__).parents[2]
sys.path += [str(_ROOT / "tests" / "support"), str(_ROOT / "scripts")]

from audio import RECORDINGS, english, recording, spoken_text  # noqa: E402

PEOPLE = Path("/usr/share/pocketsphinx/test/data")
"""Where Debian's package pocketsphinx-testdata has its recordings."""

_KOKORO = {
    "en": ("af_bella", "am_michael", "bf_emma", "bm_george", "af_nicole", "am_puck"),
    "zh": ("zf_xiaobei", "zm_yunxi", "zf_xiaoni", "zm_yunjian", "zf_xiaoxiao", "zm_yunyang"),
}
_LONGEST = 29.0
_TRANSCRIBED = re.compile(r"<s>(.*)</s>\s*\((.*)\)")


@dataclass(frozen=True, slots=True)
class Clip:
    """Speech in one language. `starts`: when each of its sentences begins, in seconds, if that is known."""

    group: str
    name: str
    language: str
    text: str
    samples: Samples
    starts: tuple[float, ...] = ()

    @property
    def seconds(self) -> float:
        return len(self.samples) / SAMPLE_RATE


def clips(folder: Path, people: Path) -> list[Clip]:
    """Make all clips; the sentences of Kokoro, which take minutes, are kept in `folder`."""
    alone = [*_hibari(), *_kokoro(folder, "en", ENGLISH[:24]), *_kokoro(folder, "zh", CHINESE)]
    joined = [*_joined("en", alone, 24), *_joined("zh", alone, 24)]
    real = [*_tests(), *_people(people)]
    made = [*alone, *joined]
    return [*made, *_noisy(made, 64), *_cut([*made, *real], 72), *real]


def _hibari() -> Iterator[Clip]:
    story = " ".join((_ROOT / "scripts" / "demo_story.txt").read_text("utf-8").split())
    for text in (*re.split(r"(?<=[.!?])\s+", story), *ENGLISH):
        yield Clip("alone", f"hibari: {text}", "en", text, english(text), (0.0,))


def _kokoro(folder: Path, language: str, texts: Sequence[str]) -> Iterator[Clip]:
    for voice, text in zip(cycle(_KOKORO[language]), texts, strict=False):
        yield Clip("alone", f"{voice}: {text}", language, text, kokoro_says(folder, voice, text), (0.0,))


def kokoro_says(folder: Path, voice: str, text: str) -> Samples:
    """Speech of the text by a voice of Kokoro, resampled to 16 kHz; made once and kept in `folder`."""
    path = folder / f"{voice}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.npy"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        (spoken,) = _voices().run([TextItem(text, {"voice": voice})])
        if not isinstance(spoken, Spoken):
            raise RuntimeError(f"{voice} cannot say {text!r}: {spoken.message}")
        count = round(len(spoken.samples) * SAMPLE_RATE / spoken.sample_rate)
        times = np.arange(count) * (spoken.sample_rate / SAMPLE_RATE)
        np.save(path, np.interp(times, np.arange(len(spoken.samples)), spoken.samples).astype(np.float32))
    return np.load(path)


@cache
def _voices() -> Synthesiser:
    family = registry.find("kokoro")
    request = EngineRequest("kokoro", "kokoro", threads=1)
    return family.load(request, family.model_paths(request, ModelStore().resolve))


def _joined(language: str, alone: Sequence[Clip], count: int) -> Iterator[Clip]:
    """Two to eight sentences of one voice's language with pauses between them, 30 s at most."""
    choose = random.Random(f"joined {language}")
    mine = [clip for clip in alone if clip.language == language]
    for number in range(count):
        chosen: list[Clip] = []
        parts: list[Samples] = []
        starts: list[float] = []
        seconds = 0.0
        for clip in choose.sample(mine, 2 + number % 7):
            pause = choose.uniform(0.2, 0.9)
            if seconds + clip.seconds + pause > _LONGEST:
                break
            starts.append(seconds)
            chosen.append(clip)
            parts += [levelled(clip.samples), np.zeros(int(pause * SAMPLE_RATE), np.float32)]
            seconds += clip.seconds + pause
        text = join_texts(clip.text for clip in chosen)
        yield Clip(
            "joined", f"joined {language} {number}", language, text, np.concatenate(parts), tuple(starts)
        )


def levelled(samples: Samples) -> Samples:
    """Set the peak of a sound to half of full scale."""
    return samples * np.float32(0.5 / np.abs(samples).max())


def _noisy(made: Sequence[Clip], count: int) -> Iterator[Clip]:
    """White noise and other voices, 5, 10 and 15 dB below the speech."""
    choose = random.Random("noisy")
    rng = np.random.default_rng(3)
    chosen = choose.sample(made, count)
    for number, clip in enumerate(chosen):
        below = (5, 10, 15)[number % 3]
        if number % 2:
            others = choose.sample(made, 4)
            noise = sum(np.resize(levelled(other.samples), len(clip.samples)) for other in others)
        else:
            noise = rng.normal(0, 1, len(clip.samples))
        power = np.sqrt(np.mean(clip.samples**2) / np.mean(noise**2)) / 10 ** (below / 20)
        mixed = clip.samples + (power * noise).astype(np.float32)
        samples = (mixed / max(1.0, float(np.abs(mixed).max()))).astype(np.float32)
        yield replace(clip, group="noisy", name=f"{clip.name} -{below} dB", samples=samples)


def _cut(whole: Sequence[Clip], count: int) -> Iterator[Clip]:
    """Clips that end, and half of which also begin, at a place where there is sound. What is said in them is
    estimated, the same for every window, from the share of the letters."""
    choose = random.Random("cut")
    for number, clip in enumerate(choose.sample([clip for clip in whole if clip.seconds > 2.5], count)):
        first = choose.uniform(0.1, 0.4) * len(clip.samples) if number % 2 else 0
        last = choose.uniform(0.6, 0.95) * len(clip.samples)
        start, end = (_sounding(clip.samples, int(place)) for place in (first, last))
        letters = len(clip.text)
        text = clip.text[
            round(letters * start / len(clip.samples)) : round(letters * end / len(clip.samples))
        ]
        yield replace(
            clip, group="cut", name=f"cut {clip.name}", text=text, samples=clip.samples[start:end], starts=()
        )


def _sounding(samples: Samples, place: int) -> int:
    """The next place from here on that is not in a pause."""
    if not place:
        return 0
    frame = SAMPLE_RATE // 50
    loud = np.abs(samples).max() * 0.1
    while place + frame < len(samples) and np.abs(samples[place : place + frame]).max() < loud:
        place += frame
    return place


def _tests() -> Iterator[Clip]:
    for name in (path.stem for path in sorted(RECORDINGS.glob("*.ogg"))):
        if name != "en_then_zh":
            yield Clip("recordings", name, "zh", spoken_text(name), recording(name))


def _people(folder: Path) -> Iterator[Clip]:
    """Recordings of people reading English, with what they read."""
    for transcript in sorted((*folder.glob("*/transcription"), *folder.glob("*/*.transcription"))):
        for text, name in _TRANSCRIBED.findall(transcript.read_text("utf-8")):
            path = transcript.with_name(f"{name}.wav")
            if path.is_file():
                samples = np.concatenate(list(decode_blocks(path, 60.0)))
                yield Clip("people", name, "en", text.strip(), samples[: 30 * SAMPLE_RATE])
