"""What the engines that speak in the voice of a recording have in common."""

from __future__ import annotations

import io
import wave
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

import numpy as np

from voxq.engines.contract import (
    NOTHING_TO_SAY,
    ChunkError,
    Options,
    Reference,
    Samples,
    Spoken,
    TextItem,
)
from voxq.locale import Message
from voxq.speech.scripts import language_of
from voxq.speech.tempo import stretched
from voxq.speech.voicing import voiced
from voxq.speech.written import is_pronounceable

V = TypeVar("V")

_KEPT_VOICES = 8
"""Recordings whose voices are kept as the model sees them: a text has many sentences in one voice."""


class Cloner(ABC, Generic[V]):
    """A model that speaks one sentence after another, each in the voice of its recording. `V` is a voice as
    the model sees it."""

    def __init__(self, revision: str, languages: Sequence[str]) -> None:
        self.revision = revision
        self._languages = tuple(languages)
        self._voices: OrderedDict[str, V] = OrderedDict()

    def run(self, batch: Sequence[TextItem]) -> list[Spoken | ChunkError]:
        return [self._answer(item) for item in batch]

    @property
    @abstractmethod
    def sample_rate(self) -> int:
        """Rate of what it speaks, in Hz."""

    @abstractmethod
    def prepare(self, reference: Reference, samples: Samples) -> V:
        """Make a voice of a recording. Raises whatever the model library raises."""

    @abstractmethod
    def speak(self, text: str, language: str, voice: V, options: Options) -> Samples:
        """Speak a sentence; random numbers are seeded. Raises whatever the model library raises."""

    def _answer(self, item: TextItem) -> Spoken | ChunkError:
        reference, options = item.reference, item.options
        if reference is None or reference.samples is None:
            return ChunkError("unknown_voice", Message("This model needs a recording of the voice."))
        language = options.get("language") or _language_of(item.text, self._languages)
        if language not in self._languages:
            return ChunkError("language_unavailable", Message("This model does not speak this language."))
        text = harmless(item.text)
        if not is_pronounceable(text):
            return NOTHING_TO_SAY
        try:
            voice = self._voice(reference, reference.samples)
            _seed(int(options.get("seed") or 0))
            samples = np.asarray(self.speak(text, language, voice, options), np.float32).ravel()
            speed, pitch = options.get("speed") or 1.0, options.get("pitch") or 0.0
            changed = stretched(np.nan_to_num(samples), self.sample_rate, speed, pitch)
            return Spoken(voiced(changed, self.sample_rate), self.sample_rate)
        except Exception as error:
            return ChunkError.of(error)

    def _voice(self, reference: Reference, samples: Samples) -> V:
        key = reference.key
        if key not in self._voices:
            self._voices[key] = self.prepare(reference, samples)
            if len(self._voices) > _KEPT_VOICES:
                self._voices.popitem(last=False)
        self._voices.move_to_end(key)
        return self._voices[key]


def harmless(text: str) -> str:
    """Take the special tokens of language models out of a text, which could end its sentence or give
    orders."""
    return text.replace("<|", "< ").replace("|>", " >")


def resampled(samples: Samples, from_rate: int, to_rate: int) -> Samples:
    """Convert samples, shape (n,), to another rate with FFmpeg's filter."""
    if from_rate == to_rate:
        return samples
    import av

    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[np.newaxis]), "flt", "mono")
    frame.sample_rate = from_rate
    resampler = av.AudioResampler("flt", "mono", to_rate)
    frames = [*resampler.resample(frame), *resampler.resample(None)]
    blocks = [np.asarray(each.to_ndarray(), np.float32).ravel() for each in frames if each is not None]
    return np.concatenate(blocks)


def as_wav(samples: Samples, sample_rate: int) -> bytes:
    """Return a WAV file (16 bits, mono), for libraries that take nothing else."""
    pcm = (np.clip(samples, -1.0, 1.0) * np.iinfo(np.int16).max).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(sample_rate)
        writer.writeframes(pcm.tobytes())
    return file.getvalue()


def first_seconds(samples: Samples, sample_rate: int, seconds: float) -> Samples:
    return samples[: round(seconds * sample_rate)]


def weights_of(emotion: Mapping[str, float] | None, names: Sequence[str]) -> list[float] | None:
    """Return the weights of an option `emotion` in the order of `names`; None without one."""
    return None if not emotion else [float(emotion.get(name, 0.0)) for name in names]


def _language_of(text: str, languages: Sequence[str]) -> str:
    return language_of(text, latin="en" if "en" in languages else languages[0])


def _seed(seed: int) -> None:
    """Seed all that models draw random numbers from."""
    import random

    import torch

    seed %= 1 << 32
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
