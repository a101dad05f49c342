"""SenseVoice as sherpa-onnx runs it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from voxq.engines.contract import ChunkError, Options, Recognised
from voxq.engines.recognise.sensevoice_tags import read_tagged, unknown_language
from voxq.engines.recognise.sherpa_onnx.calls import decode, filled
from voxq.engines.recognise.sherpa_onnx.engine import Heard, Sound

if TYPE_CHECKING:
    from sherpa_onnx import OfflineRecognizer, OfflineStream


class SenseVoice:
    """Dialect of SenseVoice.

    A loaded model can be told another language, but sherpa-onnx forgets its frontend (the window of the
    features, the scale of the samples) when it is told. So it only ever decodes, and the streams are made by
    `frontend`, a recogniser that has the same frontend and no weights.
    """

    def __init__(self, model: OfflineRecognizer, frontend: OfflineRecognizer) -> None:
        self._model = model
        self._frontend = frontend

    def refuse(self, options: Options) -> ChunkError | None:
        return unknown_language(options)

    def hear(self, sounds: Sequence[Sound]) -> Sequence[Heard]:
        self._tell(sounds[0][1].get("language") or "")
        return decode(self._model, [filled(self._stream(options), samples) for samples, options in sounds])

    def is_silence(self, error: Exception) -> bool:
        return False

    def read(self, heard: Heard, seconds: float, options: Options) -> Recognised:
        return read_tagged(f"{''.join(heard.tags)} {heard.text}", heard.pieces, seconds, options)

    def _tell(self, language: str) -> None:
        """Tell the model the language of the next call; "": detect it."""
        model: Any = self._model
        asked = model.config.model_config.sense_voice
        if asked.language != language:
            asked.language = language
            model.recognizer.set_config(model.config)

    def _stream(self, options: Options) -> OfflineStream:
        """Return a stream; one switch controls digits and punctuation."""
        stream = self._frontend.create_stream()
        stream.set_option("use_itn", "0" if options.get("use_itn") is False else "1")
        return stream
