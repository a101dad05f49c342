"""Speeds of the layouts of models, as they were measured on this machine: one small file for each model.

A record is true of what it was measured with: the weights, the libraries, the processor, the threads and what
the operator has set. A record of anything else counts as none, and so does a torn or foreign file.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from voxq.engines.contract import EngineFamily, EngineRequest, Layout, ModelPaths
from voxq.machine.devices import name_of, threads_for
from voxq.model_store.stamp import revision_of
from voxq.storage import records

_FORMAT = 1
_WORTH_IT = 1.1
"""Factor by which a layout must be faster than the model's own choice to be preferred: one measurement
differs from the next by nearly as much."""
_SPEED: records.Shape = {"replicas": int, "items": int, "short": int | float, "long": int | float}


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds of sound that a model takes in a second with a layout, in short chunks and in long ones."""

    layout: Layout
    short: float
    long: float

    @property
    def overall(self) -> float:
        return math.sqrt(max(0.0, self.short) * max(0.0, self.long))


@dataclass(frozen=True, slots=True)
class Tuning:
    """Speeds of all layouts of a model; the first is that of the model's own choice."""

    speeds: tuple[Speed, ...]

    @property
    def best(self) -> Speed:
        """The fastest; the model's own choice unless another one is clearly faster."""
        usual = self.speeds[0]
        fastest = max(self.speeds, key=lambda speed: speed.overall)
        return fastest if fastest.overall >= _WORTH_IT * usual.overall else usual


@dataclass(frozen=True, slots=True)
class Subject:
    """A model to measure, as the operator's settings ask for it."""

    family: EngineFamily
    request: EngineRequest
    paths: ModelPaths

    @property
    def layouts(self) -> tuple[Layout, ...]:
        """Layouts to compare; none if there is no choice."""
        layouts = self.family.layouts_for(self.request)
        return layouts if len(layouts) > 1 else ()

    @property
    def key(self) -> dict[str, Any]:
        """What a measurement is true of, as a JSON object."""
        request = self.request
        return {
            "engine": request.engine,
            "model": request.model,
            "weights": {role: revision_of(path) for role, path in sorted(self.paths.items())},
            "libraries": {name: _version_of(name) for name in ("voxq", *self.family.requirements.libraries)},
            "processor": name_of(request.device),
            "threads": threads_for(request.threads),
            "replicas": request.replicas,
            "provider": request.provider,
        }

    @property
    def name(self) -> str:
        """Name of the model's file, which says nothing: models are named by paths, too."""
        request = self.request
        named = f"{request.engine}\n{request.model}\n{request.device_class}"
        return f"{sha256(named.encode()).hexdigest()[:24]}.json"


class Tunings:
    """The records in one directory. Any number of processes may read and write them."""

    def __init__(self, directory: Path) -> None:
        """Create nothing yet."""
        self._directory = directory

    def find(self, subject: Subject) -> Tuning | None:
        """Return what was measured of a model; None if nothing was, or it is true no more."""
        layouts = subject.layouts
        if not layouts:
            return None
        try:
            record = records.parse(records.read(self._directory / subject.name))
            speeds = _speeds(record) if record["key"] == subject.key else ()
        except (records.Damaged, OSError, KeyError, TypeError):
            return None
        return Tuning(speeds) if tuple(speed.layout for speed in speeds) == layouts else None

    def keep(self, subject: Subject, speeds: Sequence[Speed]) -> None:
        """Record the speeds of all layouts of a model, in their order. Raises OSError."""
        measured = [
            {**asdict(s.layout), "short": round(s.short, 2), "long": round(s.long, 2)} for s in speeds
        ]
        record = {"format": _FORMAT, "key": subject.key, "speeds": measured}
        records.write_private(self._directory / subject.name, json.dumps(record, indent=1))

    def take_turn(self) -> int | None:
        """Lock the directory for whoever measures: two at a time would slow each other down.

        Returns a descriptor to close afterwards; None if another process has the turn. Raises OSError or
        Damaged.
        """
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = records.open_file(self._directory / ".lock", os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor


def _speeds(record: dict[str, Any]) -> tuple[Speed, ...]:
    """Read the speeds of a record; none if it is of another format."""
    rows = record["speeds"]
    if record["format"] != _FORMAT or not all(records.has_shape(row, _SPEED) for row in rows):
        return ()
    return tuple(Speed(Layout(r["replicas"], r["items"]), float(r["short"]), float(r["long"])) for r in rows)


def _version_of(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""
