"""The loaded model of Qwen3-TTS, in the model process; see `voxq.engines.speak.cloning.qwen3_tts`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from voxq.engines.contract import EngineRequest, ModelPaths, Options, Reference, Samples
from voxq.engines.speak.cloning.cloner import Cloner, first_seconds, harmless
from voxq.model_store.stamp import revision_of

if TYPE_CHECKING:
    from qwen_tts import Qwen3TTSModel  # pyright: ignore[reportMissingImports]

_LONGEST_SECONDS = 30.0


class Qwen3Tts(Cloner[Any]):
    """A voice is a prompt: the codes of the recording and its text or, without a text, its embedding."""

    def __init__(self, model: Qwen3TTSModel, revision: str, languages: Mapping[str, str]) -> None:
        super().__init__(revision, tuple(languages))
        self._names = languages
        self._model = model

    @property
    def sample_rate(self) -> int:
        return 24_000

    def prepare(self, reference: Reference, samples: Samples) -> Any:
        heard = first_seconds(samples, reference.sample_rate, _LONGEST_SECONDS)
        said = reference.text if len(heard) == len(samples) else None
        text = harmless(said or "").strip()
        # An array, never a string: the library downloads those that look like addresses, and opens others.
        return self._model.create_voice_clone_prompt(
            ref_audio=(heard, reference.sample_rate),
            ref_text=text or None,
            x_vector_only_mode=not text,
        )

    def speak(self, text: str, language: str, voice: Any, options: Options) -> Samples:
        sounds, rate = self._model.generate_voice_clone(
            text=text, language=self._names[language], voice_clone_prompt=voice
        )
        if rate != self.sample_rate:
            raise ValueError(f"a rate of {rate} Hz")
        return sounds[0]


def load(request: EngineRequest, models: ModelPaths, languages: Mapping[str, str]) -> Qwen3Tts:
    """Load the model. `languages`: its names of them by code. Raises whatever the library raises."""
    import torch
    from qwen_tts import Qwen3TTSModel  # pyright: ignore[reportMissingImports]

    on_gpu = request.device_class == "cuda"
    model = Qwen3TTSModel.from_pretrained(
        str(models["path"]),
        device_map=request.device,
        dtype=torch.bfloat16 if on_gpu else torch.float32,
    )
    return Qwen3Tts(model, f"qwen3-tts:{request.model}:{revision_of(models['path'])}", languages)
