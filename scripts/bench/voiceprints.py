"""Voiceprints: how often speakers are confused (EER) and at which similarity, seconds of processor per
extraction, and the search among 1000 voiceprints.

The voices are Kokoro's, or hibari's where that is not installed: all of them are synthetic, and speak without
noise. People in rooms are like themselves less than these. VOICEPRINT_BENCH_VOICES limits the number of
Kokoro's voices.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path

import av
import numpy as np
from _figures import Figure, Target, over_rounds

from voxq.engines import registry
from voxq.engines.contract import AudioItem, Embedding, EngineRequest, ModelPaths, Spoken, TextItem
from voxq.engines.warmup import clip
from voxq.model_store.store import ModelStore
from voxq.processes.model.answers import checked_vector
from voxq.speech.audio import SAMPLE_RATE, Samples
from voxq.speech.resample import Resampler
from voxq.storage.voiceprints import Voiceprints
from voxq.voiceprints.comparing import SAME_SPEAKER, Gallery, similarity
from voxq.voiceprints.voiceprint import Consent, Quality, Sample, Vector, Voiceprint, new_id

_ROUNDS = 5
_VOICES = 16
_MANY = 1000
_SENTENCES: Mapping[str, Sequence[str]] = {
    "en": (
        "The old keeper climbed the stairs every evening and lit the lamp before the ships came home.",
        "We agreed to meet on Wednesday at three, and nobody thought of the weather in the mountains.",
    ),
    "zh": (
        "我们周三下午三点在三号会议室开会，请大家提前把材料准备好。",
        "这条老街上有很多小店，每到周末晚上都特别热闹，孩子们也喜欢来。",
    ),
}
_GOOD = Quality(10.0, -25.0, 30.0, 0.0, 0.9)


def measure(say: Callable[[str], None]) -> list[Figure]:
    embed = _embedder()
    spoken = _voices(say)
    vectors = {name: [embed(sound) for sound in sounds] for name, sounds in spoken.items()}
    same = [similarity(a, b) for sounds in vectors.values() for a, b in combinations(sounds, 2)]
    different = [
        similarity(a, b) for one, other in combinations(vectors.values(), 2) for a in one for b in other
    ]
    rate, threshold = _equal_error(same, different)
    say("extraction")
    ten = np.resize(clip(), 10 * SAMPLE_RATE).astype(np.float32)
    costs = []
    for _ in range(_ROUNDS):
        begun = time.process_time()
        embed(ten)
        costs.append(time.process_time() - begun)
    say(f"{_MANY} voiceprints")
    searches, reading = _search()
    note = f"{len(vectors)} synthetic voices"
    return [
        Figure("equal error rate", round(100 * rate, 2), "%", note=note),
        Figure("threshold at that rate", round(threshold, 3), ""),
        Figure("same speaker, least similarity", round(min(same), 3), "", note=f"{len(same)} pairs"),
        Figure("others, greatest similarity", round(max(different), 3), "", note=f"{len(different)} pairs"),
        *(_wrong_at(threshold, same, different) for threshold in sorted({0.75, 0.8, 0.85, SAME_SPEAKER})),
        over_rounds("processor seconds for 10 s", costs, "s", Target("<", 0.5)),
        over_rounds(f"search among {_MANY}", searches, "ms", Target("<", 5)),
        Figure(f"reading of {_MANY} from disk", round(reading, 3), "s", note="once, until one changes"),
    ]


def _embedder() -> Callable[[Samples], Vector]:
    engine = registry.find("ge2e").load(EngineRequest("ge2e", "ge2e"), {})

    def embed(sound: Samples) -> Vector:
        (answer,) = engine.run([AudioItem(sound)])
        assert isinstance(answer, Embedding), answer
        vector = checked_vector(answer)
        assert isinstance(vector, tuple)
        return vector

    return embed


def _voices(say: Callable[[str], None]) -> dict[str, list[Samples]]:
    """Speak sentences in each voice: float32, 16 kHz, by the name of the voice."""
    spoken: dict[str, list[Samples]] = {}
    for name, language, run in _speakers():
        say(f"voice {name}")
        spoken[name] = [run(sentence) for sentence in _SENTENCES[language]]
    return spoken


def _speakers() -> Iterator[tuple[str, str, Callable[[str], Samples]]]:
    """Yield voices: name, language, and how they speak; every other one of Kokoro's, women and men."""
    store = ModelStore()
    most = int(os.environ.get("VOICEPRINT_BENCH_VOICES", _VOICES))
    kokoro = registry.find("kokoro")
    is_here = "kokoro" in registry.installed(kokoro.capability, store)
    for family in (kokoro if is_here else registry.find("hibari"),):  # hibari's voice is one of Kokoro's
        request = EngineRequest(family.name, family.models[0], threads=2)
        paths: ModelPaths = family.model_paths(request, store.resolve)
        engine = family.load(request, paths)
        known = [voice for voice in family.voices_for(family.models[0]) if voice.language in _SENTENCES]
        for voice in known[:: max(1, len(known) // most)][:most]:

            def run(sentence: str, engine: object = engine, voice: str = voice.name) -> Samples:
                (answer,) = engine.run([TextItem(sentence, {"voice": voice})])  # type: ignore[attr-defined]
                assert isinstance(answer, Spoken), answer
                return _at_16_khz(answer)

            yield f"{family.name} {voice.name}", voice.language, run


def _at_16_khz(spoken: Spoken) -> Samples:
    frame = av.AudioFrame.from_ndarray(spoken.samples.reshape(1, -1), "fltp", "mono")
    frame.sample_rate = spoken.sample_rate
    resampler = Resampler(SAMPLE_RATE)
    return np.concatenate([*resampler.push(frame), *resampler.flush()], axis=1)[0]


def _wrong_at(threshold: float, same: Sequence[float], different: Sequence[float]) -> Figure:
    rejected = 100 * sum(each < threshold for each in same) / len(same)
    accepted = 100 * sum(each >= threshold for each in different) / len(different)
    return Figure(
        f"others accepted at {threshold:g}", round(accepted, 2), "%", note=f"{rejected:.1f} % rejected"
    )


def _equal_error(same: Sequence[float], different: Sequence[float]) -> tuple[float, float]:
    """Return the rate at which as many speakers are rejected as others are accepted, and the threshold of
    it."""
    best = (1.0, 1.0, 0.0)
    for threshold in sorted({*same, *different}):
        rejected = sum(each < threshold for each in same) / len(same)
        accepted = sum(each >= threshold for each in different) / len(different)
        best = min(best, (abs(rejected - accepted), (rejected + accepted) / 2, threshold))
    return best[1], best[2]


def _search() -> tuple[list[float], float]:
    """Search for a voice among many. Returns milliseconds of processor per search, and the seconds of reading
    all of them."""
    rows = np.random.default_rng(1).normal(size=(_MANY, 256))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    with tempfile.TemporaryDirectory(prefix="voxq-bench-") as own:
        store = Voiceprints(Path(own))
        for number, row in enumerate(rows):
            vector = tuple(round(float(each), 7) for each in row)
            sample = Sample(1, f"task{number}", "0" * 64, "ge2e", "ge2e:1", vector, _GOOD, 1.0)
            consent = Consent("nobody", "synthetic", 1.0)
            store.add(Voiceprint(new_id(), "bench", str(number), float(number), consent, (sample,)))
        begun = time.process_time()
        gallery = Gallery(store.of("bench"), "ge2e:1")
        reading = time.process_time() - begun
    wanted = tuple(map(float, rows[_MANY // 2]))
    taken = []
    for _ in range(_ROUNDS + 1):
        begun = time.process_time()
        found = gallery.identify(wanted)
        taken.append(1000 * (time.process_time() - begun))
        assert found is not None
    return taken[1:], reading


if __name__ == "__main__":
    from run import main

    sys.exit(main([Path(__file__).stem, *sys.argv[1:]]))
