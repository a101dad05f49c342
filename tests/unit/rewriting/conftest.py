"""Import path for the benchmark scripts, which are not a package."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[3] / "scripts" / "bench"))
