"""Conversations made of many voices, with the times of who speaks: spoken once, then kept in a folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from voxq.engines import registry
from voxq.engines.contract import EngineRequest, Spoken, TextItem
from voxq.model_store.store import ModelStore

Samples = npt.NDArray[np.float32]
RATE = 16_000

_SENTENCES = {
    "en": (
        "I think we should start with the budget before we look at anything else.",
        "That sounds good to me, but what about the schedule for next month?",
        "Honestly the numbers look better than I expected this quarter.",
        "Could you send me the latest report before lunch?",
        "Yes, of course.",
    ),
    "zh": (
        "我觉得我们应该先讨论一下这个月的预算，然后再看别的。",
        "听起来不错，不过下个月的日程怎么安排呢？",
        "说实话，这个季度的数字比我想象的要好。",
        "午饭之前能把最新的报告发给我吗？",
        "好的，没问题。",
    ),
}
TUNED = (
    *("af_bella", "af_nicole", "af_sky", "am_adam", "am_liam", "am_puck", "bf_alice", "bf_lily"),
    *("bm_daniel", "bm_lewis", "zf_xiaobei", "zm_yunjian"),
)
"""Voices of the conversations that the stop was tuned on."""
REPORTED = (
    *("af_heart", "af_kore", "af_nova", "af_sarah", "am_echo", "am_eric", "am_fenrir", "am_michael"),
    *(
        "bf_emma",
        "bf_isabella",
        "bm_fable",
        "bm_george",
        "zf_xiaoxiao",
        "zf_xiaoyi",
        "zm_yunxi",
        "zm_yunyang",
    ),
)
"""Voices of those that are reported: others."""


@dataclass(frozen=True, slots=True)
class Mix:
    """A conversation and its truth."""

    name: str
    samples: Samples
    turns: tuple[tuple[float, float, str], ...]
    """Start, end and voice of each turn; they may overlap."""

    @property
    def voices(self) -> int:
        return len({voice for _, _, voice in self.turns})


def spoken(voices: Sequence[str], folder: Path) -> dict[str, list[Samples]]:
    """Return the sentences of each voice, without silence at their ends; from `folder` if they are there."""
    folder.mkdir(parents=True, exist_ok=True)
    engine = None
    found: dict[str, list[Samples]] = {}
    for voice in voices:
        kept = folder / f"{voice}.npz"
        if not kept.exists():
            if engine is None:
                family = registry.find("kokoro")
                request = EngineRequest("kokoro", "kokoro")
                engine = family.load(request, family.model_paths(request, ModelStore().resolve))
            texts = _SENTENCES["zh" if voice.startswith("z") else "en"]
            made = [engine.run([TextItem(text, {"voice": voice})])[0] for text in texts]
            np.savez(kept, *[_trimmed(each) for each in made])
        with np.load(kept) as file:
            found[voice] = [file[name] for name in file.files]
    return found


def mixes(voices: Sequence[str], folder: Path, *, seed: int, of_each: int) -> Iterator[Mix]:
    """Make conversations of 2 to 6 of the voices: clear, in noise, and with voices that overlap."""
    said = spoken(voices, folder)
    rng = np.random.default_rng(seed)
    for count in range(2, 7):
        for sort in ("clear", "noisy", "overlaps"):
            for number in range(of_each):
                chosen = list(map(str, rng.choice(voices, count, replace=False)))
                yield _mix(f"{count} {sort} {number}", {v: said[v] for v in chosen}, rng, sort)


def _mix(name: str, said: dict[str, list[Samples]], rng: np.random.Generator, sort: str) -> Mix:
    parts: list[tuple[int, Samples, str]] = []
    at, last = RATE // 2, ""
    order = list(said)
    for index in range(max(14, 5 * len(said))):
        others = [voice for voice in said if voice != last]
        voice = order[index] if index < len(order) else str(rng.choice(others))
        sound = said[voice][int(rng.integers(len(said[voice])))] * np.float32(rng.uniform(0.5, 1.2))
        overlap = sort == "overlaps" and last and rng.random() < 0.3
        at = (
            max(0, at - int(RATE * rng.uniform(0.3, 0.9)))
            if overlap
            else at + int(RATE * rng.uniform(0.1, 0.7))
        )
        parts.append((at, sound, voice))
        at, last = at + len(sound), voice
    samples = np.zeros(at + RATE, np.float32)
    for start, sound, _ in parts:
        samples[start : start + len(sound)] += sound
    level = float(np.sqrt(np.mean(np.square(samples))))
    noise = level * (10 ** (-15 / 20) if sort == "noisy" else 10 ** (-40 / 20))
    samples += rng.normal(0, noise, len(samples)).astype(np.float32)
    turns = tuple((start / RATE, (start + len(sound)) / RATE, voice) for start, sound, voice in parts)
    return Mix(name, np.clip(samples, -1, 1), turns)


def _trimmed(answer: object) -> Samples:
    assert isinstance(answer, Spoken), answer
    times = np.arange(round(len(answer.samples) * RATE / answer.sample_rate)) * (answer.sample_rate / RATE)
    samples = np.interp(times, np.arange(len(answer.samples)), answer.samples)
    loud = np.flatnonzero(np.abs(samples) > 0.01)
    return samples[loud[0] : loud[-1] + 1].astype(np.float32)
