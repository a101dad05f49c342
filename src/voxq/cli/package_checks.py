"""Doctor checks of the required packages, by their installation metadata: nothing is imported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, metadata, requires, version

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from voxq.cli.finding import Finding
from voxq.extras import install_command
from voxq.locale import Message
from voxq.pins import pins

_HOW_TO_PIN = Message(
    "Run: voxq doctor --pins > constraints.txt, then pip install -c constraints.txt as before."
)


_SHOWN = 6
"""Packages that are named when many differ."""


def check_packages() -> Iterator[Finding]:
    """Report what is missing, and what was installed in another version than the tested one."""
    wrong = missing_packages()
    for problem in wrong:
        yield Finding(
            "packages",
            "failure",
            problem,
            Message("Run: {command}", command=install_command()),
        )
    if wrong:
        return
    if others := unpinned_packages(pins()):
        named = Message.joined(", ", (*others[:_SHOWN], *(("...",) if len(others) > _SHOWN else ())))
        says = Message.counted(
            "{number} package differs from the tested version, "
            "as after an installation without constraints: {names}",
            "{number} packages differ from the tested versions, "
            "as after an installation without constraints: {names}",
            len(others),
            names=named,
        )
        yield Finding("packages", "warning", says, _HOW_TO_PIN)
    else:
        yield Finding("packages", "ok", Message("all dependencies are installed in the tested versions"))


def unpinned_packages(tested: Mapping[str, str]) -> list[str]:
    """Installed dependencies in another version than the tested one, such as "av 18.2.0 (tested: 18.1.0)"."""
    found = {name: version(name) for name in sorted(_dependencies()) if name in tested}
    return [
        Message("{name} {there} (tested: {tested})", name=name, there=there, tested=tested[name])
        for name, there in found.items()
        if Version(there).public != Version(tested[name]).public  # +cpu is the same version, built otherwise
    ]


def _dependencies() -> set[str]:
    """Names of the installed packages that VoxQ needs, directly or not, with all of its extras."""
    extras = frozenset(metadata("voxq").get_all("Provides-Extra") or ())
    seen: set[tuple[str, frozenset[str]]] = set()
    left = [("voxq", extras)]
    while left:
        name, extras = left.pop()
        if (name, extras) in seen or not _is_installed(name):
            continue
        seen.add((name, extras))
        left += [
            (canonicalize_name(wanted.name), frozenset(wanted.extras))
            for wanted in map(Requirement, requires(name) or ())
            if any(wanted.marker is None or wanted.marker.evaluate({"extra": e}) for e in ("", *extras))
        ]
    return {name for name, _ in seen} - {"voxq"}


def _is_installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


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
        return Message("{package} is missing", package=requirement.name)
    if requirement.specifier.contains(found, prereleases=True):
        return None
    return Message(
        "{package} {found} does not satisfy {wanted}",
        package=requirement.name,
        found=found,
        wanted=requirement.specifier,
    )
