"""Long recordings: this project, faster-whisper's batched pipeline and its sequential decoder, side by side.

Four recordings of five minutes: English, Chinese, both in turns, and English in noise of 10 dB (see
`_long_recordings.py`). Each is recognised by the sequential decoder, by the batched pipeline (8), by this
project's engine alone, and by the service from the upload to the result, in turns, with the same weights
(whisper-base, int8), threads and width of the search (1). Errors are wrong words, characters in Chinese, and
words and characters of a recording in both; Chinese counts in simplified characters, because the library
writes either. Processor time is that of the process, and of the whole service.

With Kokoro's Chinese voices as they come, the first run takes some minutes to make the recordings, which are
kept in the temporary directory.
"""

from __future__ import annotations

import re
import sys
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import jiwer
from _figures import Figure, Target, median, over_rounds
from _long_alone import Alone, Heard, alone
from _long_recordings import Long, recordings
from _meter import family_seconds
from _one import transcribe
from _service import Service, service
from _watch import Watch

from voxq.machine.devices import available_cpus
from voxq.speech.chinese_script import in_script
from voxq.speech.transcript import Segment

sys.path.append(str(Path(__file__).parents[1]))

from _error_rate import character_error_rate, word_error_rate

_ROUNDS = 2
_PATIENCE = 900.0
_WAYS = ("sequential", "batched", "ours")
_QUICKER = 0.7
_WORSE = 0.3
"""Percentage points."""
_UNIT = re.compile(r"[\u4e00-\u9fff]|[a-z0-9']+")


def measure(say: Callable[[str], None]) -> list[Figure]:
    say("making the recordings")
    longs = recordings(Path(tempfile.gettempdir()) / "voxq-bench-voices")
    with ExitStack() as stack:
        own = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="voxq-bench-")))
        threads = available_cpus()
        bare = stack.enter_context(alone(threads))
        settings = {"asr_engine": "faster-whisper", "asr_model": "whisper-base", "asr_use_gpu": False}
        under_test = stack.enter_context(service(asr_threads=threads, rq_worker_count=1, **settings))
        watch = stack.enter_context(Watch(under_test))
        found: list[Figure] = []
        for long in longs:
            runs: dict[str, list[Heard]] = {way: [] for way in (*_WAYS, "service")}
            for number in range(_ROUNDS):
                say(f"{long.name}, {long.seconds:.0f} s, round {number + 1} of {_ROUNDS}")
                for way, heard in _one_round(bare, under_test, watch, own, long):
                    runs[way].append(heard)
            found += _figures(long, runs)
    return found


def _one_round(
    bare: Alone, under_test: Service, watch: Watch, own: Path, long: Long
) -> Iterator[tuple[str, Heard]]:
    samples = own / f"{long.name}.f32"
    long.samples.astype("<f4").tofile(samples)
    for way in _WAYS:
        yield way, bare.hear(way, samples, long.languages)
    processes = [under_test.process(part) for part in ("api", "worker-1")]
    used = sum(map(family_seconds, processes))
    done = transcribe(under_test, watch, long.write(own), _PATIENCE)
    used = sum(map(family_seconds, processes)) - used
    yield "service", Heard(done.seconds, used, done.document["text"])


def _figures(long: Long, runs: dict[str, list[Heard]]) -> Iterator[Figure]:
    name = long.name
    rates = {way: 100 * error_rate(long, heard[0].text) for way, heard in runs.items()}
    for way, heard in runs.items():
        processor = median([each.processor for each in heard])
        yield over_rounds(
            f"{name}, {way}",
            [each.seconds for each in heard],
            "s",
            note=f"{processor:.1f} s of processor, {rates[way]:.2f} % wrong",
        )
    for way in ("ours", "service"):
        ratios = [one.seconds / other.seconds for one, other in zip(runs[way], runs["batched"], strict=True)]
        yield over_rounds(f"{name}: {way} / batched", ratios, "", Target("<=", _QUICKER))
        worse = rates[way] - rates["sequential"]
        yield Figure(f"{name}: wrong, {way} - sequential", worse, "points", Target("<=", _WORSE))


def error_rate(long: Long, heard: str) -> float:
    """Share of wrong words, or characters of Chinese, in what was heard of a recording."""
    spoken, heard = long.text, in_script(Segment(heard, 0.0, 0.0), "simplified").text
    match long.languages:
        case ("zh",):
            return character_error_rate(spoken, heard)
        case ("en",):
            return word_error_rate(spoken, heard)
        case _:
            return float(jiwer.wer(_units(spoken), _units(heard)))


def _units(text: str) -> str:
    """Words, and characters of Chinese as if each were one."""
    return " ".join(_UNIT.findall(unicodedata.normalize("NFKC", text).lower().replace("’", "'")))


if __name__ == "__main__":
    from run import main

    sys.exit(main([Path(__file__).stem, *sys.argv[1:]]))
