"""Virtual environments under VOXQ_ENGINES, one for each engine family installed separately.

Speech engines often pin versions of the same libraries that exclude each other. Such a family is installed in
an environment of its own, whose interpreter runs its model process. A directory under the family's name is
complete: it is built under another name and renamed once the engine has been imported and described.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from voxq.engines import plugins
from voxq.engines.contract import EngineError, EngineFamily
from voxq.engines.description import family_of
from voxq.locale import Message

_DESCRIPTION = "voxq-engine.json"
_BASICS = ("numpy",)
"""Packages that a model process needs, whatever the engine requires."""
_DESCRIBE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Environment:
    """A complete virtual environment."""

    name: str
    directory: Path

    @property
    def interpreter(self) -> Path:
        return self.directory / "bin" / "python"

    def family(self) -> EngineFamily:
        """Read the family's description, which was made when it was installed. Raises EngineError."""
        try:
            record = json.loads((self.directory / _DESCRIPTION).read_text("utf-8"))
            family = family_of(record if isinstance(record, dict) else {})
        except (OSError, ValueError, EngineError) as error:
            raise EngineError(
                Message("The environment of the engine {name}: {error}", name=self.name, error=str(error))
            ) from None
        if family.name != self.name:
            raise EngineError(
                Message(
                    "The environment of the engine {name} holds {family!r}.",
                    name=self.name,
                    family=family.name,
                )
            )
        return family


def root() -> Path:
    """Return $VOXQ_ENGINES, or ~/.cache/voxq/engines by default."""
    return Path(os.environ.get("VOXQ_ENGINES") or "~/.cache/voxq/engines").expanduser()


def find(name: str) -> Environment | None:
    """Find the environment of this family; None if it is not installed."""
    if not plugins.NAME.fullmatch(name):
        return None
    directory = root() / name
    return Environment(name, directory) if (directory / _DESCRIPTION).is_file() else None


def installed() -> tuple[Environment, ...]:
    """Return the installed environments, sorted by name."""
    names = sorted(path.parent.name for path in root().glob(f"*/{_DESCRIPTION}"))
    return tuple(each for name in names if (each := find(name)) is not None)


def install(name: str, requirements: Sequence[str], runner: Path) -> Environment:
    """Create the environment of a family with these pip requirements; an existing one is replaced.

    `runner`: the script that describes an engine under another interpreter. Raises EngineError.
    """
    if not plugins.NAME.fullmatch(name):
        raise EngineError(
            Message("{name!r} must be a name of lower-case letters, digits and hyphens.", name=name)
        )
    place = root() / name
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with _locked(place.parent / f".{name}.lock"):
            building = place.parent / f".{name}.partial"
            shutil.rmtree(building, ignore_errors=True)
            venv.create(building, symlinks=True, with_pip=True)
            _pip(building, [*_BASICS, *requirements])
            description = _description(building, name, runner)
            (building / _DESCRIPTION).write_text(json.dumps(description), encoding="utf-8")
            Environment(name, building).family()
            shutil.rmtree(place, ignore_errors=True)
            building.rename(place)
    except (OSError, subprocess.CalledProcessError) as error:
        raise EngineError(
            Message(
                "The environment of {name} cannot be made in {parent}: {error}",
                name=name,
                parent=place.parent,
                error=str(error),
            )
        ) from None
    return Environment(name, place)


def remove(name: str) -> bool:
    """Remove an environment and return whether there was one. Raises EngineError."""
    environment = find(name)
    if environment is None:
        return False
    try:
        with _locked(root() / f".{name}.lock"):
            # from here on it counts as incomplete
            (environment.directory / _DESCRIPTION).unlink(missing_ok=True)
            shutil.rmtree(environment.directory)
    except OSError as error:
        raise EngineError(
            Message(
                "{directory} cannot be removed: {strerror}.",
                directory=environment.directory,
                strerror=error.strerror,
            )
        ) from None
    return True


def _pip(directory: Path, requirements: Sequence[str]) -> None:
    command = [str(directory / "bin" / "python"), "-I", "-m", "pip", "install", "--disable-pip-version-check"]
    done = subprocess.run([*command, "--", *requirements], stdout=sys.stderr)
    if done.returncode != 0:
        raise EngineError(
            Message("pip could not install {requirements}: see above.", requirements=" ".join(requirements))
        )


def _description(directory: Path, name: str, runner: Path) -> object:
    """Let the environment's own interpreter import and describe the engine. Raises EngineError."""
    command = [str(directory / "bin" / "python"), "-I", str(runner), "describe", name]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_DESCRIBE_SECONDS)
    except subprocess.TimeoutExpired:
        raise EngineError(
            Message(
                "The engine {name} was not imported within {seconds:.0f} seconds.",
                name=name,
                seconds=_DESCRIBE_SECONDS,
            )
        ) from None
    try:
        return json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        last = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
        raise EngineError(
            Message("The engine {name} cannot be used in its environment: {last}", name=name, last=last)
        ) from None


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
