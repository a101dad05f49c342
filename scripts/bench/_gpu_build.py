"""Build a model with random weights, in a process of its own: its memory is given back.

    python _gpu_build.py whisper|sensevoice|paraformer published|small DIRECTORY

"published": of the size of whisper-large-v3-turbo (809 million weights, config.json of
openai/whisper-large-v3-turbo), SenseVoiceSmall (234 million, config.yaml of iic/SenseVoiceSmall) or
paraformer-large (220 million, config.yaml of
iic/speech_paraformer-large_asr_nat-zh-cn-16k-common-vocab8404-pytorch).
"small": a network of the same kind, to try the measurement itself.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from _sherpa_build import SMALL


def main(name: str, size: str, target: Path) -> None:
    if name == "whisper":
        _whisper(size, target)
    elif size == "small":
        shutil.copytree(SMALL[name], target)
    elif name == "sensevoice":
        import _sensevoice_alone

        _sensevoice_alone.build(SMALL[name], target)
    else:
        import _sherpa_build

        _sherpa_build.build_paraformer(SMALL[name], target)


def _whisper(size: str, target: Path) -> None:
    import _gpu_whisper

    from voxq.model_store.store import ModelStore

    sizes = {"published": _gpu_whisper.LARGE_V3_TURBO, "small": _gpu_whisper.TINY}
    _gpu_whisper.build(sizes[size], ModelStore().resolve("whisper-base"), target)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
