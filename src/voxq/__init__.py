"""VoxQ: a speech job service. Recordings in, transcripts out, nothing lost."""

import os
from typing import Any

# Unless this is set before it is imported, ONNX Runtime tells its maker over the network what it is used for.
# What is done with a recording is nobody else's business. Helper processes inherit it.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
# Pydantic looks for plugins in the metadata of every installed package, at the start of each process, and
# runs their code. VoxQ has none; "" lets it look.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def __getattr__(name: str) -> Any:
    """Read the version when it is first asked for: what reads it takes as long to import as Python itself."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import version

    globals()[name] = version("voxq")
    return globals()[name]
