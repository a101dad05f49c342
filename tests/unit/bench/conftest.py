"""The measurements are scripts beside each other and no package: make their arithmetic importable."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[3] / "scripts" / "bench"))
