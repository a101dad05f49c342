"""Misses, inventions and confused languages of whisper-base: `hearing.py [--speech DIR] [--sounds DIR]`.

Speech of the tests and of synthetic voices, alone and in noise, and sounds without speech, are cut and
recognised as a worker does it. `--speech` adds recordings of people, whose text, if known, stands beside
them (NAME.txt); those in a folder "en", "zh" ... are in that language. `--sounds` adds recordings in which
nobody speaks.

Printed are, for each group: speech without a text (missed; how much of it by the VAD), text that is wrong by
more than half, and text where nobody spoke (invented); then how often a clip leaves the language of its
recording, how often a change of language is not noticed, and both for changes within one chunk.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, permutations
from pathlib import Path

import numpy as np

from voxq.engines import registry
from voxq.engines.contract import (
    SAMPLE_RATE,
    AudioItem,
    EngineRequest,
    Recognised,
    Recogniser,
    Samples,
    Spoken,
    TextItem,
)
from voxq.engines.recognise.whisper_languages import CERTAIN_SECONDS
from voxq.model_store.store import ModelStore
from voxq.processes.media.cutting import cutting_for
from voxq.speech.chunking import Chunking
from voxq.speech.decode import decode_blocks
from voxq.speech.transcript import join_texts

_ROOT = Path(__file__).parents[2]
sys.path += [str(_ROOT / "tests" / "support"), str(_ROOT / "scripts")]

from audio import RECORDINGS, english, recording, spoken_text  # noqa: E402

from _error_rate import character_error_rate, word_error_rate  # noqa: E402
from _sounds import more_sounds, sounds  # noqa: E402

_ENGLISH = (
    *("Yes.", "No.", "Stop.", "Good morning.", "Nine one one.", "Call me back.", "Turn left at the lights."),
    *("My email is j dot smith at example dot com.", "W W W dot example dot org slash A B C."),
)
_KOKORO = (
    *(
        ("zf_xiaoxiao", "zh", text)
        for text in ("好的。", "不对。", "停。", "喂，你好。", "验证码八五二九六三。")
    ),
    *(
        ("zm_yunyang", "zh", text)
        for text in ("请访问www点example点com。", "我的手机号码是一三八零零一三八零零零。")
    ),
    *(("zm_yunyang", "zh", text) for text in ("下周五之前确定明年的预算。", "打开客厅的灯。")),
    *(("ef_dora", "es", text) for text in ("Sí.", "Buenos días, ¿cómo está usted?", "La reunión es mañana.")),
    *(
        ("ff_siwis", "fr", text)
        for text in ("Oui.", "Bonjour, comment allez-vous?", "Aujourd'hui il fait beau.")
    ),
)
_WRONG = 0.5


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording; `text` None: unknown, `language` None: nobody speaks, or it is unknown."""

    group: str
    name: str
    samples: Samples
    is_speech: bool
    text: str | None = None
    language: str | None = None

    @property
    def seconds(self) -> float:
        return len(self.samples) / SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of a clip: its text and language, the texts taken out, and the number of chunks."""

    text: str
    language: str | None
    dropped: tuple[str, ...]
    chunks: int


class Ears:
    """The recogniser, and the cutting before it."""

    def __init__(self) -> None:
        family = registry.find("faster-whisper")
        request = EngineRequest("faster-whisper", "whisper-base", threads=1)
        self._chunking: Chunking = family.traits_for(request).chunking
        self._engine: Recogniser = family.load(request, family.model_paths(request, ModelStore().resolve))

    def hear(self, samples: Samples, *, use_vad: bool = True, likely: str | None = None) -> Heard:
        cutting = cutting_for(self._chunking, use_vad=use_vad)
        spans = [*cutting.push(samples), *cutting.flush()]
        options = {"likely_language": likely} if likely else {}
        answers = self._engine.run([AudioItem(samples[span.start : span.end], options) for span in spans])
        heard = [answer for answer in answers if isinstance(answer, Recognised)]
        return Heard(
            join_texts(segment.text for answer in heard for segment in answer.segments),
            next((answer.language for answer in heard if answer.language), None),
            tuple(f"{each.why}: {each.text}" for answer in heard for each in answer.dropped),
            len(spans),
        )

    def languages(self, samples: Samples) -> list[str | None]:
        """Languages of the segments of one chunk."""
        (answer,) = self._engine.run([AudioItem(samples, {})])
        assert isinstance(answer, Recognised)
        return [segment.language for segment in answer.segments]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--speech", type=Path, help="folder of recordings of people")
    parser.add_argument("--sounds", type=Path, help="folder of recordings in which nobody speaks")
    asked = parser.parse_args()
    ears = Ears()
    clips = [*_speech(asked.speech), *_silent(asked.sounds)]
    clips += _noisy([clip for clip in clips if clip.is_speech and clip.seconds > 1])
    for group in dict.fromkeys(clip.group for clip in clips):
        _count(ears, group, [clip for clip in clips if clip.group == group])
    spoken = [clip for clip in clips if clip.language and clip.group in ("synthetic", "people")]
    _languages(ears, spoken)
    _changes(ears, [clip for clip in spoken if CERTAIN_SECONDS <= clip.seconds < 12])
    return 0


def _count(ears: Ears, group: str, clips: Sequence[Clip]) -> None:
    missed = by_vad = wrong = invented = invented_without_vad = 0
    for clip in clips:
        heard = ears.hear(clip.samples)
        if clip.is_speech:
            missed += not heard.text
            by_vad += not heard.chunks
            is_wrong = bool(heard.text) and clip.text is not None and _error(clip, heard.text) > _WRONG
            wrong += is_wrong
            if not heard.text or is_wrong or heard.dropped:
                print(f"  {clip.name}: {heard.text!r}, not {clip.text!r}", *heard.dropped)
        else:
            whole = ears.hear(clip.samples, use_vad=False)
            invented += bool(heard.text)
            invented_without_vad += bool(whole.text)
            if heard.text or whole.text:
                print(f"  {clip.name}: {heard.text!r}, without VAD {whole.text!r}")
    if clips[0].is_speech:
        print(
            f"{group}: {len(clips)} clips, {missed} missed ({by_vad} by the VAD), {wrong} wrong", flush=True
        )
    else:
        print(
            f"{group}: {len(clips)} clips, {invented} invented, {invented_without_vad} without VAD",
            flush=True,
        )


def _error(clip: Clip, heard: str) -> float:
    rate = character_error_rate if clip.language == "zh" else word_error_rate
    return rate(clip.text or "", heard)


def _languages(ears: Ears, clips: Sequence[Clip]) -> None:
    """Each clip as a chunk of a recording in its own language, then of one in another."""
    short = [clip for clip in clips if clip.seconds < CERTAIN_SECONDS]
    long = [clip for clip in clips if clip.seconds >= CERTAIN_SECONDS]
    for name, some in (("short clips", short), ("long clips", long)):
        left = unnoticed = silent = 0
        for clip in some:
            own = ears.hear(clip.samples, likely=clip.language).language
            other = ears.hear(clip.samples, likely="de").language
            silent += own is None
            left += own not in (None, clip.language)
            unnoticed += other != clip.language
        print(f"{name}: {len(some)}, {left} left the language, {unnoticed} of {len(some)} changes unnoticed")


def _changes(ears: Ears, clips: Sequence[Clip]) -> None:
    """Two clips in one chunk, in two languages and in one."""
    by_language = {clip.language: clip for clip in sorted(clips, key=lambda clip: clip.seconds)}
    found = pairs = 0
    for first, second in permutations(by_language.values(), 2):
        spoken = list(dict.fromkeys(ears.languages(_joined(first, second))))
        pairs += 1
        found += spoken == [first.language, second.language]
    split = alone = 0
    for first, second in pairwise(clips):
        if first.language == second.language:
            alone += 1
            split += set(ears.languages(_joined(first, second))) != {first.language}
    print(
        f"changes within a chunk: {found} of {pairs} found; {split} of {alone} chunks in one language split"
    )


def _joined(first: Clip, second: Clip) -> Samples:
    pause = np.zeros(SAMPLE_RATE * 3 // 5, np.float32)
    loudest = [clip.samples * (0.5 / np.abs(clip.samples).max()) for clip in (first, second)]
    return np.concatenate([loudest[0], pause, loudest[1]]).astype(np.float32)


def _speech(people: Path | None) -> Iterator[Clip]:
    for name in (path.stem for path in sorted(RECORDINGS.glob("*.ogg"))):
        yield Clip(
            "tests", name, recording(name), True, spoken_text(name), "zh" if name != "en_then_zh" else None
        )
    for text in _ENGLISH:
        yield Clip("synthetic", text, english(text), True, text, "en")
    yield from _kokoro()
    for path in _files(people):
        text = path.with_suffix(".txt")
        language = path.parent.name if len(path.parent.name) == 2 else None
        known = text.read_text().strip() if text.is_file() else None
        yield Clip("people", path.stem, _decoded(path), True, known, language)


def _kokoro() -> Iterator[Clip]:
    family = registry.find("kokoro")
    request = EngineRequest("kokoro", "kokoro", threads=1)
    voice = family.load(request, family.model_paths(request, ModelStore().resolve))
    for name, language, text in _KOKORO:
        (spoken,) = voice.run([TextItem(text, {"voice": name})])
        assert isinstance(spoken, Spoken)
        count = round(len(spoken.samples) * SAMPLE_RATE / spoken.sample_rate)
        times = np.arange(count) * (spoken.sample_rate / SAMPLE_RATE)
        samples = np.interp(times, np.arange(len(spoken.samples)), spoken.samples).astype(np.float32)
        yield Clip("synthetic", text, samples, True, text, language)


def _silent(folder: Path | None) -> Iterator[Clip]:
    for name, samples in (sounds() | more_sounds()).items():
        yield Clip("sounds", name, samples, False)
    for path in _files(folder):
        yield Clip("recorded sounds", path.stem, _decoded(path)[: 25 * SAMPLE_RATE], False)


def _noisy(clips: Sequence[Clip]) -> Iterator[Clip]:
    """Every third clip in white noise, as loud and 5 dB quieter, and with a band 5 dB quieter."""
    rng = np.random.default_rng(2)
    white, band = rng.normal(0, 1, 30 * SAMPLE_RATE), np.tile(more_sounds()["long band"], 2)
    for number, clip in enumerate(clips[::3]):
        name, noise, below = (("in noise", white, 0), ("in noise", white, 5), ("in music", band, 5))[
            number % 3
        ]
        beside = np.resize(noise, len(clip.samples))
        power = np.sqrt(np.mean(clip.samples**2) / np.mean(beside**2)) / 10 ** (below / 20)
        mixed = clip.samples + (power * beside).astype(np.float32)
        loudest = max(1.0, float(np.abs(mixed).max()))
        yield replace(clip, group=name, name=f"{clip.name} -{below} dB", samples=mixed / loudest)


def _files(folder: Path | None) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")) if folder else ():
        if path.suffix in (".wav", ".ogg", ".oga", ".flac", ".opus", ".mp3"):
            yield path


def _decoded(path: Path) -> Samples:
    return np.concatenate([*decode_blocks(path, 400.0), np.zeros(0, np.float32)])


if __name__ == "__main__":
    sys.exit(main())
