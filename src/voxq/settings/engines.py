"""Settings about engines as operators write them: what workers do, plugins, and own recognisers by name."""

from __future__ import annotations

import re

from voxq.engines import places, voices
from voxq.engines.contract import Capability
from voxq.locale import Message

SERVED = (Capability.RECOGNISE, Capability.SPEAK, Capability.REWRITE, Capability.EMBED)
"""What there are tasks for; the first that a worker has is its main one."""


def parse_capabilities(text: str) -> tuple[Capability, ...]:
    """The capabilities in "speak,recognise", in the order of SERVED; all of them of an empty text.

    Raises ValueError.
    """
    names = [name.strip().lower() for name in text.split(",") if name.strip()]
    if unknown := [name for name in names if name not in SERVED]:
        raise ValueError(
            Message("{unknown!r} is none of {served}", unknown=unknown[0], served=", ".join(SERVED))
        )
    return tuple(each for each in SERVED if not names or each in names)


def parse_plugins(text: str) -> tuple[str, ...]:
    """The names in "tones,other-engine", each once. Raises ValueError."""
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if wrong := [name for name in names if not places.NAME.fullmatch(name)]:
        raise ValueError(
            Message("{wrong!r} must be a name of lower-case letters, digits and hyphens", wrong=wrong[0])
        )
    return names


def parse_models(text: str) -> dict[str, tuple[str, str]]:
    """Name -> (engine, model) of "name=engine:model,name2=engine:/a/directory". Raises ValueError."""
    models: dict[str, tuple[str, str]] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, _, rest = (part.strip() for part in entry.partition("="))
        engine, _, model = rest.rpartition(":")
        if not (re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name) and engine and model):
            raise ValueError(
                Message(
                    "{entry!r} must be name=engine:model, such as calls=funasr:/models/our-calls", entry=entry
                )
            )
        check_name(name)
        if name in models:
            raise ValueError(Message("the name {name!r} is given twice", name=name))
        models[name] = (engine, model)
    return models


def check_name(model: str) -> None:
    """Raises ValueError for a recogniser with a synthesiser's name: a worker knows both by their names."""
    if model.lower() in voices.models():
        raise ValueError(
            Message(
                "{model!r} is a synthesiser's name; give the recogniser another: {model}-asr", model=model
            )
        )
