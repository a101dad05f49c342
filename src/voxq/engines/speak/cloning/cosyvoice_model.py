"""The loaded model of CosyVoice, in the model process; see `voxq.engines.speak.cloning.cosyvoice`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from voxq.engines.contract import EngineRequest, ModelPaths, Options, Reference, Samples
from voxq.engines.speak.cloning.cloner import Cloner, as_wav, first_seconds, harmless
from voxq.model_store.stamp import revision_of

if TYPE_CHECKING:
    from cosyvoice.cli.cosyvoice import CosyVoice2 as Model  # pyright: ignore[reportMissingImports]

_LONGEST_SECONDS = 30.0
"""The library refuses more."""
_END_OF_PROMPT = "<|endofprompt|>"
_ORDER = "You are a helpful assistant."
"""What prompts of the third version begin with."""


class CosyVoice(Cloner[tuple[Path, str]]):
    """A voice is a file of our own, named by a digest, and what is said in it."""

    def __init__(self, model: Model, revision: str, languages: Sequence[str], order: str) -> None:
        """`order`: what its prompts begin with."""
        super().__init__(revision, languages)
        self._model = model
        self._order = order
        self._directory = TemporaryDirectory(prefix="voxq-voices-")

    @property
    def sample_rate(self) -> int:
        return int(self._model.sample_rate)

    def prepare(self, reference: Reference, samples: Samples) -> tuple[Path, str]:
        heard = first_seconds(samples, reference.sample_rate, _LONGEST_SECONDS)
        path = Path(self._directory.name) / f"{reference.key}.wav"
        path.write_bytes(as_wav(heard, reference.sample_rate))
        said = reference.text if len(heard) == len(samples) else None
        return path, harmless(said or "").strip()

    def speak(self, text: str, language: str, voice: tuple[Path, str], options: Options) -> Samples:
        import torch

        pieces = [piece["tts_speech"] for piece in self._pieces(text, voice, options.get("style"))]
        return torch.cat(pieces, dim=1).cpu().numpy()

    def _pieces(self, text: str, voice: tuple[Path, str], style: str | None) -> Iterator[dict[str, Any]]:
        recording, said = str(voice[0]), voice[1]
        end = _END_OF_PROMPT if self._order else ""
        if style:
            order = f"{self._order} {harmless(style)}{_END_OF_PROMPT}".strip()
            return self._model.inference_instruct2(text, order, recording)
        if said:
            return self._model.inference_zero_shot(text, f"{self._order}{end}{said}", recording)
        return self._model.inference_cross_lingual(f"{self._order}{end}{text}", recording)


def load(request: EngineRequest, models: ModelPaths, languages: Sequence[str]) -> CosyVoice:
    """Load the model. Raises whatever the library raises."""
    from cosyvoice.cli.cosyvoice import AutoModel  # pyright: ignore[reportMissingImports]

    path = models["path"].resolve(strict=True)  # what is no directory would be downloaded
    model = AutoModel(model_dir=str(path))
    revision = f"cosyvoice:{request.model}:{revision_of(path)}"
    order = _ORDER if request.model == "cosyvoice3" else ""
    return CosyVoice(model, revision, languages, order)
