"""Descriptions of engine families as JSON, for families whose packages only another interpreter can
import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from voxq.engines.contract import (
    CONTRACT_VERSION,
    AnyEngine,
    Capability,
    Chunking,
    EngineError,
    EngineFamily,
    EngineRequest,
    ModelPaths,
    Traits,
    Voice,
)
from voxq.locale import Message


def describe(family: EngineFamily) -> dict[str, Any]:
    """Return everything that the worker's parent may ask about the family. Raises EngineError."""
    models: dict[str, Any] = {}
    for model in family.models:
        request = EngineRequest(family.name, model)
        models[model] = {
            "traits": asdict(family.traits_for(request)),
            "roles": dict(family.roles_for(request)),
            "voices": [asdict(voice) for voice in family.voices_for(model)],
        }
    return {
        "contract": family.contract,
        "name": family.name,
        "capability": family.capability,
        "summary": family.summary,
        "options": sorted(family.options),
        "devices": list(family.devices),
        "mixes": family.mixes,
        "models": models,
    }


def family_of(record: Mapping[str, Any]) -> EngineFamily:
    """Make a family of its description; its models can be loaded only in its own environment.

    Raises EngineError for an invalid description, or one of another version of the contract.
    """
    if record.get("contract") != CONTRACT_VERSION:
        raise EngineError(
            Message(
                "it was installed for version {contract} of the contract, this is version "
                "{contract_version}: install it again",
                contract=record.get("contract"),
                contract_version=CONTRACT_VERSION,
            )
        )
    try:
        models = {str(name): _Model(each) for name, each in record["models"].items()}
        name = str(record["name"])

        def model_of(model: str) -> _Model:
            if model not in models:
                raise EngineError(
                    Message(
                        "The engine {name} has no model {model!r}. It has: {models}.",
                        name=name,
                        model=model,
                        models=", ".join(models),
                    )
                )
            return models[model]

        def load(request: EngineRequest, paths: ModelPaths) -> AnyEngine:
            raise EngineError(Message("The engine {name} is loaded in its own environment only.", name=name))

        return EngineFamily(
            name=name,
            capability=Capability(record["capability"]),
            summary=str(record["summary"]),
            load=load,
            traits_for=lambda request: model_of(request.model).traits,
            roles_for=lambda request: model_of(request.model).roles,
            models=tuple(models),
            options=frozenset(map(str, record["options"])),
            devices=tuple(map(str, record["devices"])),
            voices_for=lambda model: model_of(model).voices,
            mixes=bool(record["mixes"]),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise EngineError(
            Message("its description cannot be read ({kind}): install it again", kind=type(error).__name__)
        ) from None


class _Model:
    """A model in a description."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        traits = dict(record["traits"])
        per_call = traits.pop("per_call")
        self.traits = Traits(
            chunking=Chunking(**traits.pop("chunking")),
            per_call=None if per_call is None else tuple(per_call),
            cloned_languages=tuple(traits.pop("cloned_languages", ())),
            **traits,
        )
        self.roles = {str(role): str(model) for role, model in record["roles"].items()}
        self.voices = tuple(Voice(**voice) for voice in record["voices"])
