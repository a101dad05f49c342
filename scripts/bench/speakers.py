"""Who speaks when, measured: `speakers.py [--tuned] [--hours 4] [--voices DIR] [--recognise]`.

Conversations of 2 to 6 voices, made of sentences that Kokoro spoke (`voxq models pull kokoro`), clear, in
noise and overlapping, are cut as a worker cuts them; their windows are embedded and clustered. Printed are
the diarisation error rate (collar 0.25 s and 0) and how often the count of speakers is right, with the count
unknown and given; then the time of a recording of an hour beside its recognition, and the time and memory of
clustering one of `--hours`. `--tuned` takes the voices on which the stop was tuned, and not the others.

Almost all voices are synthetic, and clean: real conversations are harder.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
import tracemalloc
from collections import defaultdict
from itertools import permutations
from pathlib import Path
from tempfile import gettempdir

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from _speaker_mixes import RATE, REPORTED, TUNED, Mix, mixes

from voxq.engines import registry
from voxq.engines.contract import AudioItem, Embedding, EngineRequest
from voxq.model_store.store import ModelStore
from voxq.processes.media.cutting import cutting_for
from voxq.speakers.attribution import Turn
from voxq.speakers.clustering import Count, speakers_of
from voxq.speakers.turns import turns_of
from voxq.speakers.windows import HOP, windows_over
from voxq.speech.chunking import Chunking

_FRAME = 0.01


def main() -> None:
    asked = _arguments()
    engine = _loaded("ge2e", "ge2e")
    errors: defaultdict[tuple[str, str], list[tuple[float, float, bool]]] = defaultdict(list)
    began = time.process_time()
    seconds = 0.0
    for mix in mixes(TUNED if asked.tuned else REPORTED, asked.voices, seed=3, of_each=asked.each):
        places, vectors = embedded(mix.samples, engine)
        seconds += len(mix.samples) / RATE
        for sort, count in (("unknown", Count()), ("given", Count(mix.voices, mix.voices))):
            found = speakers_of(vectors, count)
            turns = turns_of(places, vectors, found)
            rates = (error_rate(mix, turns, collar=0.25), error_rate(mix, turns, collar=0.0))
            group = f"{mix.name.split()[0]} speakers", mix.name.split()[1]
            for name in (*group, "all"):
                errors[sort, name].append((*rates, len(found.voices) == mix.voices))
    used = time.process_time() - began
    print(f"{seconds:.0f} s of conversation, {used / seconds * 3600:.0f} s of CPU for an hour, hop {HOP} s")
    print(f"{'count':8} {'group':12} {'DER 0.25':>9} {'DER 0':>9} {'count right':>12}")
    for (sort, name), rows in errors.items():
        with_collar, without, right = np.mean(np.array(rows, float), axis=0)
        print(f"{sort:8} {name:12} {with_collar:9.1%} {without:9.1%} {right:12.0%}")
    _long(asked.hours)


def embedded(samples: np.ndarray, engine: object) -> tuple[list[tuple[int, int]], np.ndarray]:
    """Return the windows of a recording that hold a voice, and their vectors."""
    cutting = cutting_for(Chunking(maximum=17.0), use_vad=True)
    spans = [*cutting.push(samples), *cutting.flush()]
    places = [
        place
        for span in spans
        for place in windows_over(((span.start / RATE, span.end / RATE),), span.start, span.end, HOP)
    ]
    kept: list[tuple[int, int]] = []
    vectors: list[tuple[float, ...]] = []
    for first in range(0, len(places), 32):
        some = places[first : first + 32]
        answers = engine.run([AudioItem(samples[one:other]) for one, other in some])  # type: ignore[attr-defined]
        for place, answer in zip(some, answers, strict=True):
            if isinstance(answer, Embedding):
                kept.append(place)
                vectors.append(answer.vector)
    return kept, np.array(vectors, np.float32)


def error_rate(mix: Mix, turns: list[Turn], *, collar: float) -> float:
    """Return the diarisation error rate, as md-eval and pyannote.metrics define it: missed, invented and
    confused speech, overlaps included, over all speech; `collar` seconds on both sides of each edge do not
    count."""
    frames = round(len(mix.samples) / RATE / _FRAME)
    names = sorted({voice for *_, voice in mix.turns})
    truth = np.zeros((len(names), frames), bool)
    counts = np.ones(frames, bool)
    for start, end, voice in mix.turns:
        truth[names.index(voice), round(start / _FRAME) : round(end / _FRAME)] = True
        for edge in (start, end):
            counts[max(0, round((edge - collar) / _FRAME)) : round((edge + collar) / _FRAME)] &= collar == 0
    speakers = max((turn.speaker for turn in turns), default=0) + 1
    found = np.zeros((speakers, frames), bool)
    for turn in turns:
        found[turn.speaker, round(turn.start / _FRAME) : round(turn.end / _FRAME)] = True
    truth, found = truth[:, counts], found[:, counts]
    together = (truth[:, None] & found[None]).sum(axis=2)
    wider = together if together.shape[0] <= together.shape[1] else together.T
    rows = range(wider.shape[0])
    right = max(
        sum(wider[row, column] for row, column in zip(rows, columns, strict=True))
        for columns in permutations(range(wider.shape[1]), wider.shape[0])
    )
    most = np.maximum(truth.sum(axis=0), found.sum(axis=0)).sum()
    return float((most - right) / max(1, truth.sum()))


def _long(hours: float) -> None:
    """Cluster as many windows as a recording of so many hours has, of made-up voices."""
    rng = np.random.default_rng(0)
    count = int(hours * 3600 / HOP)
    voices = rng.normal(0, 1, (6, 256))
    who = np.repeat(rng.integers(6, size=count // 5 + 1), 5)[:count]
    vectors: np.ndarray = (voices[who] + rng.normal(0, 0.8, (count, 256))).astype(np.float16)
    places = [(round(each * HOP * RATE), round((each * HOP + 1.6) * RATE)) for each in range(count)]
    tracemalloc.start()
    began = time.process_time(), time.perf_counter()
    found = speakers_of(vectors, Count())
    turns = turns_of(places, vectors, found)
    used, wall = time.process_time() - began[0], time.perf_counter() - began[1]
    peak = tracemalloc.get_traced_memory()[1] >> 20
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(
        f"{hours:g} h: {count} windows, {len(found.voices)} of 6 voices, {len(turns)} turns; "
        f"{used:.1f} s of CPU, {wall:.1f} s, {peak} MB beside the vectors, process {rss} MB"
    )


def _loaded(family_name: str, model: str) -> object:
    family = registry.find(family_name)
    request = EngineRequest(family_name, model)
    return family.load(request, family.model_paths(request, ModelStore().resolve))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tuned", action="store_true")
    parser.add_argument("--hours", type=float, default=4.0)
    parser.add_argument("--each", type=int, default=2, help="conversations of each sort")
    parser.add_argument("--voices", type=Path, default=Path(gettempdir(), "voxq-bench-speakers"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
