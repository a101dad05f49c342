"""Engine families of other packages, found by the entry-point group `voxq.engines`.

A family is imported only if the operator lists its name, so a package that is merely installed runs no code
here.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from voxq.engines.contract import CONTRACT_VERSION, EngineError, EngineFamily
from voxq.locale import Message

GROUP = "voxq.engines"


def installed() -> tuple[str, ...]:
    """Return the names that installed packages register, listed or not, without importing them."""
    return tuple(sorted({each.name for each in entry_points(group=GROUP)}))


def load(name: str) -> EngineFamily:
    """Import the family that an installed package registers by this name.

    Raises EngineError if it is missing, cannot be imported, is not an engine family, or was written for
    another version of the contract.
    """
    family = _imported(_entry_point(name))
    if not isinstance(family, EngineFamily):
        raise EngineError(
            Message(
                "The engine {name} is not an EngineFamily but a {kind}.",
                name=name,
                kind=type(family).__name__,
            )
        )
    if family.contract != CONTRACT_VERSION:
        raise EngineError(
            Message(
                "The engine {name} was written for version {contract} of the contract; this VoxQ has "
                "version {contract_version}. Install matching versions.",
                name=name,
                contract=family.contract,
                contract_version=CONTRACT_VERSION,
            )
        )
    if family.name != name:
        raise EngineError(
            Message(
                "The engine {name} calls itself {family!r}: both names must be the same.",
                name=name,
                family=family.name,
            )
        )
    return family


def _entry_point(name: str) -> EntryPoint:
    found = list(entry_points(group=GROUP, name=name))
    if len(found) > 1:
        packages = ", ".join(sorted(each.dist.name for each in found if each.dist))
        raise EngineError(
            Message(
                "Several packages offer an engine {name}: {packages}. Uninstall all but one.",
                name=name,
                packages=packages,
            )
        )
    if not found:
        there = ", ".join(installed()) or "none"
        raise EngineError(
            Message(
                "No installed package offers an engine {name}. There are: {there}.", name=name, there=there
            )
        )
    return found[0]


def _imported(entry: EntryPoint) -> object:
    try:
        return entry.load()
    except (Exception, SystemExit) as error:  # the module of another package may raise anything
        reason = f"{type(error).__name__}: {error}"
        raise EngineError(
            Message(
                "The engine {name} ({value}) cannot be imported: {reason}",
                name=entry.name,
                value=entry.value,
                reason=reason,
            )
        ) from error
