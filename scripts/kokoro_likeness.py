"""Make the table of the embeddings of Kokoro's voices, which voice match compares voiceprints with.

Each voice speaks a sentence of its own language. Run it again when the embedder or Kokoro changes:

    .venv/bin/python scripts/kokoro_likeness.py
"""

from __future__ import annotations

import json

import av
import numpy as np
import numpy.typing as npt

from voxq.engines import registry
from voxq.engines.contract import SAMPLE_RATE, AudioItem, Embedding, EngineRequest, Spoken, TextItem
from voxq.engines.speak.kokoro_voices import VOICES
from voxq.model_store.store import ModelStore
from voxq.speech.resample import Resampler
from voxq.voiceprints.likeness import TABLE

_TEXTS = {
    "en": "The weather was calm, and we walked slowly along the river until the evening came.",
    "zh": "今天天气很好，我们沿着河边慢慢地走，一直走到了傍晚才回家。",
    "ja": "今日は天気がよかったので、川に沿ってゆっくり歩き、夕方に帰りました。",
    "es": "El tiempo estaba tranquilo y caminamos despacio junto al río hasta la noche.",
    "fr": "Le temps était calme et nous avons marché lentement le long de la rivière.",
}
"""What a voice says, by its language; about five seconds."""
_DECIMALS = 4


def main() -> None:
    embedder = registry.find("ge2e").load(EngineRequest("ge2e", "ge2e"), {})
    family = registry.find("kokoro")
    request = EngineRequest(family.name, family.models[0], threads=2)
    kokoro = family.load(request, family.model_paths(request, ModelStore().resolve))
    voices: dict[str, list[float]] = {}
    for voice in VOICES:
        text = _TEXTS[voice.language]
        (spoken,) = kokoro.run([TextItem(text, {"voice": voice.name})])
        if not isinstance(spoken, Spoken):
            print(f"left out {voice.name}: {spoken}", flush=True)
            continue
        (answer,) = embedder.run([AudioItem(_at_16_khz(spoken))])
        assert isinstance(answer, Embedding), answer
        vector = np.asarray(answer.vector, np.float64)
        voices[voice.name] = [round(float(x), _DECIMALS) for x in vector / np.linalg.norm(vector)]
        print(voice.name, flush=True)
    TABLE.write_text(
        json.dumps({"revision": embedder.revision, "voices": voices}, separators=(",", ":")) + "\n", "utf-8"
    )


def _at_16_khz(spoken: Spoken) -> npt.NDArray[np.float32]:
    frame = av.AudioFrame.from_ndarray(spoken.samples.reshape(1, -1), "fltp", "mono")
    frame.sample_rate = spoken.sample_rate
    resampler = Resampler(SAMPLE_RATE)
    return np.concatenate([*resampler.push(frame), *resampler.flush()], axis=1)[0]


if __name__ == "__main__":
    main()
