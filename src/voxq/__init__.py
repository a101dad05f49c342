"""VoxQ: a speech job service. Recordings in, transcripts out, nothing lost."""

import os
from importlib.metadata import version

__version__ = version("voxq")

# Unless this is set before it is imported, ONNX Runtime tells its maker over the network what it is used for.
# What is done with a recording is nobody else's business. Helper processes inherit it.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
