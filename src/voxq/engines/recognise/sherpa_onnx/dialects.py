"""SenseVoice and the models without options of their own, as sherpa-onnx runs them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from voxq.engines.contract import ChunkError, Options, Recognised
from voxq.engines.recognise.sensevoice_tags import read_tagged, unknown_language
from voxq.engines.recognise.sherpa_onnx.engine import Heard
from voxq.engines.recognise.timed_words import align, language_of_script, segments
from voxq.locale import Message
from voxq.speech.transcript import join_texts
from voxq.speech.units import split_units

if TYPE_CHECKING:
    from sherpa_onnx import OfflineRecognizer, OfflineStream

Load = Callable[[], "OfflineRecognizer"]
"""Loads the model once more."""


class SenseVoice:
    """Dialect of SenseVoice."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._detecting = load()

    def refuse(self, options: Options) -> ChunkError | None:
        return unknown_language(options)

    @cached_property
    def _told(self) -> OfflineRecognizer:
        """Recogniser for requests that name a language: it can be told another one after loading, at the
        price of its frontend, so that the streams must be those of the other."""
        return self._load()

    def recogniser(self, options: Options) -> OfflineRecognizer:
        language = options.get("language")
        if language is None:
            return self._detecting
        told: Any = self._told
        asked = told.config.model_config.sense_voice
        if asked.language != language:
            asked.language = language
            told.recognizer.set_config(told.config)
        return told

    def open_stream(self, options: Options) -> OfflineStream:
        """Return a stream; one switch controls digits and punctuation."""
        stream = self._detecting.create_stream()
        stream.set_option("use_itn", "0" if options.get("use_itn") is False else "1")
        return stream

    def read(self, heard: Heard, seconds: float, options: Options) -> Recognised | ChunkError:
        """Convert what was heard. Where nothing is, there are tags all the same: without them the model has
        failed, and sherpa-onnx has only written so."""
        if not any(heard.tags):
            return ChunkError("engine_error", Message("The engine failed."))
        return read_tagged(f"{''.join(heard.tags)} {heard.text}", heard.pieces, seconds, options)


class Plain:
    """Dialect of models that have no options, and write neither punctuation nor a language."""

    def __init__(self, load: Load) -> None:
        self._recogniser = load()

    def refuse(self, options: Options) -> ChunkError | None:
        return None

    def recogniser(self, options: Options) -> OfflineRecognizer:
        return self._recogniser

    def open_stream(self, options: Options) -> OfflineStream:
        return self._recogniser.create_stream()

    def read(self, heard: Heard, seconds: float, options: Options) -> Recognised:
        units = split_units(heard.text)
        if not units:
            return Recognised((), None)
        words = align(units, heard.pieces)
        found = segments(join_texts(units), words, seconds, options.get("words", False))
        return Recognised(found, options.get("language") or language_of_script(units))
