"""What workers do, and with engines of which packages, as operators write it."""

from __future__ import annotations

from voxq.engines import plugins
from voxq.engines.contract import Capability

SERVED = (Capability.RECOGNISE, Capability.SPEAK)
"""What there are tasks for; the first that a worker has is its main one."""


def parse_capabilities(text: str) -> tuple[Capability, ...]:
    """The capabilities in "speak,recognise", in the order of SERVED; all of them of an empty text.

    Raises ValueError.
    """
    names = [name.strip().lower() for name in text.split(",") if name.strip()]
    if unknown := [name for name in names if name not in SERVED]:
        raise ValueError(f"{unknown[0]!r} is none of {', '.join(SERVED)}")
    return tuple(each for each in SERVED if not names or each in names)


def parse_plugins(text: str) -> tuple[str, ...]:
    """The names in "tones,other-engine", each once. Raises ValueError."""
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if wrong := [name for name in names if not plugins.NAME.fullmatch(name)]:
        raise ValueError(f"{wrong[0]!r} must be a name of lower-case letters, digits and hyphens")
    return names
