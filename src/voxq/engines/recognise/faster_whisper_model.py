"""The loaded Whisper model, in the model process; see `voxq.engines.recognise.faster_whisper`.

What is easy is recognised in windows as long as the sound, several sounds at once; the rest alone, in windows
of 30 s. Whether a sound is easy depends on nothing else, so it has the same text in every batch. The replicas
of the network share its weights, and work on their parts of a batch at the same time.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeAlias

from voxq.engines.contract import (
    SAMPLE_RATE,
    AudioItem,
    ChunkError,
    EngineError,
    EngineRequest,
    ModelPaths,
    Recognised,
)
from voxq.engines.languages import LANGUAGES
from voxq.engines.recognise.whisper_first_look import FirstLook, Stretches
from voxq.engines.recognise.whisper_network import Network
from voxq.engines.recognise.whisper_parts import joined, parts_of
from voxq.engines.recognise.whisper_sound import SHORTEST_SECONDS, Sound, amplified, without_quiet_end
from voxq.engines.recognise.whisper_whole_windows import WholeWindows
from voxq.engines.recognise.whisper_windows import WHOLE, WINDOWS, most_windows, window_for
from voxq.locale import Message
from voxq.machine.devices import threads_for
from voxq.model_store.stamp import revision_of
from voxq.speech.levels import is_audible

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

_Answer: TypeAlias = Recognised | ChunkError


class FasterWhisper:
    """A loaded Whisper model, of whose network so many `replicas` work at the same time. `beams` are the
    widths of the successive searches for a doubtful result."""

    def __init__(self, model: WhisperModel, revision: str, beams: tuple[int, ...], replicas: int) -> None:
        self.revision = revision
        self.second_looks = 0
        """Number of sounds that were recognised in a short window first, and then in one of 30 s."""
        network = Network(model)
        self._first_look = FirstLook(network, beams[0])
        self._whole_windows = WholeWindows(network, beams)
        self._replicas = replicas
        self._threads = ThreadPoolExecutor(replicas, "whisper")

    def run(self, batch: Sequence[AudioItem]) -> list[Recognised | ChunkError]:
        prepared = [_prepared(item) for item in batch]
        answers = iter(self._recognised([each for each in prepared if isinstance(each, Sound)]))
        return [next(answers) if isinstance(each, Sound) else each for each in prepared]

    def _recognised(self, sounds: Sequence[Sound]) -> list[_Answer]:
        """Recognise sounds in short windows, and in windows of 30 s those for which that is not enough."""
        looks = self._looks(sounds)
        divided = [
            parts_of(sound, look) if isinstance(look, tuple) else ()
            for sound, look in zip(sounds, looks, strict=True)
        ]
        parts = [part for each in divided for part in each]
        # A sound whose language is given is not divided.
        looks_at_parts = [
            None if isinstance(look, tuple) else look for look in self._looks([part.sound for part in parts])
        ]
        rest = [sound for sound, look in zip(sounds, looks, strict=True) if look is None]
        rest += [p.for_whole_window for p, look in zip(parts, looks_at_parts, strict=True) if look is None]
        self.second_looks += sum(window_for(each.seconds) < WHOLE for each in rest)
        whole = self._threads.map(self._whole, rest)
        answers = [next(whole) if look is None else look for look in looks]
        of_parts = iter([next(whole) if look is None else look for look in looks_at_parts])
        return [
            joined(own, [next(of_parts) for _ in own]) if isinstance(answer, tuple) else answer
            for answer, own in zip(answers, divided, strict=True)
        ]

    def in_whole_windows(self, item: AudioItem) -> Recognised | ChunkError:
        """Recognise an item in windows of 30 s only."""
        prepared = _prepared(item)
        return self._whole(prepared) if isinstance(prepared, Sound) else prepared

    def _looks(self, sounds: Sequence[Sound]) -> list[_Answer | Stretches | None]:
        """Recognise sounds in short windows; see `FirstLook.recognise`."""
        looks: list[_Answer | Stretches | None] = [None] * len(sounds)
        shares = self._shares(sounds)
        for share, found in zip(shares, self._threads.map(self._look, shares), strict=True):
            for number, look in zip(share, found, strict=True):
                looks[number] = look
        return looks

    def _shares(self, sounds: Sequence[Sound]) -> list[Mapping[int, Sound]]:
        """Divide those sounds that are shorter than a whole window among the replicas; the windows of a share
        have one length, and take no more memory than a whole one."""
        alike: defaultdict[float, list[int]] = defaultdict(list)
        for number, sound in enumerate(sounds):
            alike[window_for(sound.seconds)].append(number)
        alike.pop(WHOLE, None)
        shares: list[Mapping[int, Sound]] = []
        for window, numbers in sorted(alike.items(), reverse=True):
            size = min(-(-len(numbers) // self._replicas), most_windows(window))
            parts = (numbers[first : first + size] for first in range(0, len(numbers), size))
            shares += [{number: sounds[number] for number in part} for part in parts]
        return shares

    def _look(self, share: Mapping[int, Sound]) -> Sequence[_Answer | Stretches | None]:
        sounds = list(share.values())
        try:
            return self._first_look.recognise(sounds, window_for(sounds[0].seconds))
        except (RuntimeError, MemoryError) as error:  # CTranslate2's own failures, including out of memory
            return [ChunkError.of(error)] * len(sounds)

    def _whole(self, sound: Sound) -> _Answer:
        try:
            return self._whole_windows.recognise(sound.samples, sound.options)
        except (RuntimeError, MemoryError) as error:
            return ChunkError.of(error)


def _prepared(item: AudioItem) -> Sound | Recognised | ChunkError:
    """Prepare the sound of an item, unless it can be answered without a model."""
    language = item.options.get("language")
    if language is not None and language not in LANGUAGES:
        return ChunkError(
            "bad_language", Message("Whisper does not support the language {language!r}.", language=language)
        )
    if not is_audible(item.samples):  # Whisper would invent text for it
        return Recognised((), None)
    samples = without_quiet_end(amplified(item.samples))
    if len(samples) < SHORTEST_SECONDS * SAMPLE_RATE:
        return Recognised((), None)
    return Sound(samples, item.options)


def load(request: EngineRequest, models: ModelPaths, replicas: int) -> FasterWhisper:
    """Load the model, with so many replicas of its network.

    Raises EngineError, or what CTranslate2 raises.
    """
    path = models["path"]
    missing = [name for name in ("model.bin", "config.json", "tokenizer.json") if not (path / name).is_file()]
    if missing:
        raise EngineError(
            Message(
                "{path} holds no Whisper model for CTranslate2: {missing} is missing.",
                path=path,
                missing=", ".join(missing),
            )
        )
    # Otherwise MKL keeps the buffers of each thread for good: 60 MB for whisper-base with two replicas.
    os.environ.setdefault("MKL_DISABLE_FAST_MM", "1")
    from faster_whisper import WhisperModel

    kind, _, index = request.device.partition(":")
    device_index = int(index or 0)
    compute_type = _compute_type(kind, device_index)
    model = WhisperModel(
        str(path),
        device=kind,
        device_index=device_index,
        compute_type=compute_type,
        cpu_threads=threads_for(request.threads) // replicas,
        num_workers=replicas,
        local_files_only=True,
    )
    beams = (1, 5) if kind == "cpu" else (5,)
    revision = f"faster-whisper:{revision_of(path)}:{compute_type}:{beams[0]}:{WINDOWS}"
    return FasterWhisper(model, revision, beams, replicas)


def _compute_type(kind: str, index: int) -> str:
    """Choose int8 on a CPU, half precision on a GPU that supports it. Raises EngineError for a missing
    device."""
    import ctranslate2

    if kind == "cpu":
        return "int8"
    if kind != "cuda":
        raise EngineError(Message("faster-whisper runs on cpu or cuda:<number>, not on {kind!r}.", kind=kind))
    if index >= ctranslate2.get_cuda_device_count():
        raise EngineError(
            Message(
                "CTranslate2 sees no GPU {index}. Are the CUDA libraries (cuBLAS, cuDNN) there?", index=index
            )
        )
    supported = ctranslate2.get_supported_compute_types("cuda", index)
    return "float16" if "float16" in supported else "float32"
