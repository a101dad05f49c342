"""Model process under the interpreter of an environment with an engine and NumPy, but without VoxQ: `python
-I standalone.py FD PARENT`, or `python -I standalone.py describe NAME` to describe the engine.

Only this package is made importable, from its own directory, without the packages installed beside it,
because the environments may contradict each other.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import ModuleType


def main() -> None:
    """Serve a model, or print a description as the last line."""
    _make_importable()
    if sys.argv[1] == "describe":
        from voxq.engines.registry import describe

        sys.stdout.write(f"\n{json.dumps(describe(sys.argv[2]))}\n")
    else:
        from voxq.processes.model.__main__ import main as serve

        serve()


def _make_importable() -> None:
    """Register the package without its `__init__`, which asks for the version of an installed package."""
    package = ModuleType("voxq")
    package.__path__ = [str(Path(__file__).resolve().parents[2])]
    sys.modules["voxq"] = package
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")


if __name__ == "__main__":
    main()
