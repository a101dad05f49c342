"""Chatterbox multilingual (Resemble AI): clones voices in 23 languages."""

from __future__ import annotations

from voxq.engines.contract import AnyEngine, EngineRequest, ModelPaths
from voxq.engines.speak.cloning.family import CloningModel, cloning_family
from voxq.locale import Message

LANGUAGES = (
    "en", "zh", "ja", "ko", "de", "fr", "es", "it", "pt", "ru", "ar", "da", "el", "fi", "he", "hi", "ms",
    "nl", "no", "pl", "sv", "sw", "tr",
)  # fmt: skip


def _load(request: EngineRequest, models: ModelPaths) -> AnyEngine:
    from voxq.engines.speak.cloning import chatterbox_model

    return chatterbox_model.load(request, models, LANGUAGES)


FAMILY = cloning_family(
    "chatterbox",
    Message("Clones voices in 23 languages, and marks its speech with a watermark"),
    _load,
    {"chatterbox": CloningModel({"path": "ResembleAI/chatterbox"}, LANGUAGES)},
    library="chatterbox.mtl_tts",
    # Its watermark needs the pkg_resources of an older setuptools.
    pins=("chatterbox-tts==0.1.7", "setuptools==80.9.0"),
)
