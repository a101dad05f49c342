"""Adapter for synthesisers in the model process: sentences to files of samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from voxq.engines import warmup
from voxq.engines.contract import (
    ChunkError,
    Cost,
    EngineFamily,
    EngineRequest,
    ModelPaths,
    Samples,
    Spoken,
    TextItem,
)
from voxq.locale import Message
from voxq.processes.model.answers import checked_sound
from voxq.processes.model.protocol import ChunkRef, KeptSpeech, SentenceRef
from voxq.processes.model.references import read_reference

_UNKNOWN_RATE = 24_000
"""Sample rate reported for a sentence without samples."""


@dataclass(frozen=True, slots=True)
class _Sentence:
    """The input of a call, and the file for its sound."""

    sound: Path
    item: TextItem


class Speaker:
    """Adapter for a synthesiser; see `voxq.processes.model.served_model`."""

    def __init__(self, family: EngineFamily, request: EngineRequest, models: ModelPaths) -> None:
        """Load the model. Raises EngineError, or whatever the model library raises."""
        self._family = family
        self._traits = family.traits_for(request)
        self._voices = family.voices_for(request.model)
        self._synthesiser = family.load(request, models)
        self.revision = self._synthesiser.revision
        self._rate: int | None = None

    def measure(self) -> Cost:
        return warmup.measure_speech(
            self._synthesiser, self._voices, self._traits.cloned_languages or ("en",)
        )

    def read(self, ref: ChunkRef) -> _Sentence | ChunkError:
        """Read the voice that a sentence is to be spoken in, and check that the model can do what is
        asked."""
        if not isinstance(ref, SentenceRef):
            return ChunkError("bad_chunk", Message("This model speaks, and was given a recording."))
        if names := self._family.not_honoured(ref.options):
            return ChunkError(
                "option_unsupported",
                Message(
                    "{model} does not honour the option {names}.",
                    model=self._family.name,
                    names=", ".join(names),
                ),
            )
        reference = None if ref.reference is None else read_reference(ref.reference, self._traits.clones)
        if isinstance(reference, ChunkError):
            return reference
        return _Sentence(ref.sound, TextItem(ref.text, ref.options, reference))

    def call(self, batch: Sequence[_Sentence]) -> list[KeptSpeech | ChunkError]:
        answers = self._synthesiser.run([sentence.item for sentence in batch])
        return [self._kept(sentence, answer) for sentence, answer in zip(batch, answers, strict=True)]

    def _kept(self, sentence: _Sentence, answer: object) -> KeptSpeech | ChunkError:
        item = sentence.item
        spoken = checked_sound(answer, item.text, item.options.get("speed", 1.0))
        if isinstance(spoken, Spoken) and spoken.sample_rate != self._rate:
            if self._rate is not None:  # the file of a text has one sample rate
                return ChunkError("engine_error", Message("The model changed its sample rate within a text."))
            self._rate = spoken.sample_rate
        return _kept(item.text, sentence.sound, spoken)


def _kept(text: str, path: Path, answer: Spoken | ChunkError) -> KeptSpeech | ChunkError:
    if isinstance(answer, ChunkError):
        # One unpronounceable sentence is skipped; a text with no others fails in the end.
        return KeptSpeech(0, _UNKNOWN_RATE) if answer.code == "unpronounceable" else answer
    try:
        _write(path, answer.samples)
    except FileNotFoundError:
        return ChunkError("audio_unavailable", Message("The directory for this sentence is gone."))
    except OSError as error:
        return ChunkError(
            "storage", Message("The speech could not be stored: {strerror}.", strerror=error.strerror)
        )
    spoken = answer.text if answer.text != text else None
    return KeptSpeech(len(answer.samples), answer.sample_rate, spoken or "")


def _write(path: Path, samples: Samples) -> None:
    """Write the samples; the file appears under its name only when it is complete."""
    beside = path.with_suffix(".part")
    beside.write_bytes(np.ascontiguousarray(samples, "<f4").data)  # `tofile` hides the cause of a failure
    beside.replace(path)
