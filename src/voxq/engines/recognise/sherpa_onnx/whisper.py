"""Whisper as sherpa-onnx runs it: greedy, one chunk after the other, no times. `faster_whisper` is usually
the better choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from voxq.engines.contract import ChunkError, Dropped, Options, Recognised
from voxq.engines.recognise.sherpa_onnx.calls import decode, filled
from voxq.engines.recognise.sherpa_onnx.engine import Heard, Sound
from voxq.engines.recognise.timed_words import segments
from voxq.engines.recognise.whisper_text import full_width, without_loops
from voxq.locale import Message

if TYPE_CHECKING:
    from sherpa_onnx import OfflineRecognizer


class Whisper:
    """Dialect of Whisper. `properties`: those of its files."""

    def __init__(self, model: OfflineRecognizer, properties: Mapping[str, str]) -> None:
        self._model = model
        self._is_multilingual = properties["is_multilingual"] == "1"
        codes = properties["all_language_codes"].split(",") if self._is_multilingual else ["en"]
        self._languages = frozenset(codes)

    def refuse(self, options: Options) -> ChunkError | None:
        """Refuse a language that the model lacks: sherpa-onnx would end the process."""
        language = options.get("language")
        if language is None or language in self._languages:
            return None
        return ChunkError(
            "bad_language", Message("Whisper does not support the language {language!r}.", language=language)
        )

    def hear(self, sounds: Sequence[Sound]) -> Sequence[Heard]:
        self._tell(sounds[0][1])
        return decode(self._model, [filled(self._model.create_stream(), samples) for samples, _ in sounds])

    def is_silence(self, error: Exception) -> bool:
        return False

    def read(self, heard: Heard, seconds: float, options: Options) -> Recognised:
        written = heard.text.strip()
        text = without_loops(written)
        dropped = (Dropped(written, 0.0, seconds, "repeated"),) if text != written else ()
        found = next(iter(heard.tags), "")
        language = options.get("language") or (found if found in self._languages else None)
        if language is None and not self._is_multilingual:
            language = "en"
        if language in ("zh", "yue") and not options.get("translate"):
            text = full_width(text)
        said = segments(text, (), seconds, options.get("words", False))
        return Recognised(said, language if text else None, dropped)

    def _tell(self, options: Options) -> None:
        """Tell the model the language (none: detect it) and the task of the next call."""
        model: Any = self._model
        asked = model.config.model_config.whisper
        language = options.get("language") or ("" if self._is_multilingual else "en")
        task = "translate" if options.get("translate") and self._is_multilingual else "transcribe"
        if (asked.language, asked.task) != (language, task):
            asked.language, asked.task = language, task
            model.recognizer.set_config(model.config)
