"""Check whether this installation can load models of FunASR, in a process of its own because it imports
FunASR and PyTorch: `python -m voxq.engines.recognise.funasr.diagnosis DEVICE [DIRECTORY ...]`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from voxq.engines.contract import EngineError
from voxq.engines.recognise.funasr import loading
from voxq.engines.recognise.funasr.model_class import read_class


def main() -> None:
    """Print a JSON list of problems, each a sentence, as the last line of stdout; FunASR may print before
    it."""
    device, *directories = sys.argv[1:]
    sys.stdout.write(f"\n{json.dumps(list(_problems(device, map(Path, directories))))}\n")


def _problems(device: str, directories: Iterable[Path]) -> Iterator[str]:
    try:
        loading.check_libraries(device)
    except EngineError as error:
        yield str(error)
        return
    for directory in directories:
        try:
            loading.check(directory, read_class(directory), device)
        except EngineError as error:
            yield str(error)


if __name__ == "__main__":
    main()
