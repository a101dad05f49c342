"""Virtual environments under VOXQ_ENGINES, one for each engine family installed separately.

Speech engines often pin versions of the same libraries that exclude each other. Such a family is installed in
an environment of its own, whose interpreter runs its model process. A directory under the family's name is
complete: it is built under another name and renamed once the engine has been imported and described.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from voxq.engines.contract import EngineError, EngineFamily
from voxq.engines.description import family_of
from voxq.engines.places import DESCRIPTION, NAME, directory_of, root
from voxq.locale import Message

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
            record = json.loads((self.directory / DESCRIPTION).read_text("utf-8"))
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


def find(name: str) -> Environment | None:
    """Find the environment of this family; None if it is not installed."""
    directory = directory_of(name)
    return None if directory is None else Environment(name, directory)


def installed() -> tuple[Environment, ...]:
    """Return the installed environments, sorted by name."""
    names = sorted(path.parent.name for path in root().glob(f"*/{DESCRIPTION}"))
    return tuple(each for name in names if (each := find(name)) is not None)


def install(
    name: str, requirements: Sequence[str], runner: Path, sources: Sequence[Path] = ()
) -> Environment:
    """Create the environment of a family with these pip requirements; an existing one is replaced.

    `runner`: the script that describes an engine under another interpreter; `sources`: directories of modules
    that no package brings, such as checkouts. Raises EngineError.
    """
    for source in sources:
        if not source.is_dir():
            raise EngineError(Message("There is no directory {path}.", path=source))
    if not NAME.fullmatch(name):
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
            _add_sources(building, sources)
            description = _description(building, name, runner)
            (building / DESCRIPTION).write_text(json.dumps(description), encoding="utf-8")
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
            (environment.directory / DESCRIPTION).unlink(missing_ok=True)
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


def _add_sources(directory: Path, sources: Sequence[Path]) -> None:
    (packages,) = directory.glob("lib/python3*/site-packages")
    if sources:
        lines = "".join(f"{source.resolve()}\n" for source in sources)
        (packages / "voxq-sources.pth").write_text(lines, encoding="utf-8")


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
