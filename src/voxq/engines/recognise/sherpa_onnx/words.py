"""Models that write words without a language: Paraformer, transducers and Moonshine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from voxq.engines.contract import ChunkError, Options, Recognised
from voxq.engines.recognise.punctuated import punctuated_segments
from voxq.engines.recognise.sherpa_onnx.calls import decode, filled, step_through
from voxq.engines.recognise.sherpa_onnx.engine import Heard, Sound
from voxq.engines.recognise.sherpa_onnx.failures import Swallowed
from voxq.engines.recognise.timed_words import align, language_of_script
from voxq.speech.units import split_units

if TYPE_CHECKING:
    from sherpa_onnx import OfflineRecognizer, OnlineRecognizer

    from voxq.engines.recognise.sherpa_onnx.hotwords import Spelling
    from voxq.engines.recognise.sherpa_onnx.punctuation import Punctuation


class _Words:
    """How their results are read. Without `punctuation` the text is what the model writes."""

    def __init__(self, punctuation: Punctuation | None) -> None:
        self._punctuation = punctuation

    def refuse(self, options: Options) -> ChunkError | None:
        return None

    def is_silence(self, error: Exception) -> bool:
        return False

    def read(self, heard: Heard, seconds: float, options: Options) -> Recognised:
        units = split_units(heard.text)
        if not units:
            return Recognised((), None)
        shown = self._punctuation.add(units) if self._punctuation and options.get("use_punc", True) else units
        times = [(word.start, word.end) for word in align(units, heard.pieces)]
        found = punctuated_segments(units, shown, times, seconds, options.get("words", False))
        return Recognised(found, options.get("language") or language_of_script(units))


class Plain(_Words):
    """Dialect of models without options, such as Moonshine."""

    def __init__(self, model: OfflineRecognizer, punctuation: Punctuation | None) -> None:
        super().__init__(punctuation)
        self._model = model

    def hear(self, sounds: Sequence[Sound]) -> Sequence[Heard]:
        return decode(self._model, [filled(self._model.create_stream(), samples) for samples, _ in sounds])


class Paraformer(Plain):
    """Dialect of Paraformer."""

    def is_silence(self, error: Exception) -> bool:
        """Whether it has found no word: then ONNX Runtime fails at tensors without elements ("cannot be
        reshaped", "Invalid input shape", "shape cannot contain any negative value")."""
        return isinstance(error, Swallowed) and "shape" in str(error).lower()


class Transducer(_Words):
    """Dialect of transducers that are given a whole sound; each stream has its own hotwords."""

    def __init__(self, model: OfflineRecognizer, punctuation: Punctuation | None, spelling: Spelling) -> None:
        super().__init__(punctuation)
        self._model = model
        self._spelling = spelling

    def hear(self, sounds: Sequence[Sound]) -> Sequence[Heard]:
        streams = [
            filled(self._model.create_stream(self._spelling.of(options.get("hotwords", ()))), samples)
            for samples, options in sounds
        ]
        return decode(self._model, streams)


class Streaming(_Words):
    """Dialect of transducers that read a sound in steps. A chunk is read to its end before it has a text."""

    def __init__(self, model: OnlineRecognizer, punctuation: Punctuation | None, spelling: Spelling) -> None:
        super().__init__(punctuation)
        self._model = model
        self._spelling = spelling

    def hear(self, sounds: Sequence[Sound]) -> Sequence[Heard]:
        return [
            step_through(
                self._model,
                filled(self._model.create_stream(self._spelling.of(options.get("hotwords", ()))), samples),
            )
            for samples, options in sounds
        ]
