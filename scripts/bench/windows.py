"""Whisper's windows as long as the speech, beside windows of 30 s: errors and processor time, side by side.

    python scripts/bench/windows.py [--folder DIR] [--people DIR] [--part N/M]

Over 300 clips of 1 to 30 s in English and Chinese (see `_window_clips.py`) are recognised one by one, each
with both policies in turn by the same loaded model on one thread. For each group: clips; words (characters
in Chinese) wrong with windows of 30 s and with the engine as it is; processor seconds per second of speech;
how many clips the engine looked at again in 30 s. Then texts that are twice as long as what was said (loops),
other languages, Chinese texts in traditional characters, and how far the words that begin a sentence are from
its beginning. What is spoken by Kokoro takes minutes to make, once, and is kept in DIR. People are heard if
Debian's package pocketsphinx-testdata is installed, or unpacked in DIR of `--people`. `--part 1/4` takes a
quarter.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir

os.environ["OMP_NUM_THREADS"] = "1"

from _window_clips import PEOPLE, Clip, clips

from voxq.engines import registry
from voxq.engines.contract import AudioItem, ChunkError, EngineRequest, Recognised
from voxq.engines.recognise.faster_whisper_model import FasterWhisper
from voxq.model_store.store import ModelStore
from voxq.speech.chinese_script import in_script
from voxq.speech.transcript import join_texts

sys.path.append(str(Path(__file__).parents[1]))

from _error_rate import character_error_rate, word_error_rate

_NOTES = (4.0, 8.0)
"""Seconds of the clips that count as notes."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One clip's result with one policy, and the processor seconds it took."""

    answer: Recognised
    seconds: float

    @property
    def text(self) -> str:
        return join_texts(segment.text for segment in self.answer.segments)

    @property
    def is_traditional(self) -> bool:
        return any(in_script(segment, "simplified").text != segment.text for segment in self.answer.segments)


@dataclass(frozen=True, slots=True)
class Pair:
    """A clip with windows of 30 s and with the engine as it is."""

    clip: Clip
    whole: Heard
    short: Heard
    is_second_look: bool

    @property
    def units(self) -> int:
        """Words, or characters in Chinese, that were said."""
        return len(self.clip.text.split()) if self.clip.language == "en" else len(self.clip.text)

    def wrong(self, heard: Heard) -> float:
        rate = character_error_rate if self.clip.language == "zh" else word_error_rate
        return rate(self.clip.text, heard.text) * self.units


class Policies:
    """Both policies of one loaded model."""

    def __init__(self) -> None:
        family = registry.find("faster-whisper")
        request = EngineRequest("faster-whisper", "whisper-base", threads=1)
        engine = family.load(request, family.model_paths(request, ModelStore().resolve))
        assert isinstance(engine, FasterWhisper)
        self._engine = engine
        self._second_looks = 0

    def hear(self, clip: Clip) -> Pair:
        item = AudioItem(clip.samples, {"words": bool(clip.starts) and clip.group == "joined"})
        looked = self._engine.second_looks
        short = _timed(lambda: self._engine.run([item])[0])
        is_second_look = self._engine.second_looks > looked
        return Pair(clip, _timed(lambda: self._engine.in_whole_windows(item)), short, is_second_look)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=Path(gettempdir()) / "voxq-bench-voices")
    parser.add_argument("--people", type=Path, default=PEOPLE)
    parser.add_argument("--part", default="1/1", metavar="N/M")
    asked = parser.parse_args()
    part, parts = map(int, asked.part.split("/"))
    chosen = clips(asked.folder, asked.people)[part - 1 :: parts]
    policies = Policies()
    policies.hear(chosen[0])  # the first call includes lazy initialisation
    pairs = [policies.hear(clip) for clip in chosen]
    _print_groups(pairs)
    _print_differences(pairs)
    return 0


def _timed(recognise: Callable[[], Recognised | ChunkError]) -> Heard:
    started = time.process_time()
    answer = recognise()
    if isinstance(answer, ChunkError):
        raise RuntimeError(answer.message)
    return Heard(answer, time.process_time() - started)


def _print_groups(pairs: Sequence[Pair]) -> None:
    print(f"{'':24}{'clips':>6}{'30 s':>9}{'short':>9}{'CPU 30 s':>10}{'short':>8}{'ratio':>7}{'again':>7}")
    for group in dict.fromkeys(pair.clip.group for pair in pairs):
        for language in ("en", "zh"):
            mine = [p for p in pairs if (p.clip.group, p.clip.language) == (group, language)]
            _print_line(f"{group}, {language}", mine)
    shortest, longest = _NOTES
    _print_line("notes of 4 to 8 s", [p for p in pairs if shortest <= p.clip.seconds <= longest])
    _print_line("all", pairs)


def _print_line(name: str, pairs: Sequence[Pair]) -> None:
    if not pairs:
        return
    units, audio = sum(p.units for p in pairs), sum(p.clip.seconds for p in pairs)
    whole, short = (sum(p.wrong(heard(p)) for p in pairs) / units for heard in _BOTH)
    took, takes = (sum(heard(p).seconds for p in pairs) / audio for heard in _BOTH)
    again = sum(p.is_second_look for p in pairs) / len(pairs)
    errors, costs = f"{whole:9.2%}{short:9.2%}", f"{took:10.3f}{takes:8.3f}{takes / took:7.2f}"
    print(f"{name:24}{len(pairs):6}{errors}{costs}{again:7.0%}", flush=True)


_BOTH: tuple[Callable[[Pair], Heard], ...] = (lambda pair: pair.whole, lambda pair: pair.short)


def _print_differences(pairs: Sequence[Pair]) -> None:
    for name, heard in zip(("30 s", "short"), _BOTH, strict=True):
        loops = sum(len(heard(p).text) > 2 * len(p.clip.text) + 10 for p in pairs)
        none = sum(not heard(p).text for p in pairs)
        languages = sum(heard(p).answer.language not in (p.clip.language, None) for p in pairs)
        traditional = sum(heard(p).is_traditional for p in pairs if p.clip.language == "zh")
        apart = [away for p in pairs for away in _away(p.clip, heard(p).answer)]
        print(
            f"{name:>6}: {loops} loops, {none} without text, {languages} in another language,"
            f" {traditional} traditional; sentences begin {statistics.fmean(apart):.2f} s from their first"
            f" word (half of them {statistics.median(apart):.2f} s at most)"
            if apart
            else f"{name:>6}: {loops} loops, {none} without text, {languages} in another language"
        )
    for pair in pairs:
        if pair.wrong(pair.short) > pair.wrong(pair.whole) + 0.5:
            print(f"  {pair.clip.name}\n    30 s:  {pair.whole.text}\n    short: {pair.short.text}")


def _away(clip: Clip, answer: Recognised) -> list[float]:
    """Seconds between the beginning of each sentence and the nearest beginning of a word."""
    words = [word.start for segment in answer.segments for word in segment.words]
    return [min(abs(start - word) for word in words) for start in clip.starts] if words else []


if __name__ == "__main__":
    sys.exit(main())
