"""The loaded model of Chatterbox, in the model process; see `voxq.engines.speak.cloning.chatterbox`."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voxq.engines.contract import EngineError, EngineRequest, ModelPaths, Options, Reference, Samples
from voxq.engines.speak.cloning.cloner import Cloner, as_wav
from voxq.locale import Message
from voxq.model_store.stamp import revision_of

if TYPE_CHECKING:
    from chatterbox.mtl_tts import ChatterboxMultilingualTTS  # pyright: ignore[reportMissingImports]

_CHINESE = "Cangjie5_TC.json"
"""Spelling of Chinese characters."""


class Chatterbox(Cloner[Any]):
    """A voice is what the library calls the conditionals of a recording."""

    def __init__(self, model: ChatterboxMultilingualTTS, revision: str, languages: tuple[str, ...]) -> None:
        super().__init__(revision, languages)
        self._model = model

    @property
    def sample_rate(self) -> int:
        return int(self._model.sr)

    def prepare(self, reference: Reference, samples: Samples) -> Any:
        # The library hands this to librosa, which opens a string as a path and reads a file object as it is.
        self._model.prepare_conditionals(io.BytesIO(as_wav(samples, reference.sample_rate)))
        return self._model.conds

    def speak(self, text: str, language: str, voice: Any, options: Options) -> Samples:
        self._model.conds = copy(voice)
        return self._model.generate(text, language_id=language).numpy()


def load(request: EngineRequest, models: ModelPaths, languages: Sequence[str]) -> Chatterbox:
    """Load the model. Raises EngineError, or whatever the library raises."""
    from chatterbox.mtl_tts import ChatterboxMultilingualTTS  # pyright: ignore[reportMissingImports]

    path = models["path"]
    model = ChatterboxMultilingualTTS.from_local(path, request.device)
    speaks_chinese = _spell_chinese(model, path / _CHINESE)
    spoken = tuple(each for each in languages if each != "zh" or speaks_chinese)
    return Chatterbox(model, f"chatterbox:{revision_of(path)}", spoken)


def _spell_chinese(model: ChatterboxMultilingualTTS, path: Path) -> bool:
    """Give the model the spelling of Chinese characters, for which the library asks a hub; without it, they
    would be left out without an error. Return whether there is one. Raises EngineError."""
    if not path.is_file():
        return False
    converter = model.tokenizer.cangjie_converter
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        for entry in entries:
            word, code = entry.split("\t")[:2]
            if word not in converter.word2cj:
                converter.word2cj[word] = code
                converter.cj2word.setdefault(code, []).append(word)
    except (AttributeError, TypeError, ValueError) as error:
        raise EngineError(
            Message("{path} cannot be read ({kind}).", path=path, kind=type(error).__name__)
        ) from None
    return bool(entries)
