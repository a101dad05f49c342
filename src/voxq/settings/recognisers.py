"""The operator's own recognisers: names for what an engine is to load."""

from __future__ import annotations

import re

from voxq.engines import voices


def parse_models(text: str) -> dict[str, tuple[str, str]]:
    """Name -> (engine, model) of "name=engine:model,name2=engine:/a/directory". Raises ValueError."""
    models: dict[str, tuple[str, str]] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, _, rest = (part.strip() for part in entry.partition("="))
        engine, _, model = rest.rpartition(":")
        if not (re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name) and engine and model):
            raise ValueError(f"{entry!r} must be name=engine:model, such as calls=funasr:/models/our-calls")
        check_name(name)
        if name in models:
            raise ValueError(f"the name {name!r} is there twice")
        models[name] = (engine, model)
    return models


def check_name(model: str) -> None:
    """Raises ValueError for a recogniser with a synthesiser's name: a worker knows both by their names."""
    if model.lower() in voices.models():
        raise ValueError(f"{model!r} is a synthesiser's name; give the recogniser another: {model}-asr")
