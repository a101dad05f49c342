"""Doctor checks of the required packages, by their installation metadata: nothing is imported."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement

from voxq.cli.finding import Finding
from voxq.extras import install_command


def check_packages() -> Iterator[Finding]:
    wrong = missing_packages()
    for problem in wrong:
        yield Finding("packages", "failure", problem, f"Run: {install_command()}")
    if not wrong:
        yield Finding("packages", "ok", "all dependencies are installed in supported versions")


def missing_packages(extra: str = "") -> list[str]:
    """Problems of the core dependencies, or of those of one extra, in sentences."""
    requirements = [Requirement(text) for text in requires("voxq") or []]
    problems: list[str] = []
    for wanted in requirements:
        if not _applies(wanted, extra):
            continue
        if wanted.name == "voxq":  # an extra that includes others
            problems += [problem for other in wanted.extras for problem in missing_packages(other)]
        elif problem := _problem(wanted):
            problems.append(problem)
    return list(dict.fromkeys(problems))


def _applies(requirement: Requirement, extra: str) -> bool:
    if requirement.marker is None:
        return not extra
    always = requirement.marker.evaluate({"extra": ""})
    return not always and requirement.marker.evaluate({"extra": extra}) if extra else always


def _problem(requirement: Requirement) -> str | None:
    try:
        found = version(requirement.name)
    except PackageNotFoundError:
        return f"{requirement.name} is missing"
    if requirement.specifier.contains(found, prereleases=True):
        return None
    return f"{requirement.name} {found} does not satisfy {requirement.specifier}"
