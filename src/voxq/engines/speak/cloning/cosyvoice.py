"""CosyVoice 2 and 3 (Alibaba): clone voices in Chinese, English and others, in a style given in words.

No package has its code: a checkout of its repository, with its submodule Matcha-TTS, is named when the
environment is installed.
"""

from __future__ import annotations

from voxq.engines.contract import AnyEngine, EngineRequest, ModelPaths
from voxq.engines.speak.cloning.family import CloningModel, cloning_family
from voxq.locale import Message

_MODELS = {
    "cosyvoice2": "FunAudioLLM/CosyVoice2-0.5B",
    "cosyvoice3": "FunAudioLLM/Fun-CosyVoice3-0.5B-2512",
}
LANGUAGES = {
    "cosyvoice2": ("zh", "en", "ja", "ko"),
    "cosyvoice3": ("zh", "en", "ja", "ko", "de", "es", "fr", "it", "ru"),
}


def _load(request: EngineRequest, models: ModelPaths) -> AnyEngine:
    from voxq.engines.speak.cloning import cosyvoice_model

    return cosyvoice_model.load(request, models, LANGUAGES[request.model])


FAMILY = cloning_family(
    "cosyvoice",
    Message("Clones voices in Chinese, English and other languages; needs a checkout of its code"),
    _load,
    {name: CloningModel({"path": each}, LANGUAGES[name]) for name, each in _MODELS.items()},
    library="cosyvoice.cli.cosyvoice",
    pins=(
        "conformer==0.3.2",
        "diffusers==0.29.0",
        "hydra-core==1.3.2",
        "hyperpyyaml==1.2.3",
        "inflect==7.3.1",
        "librosa==0.10.2",
        "lightning==2.2.4",
        "modelscope==1.20.0",
        "numpy==1.26.4",
        "omegaconf==2.3.0",
        "onnxruntime==1.18.0",
        "openai-whisper==20231117",
        "pyworld==0.3.4",
        "soundfile==0.12.1",
        "torch==2.3.1",
        "torchaudio==2.3.1",
        "transformers==4.51.3",
        "wetext==0.0.4",
        "x-transformers==2.11.24",
    ),
    options=frozenset({"style"}),
)
