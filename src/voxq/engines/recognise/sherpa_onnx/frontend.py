"""A recogniser of sherpa-onnx that makes streams and has no weights."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from voxq.engines.recognise.sherpa_onnx.onnx_file import read_metadata, write_without_weights

if TYPE_CHECKING:
    from sherpa_onnx import OfflineRecognizer

Load = Callable[[Mapping[str, Path]], "OfflineRecognizer"]
"""Loads a model from its files by role."""


def without_weights(load: Load, files: Mapping[str, Path], main: str) -> OfflineRecognizer:
    """Load the model in `files` without its weights: streams get their frontend from its metadata alone.

    `main`: role of the file with the weights. Raises what `load` raises, and OSError.
    """
    metadata = read_metadata(files[main])
    with tempfile.TemporaryDirectory(prefix="voxq-sherpa-") as directory:
        empty = Path(directory) / "frontend.onnx"
        write_without_weights(empty, metadata)
        return load({**files, main: empty})
