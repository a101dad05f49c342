"""Choice of the dialect for a class of models."""

from __future__ import annotations

from voxq.engines.recognise.funasr.engine import Dialect
from voxq.engines.recognise.funasr.model_class import ModelClass
from voxq.engines.recognise.funasr.nano import Nano
from voxq.engines.recognise.funasr.paraformer import Paraformer
from voxq.engines.recognise.funasr.punctuation import Punctuation
from voxq.engines.recognise.funasr.sensevoice import SenseVoice
from voxq.engines.recognise.funasr.whisper import Whisper


def dialect_for(model_class: ModelClass, punctuation: Punctuation | None) -> Dialect:
    """Return the dialect for a recogniser; `punctuation` is for those whose text has none."""
    match model_class.name:
        case "SenseVoiceSmall":
            return SenseVoice()
        case "FunASRNano":
            return Nano()
        case "WhisperWarp":
            return Whisper()
        case name:
            return Paraformer(punctuation, name == "SeacoParaformer", model_class.has_word_times)
