"""The files of one model, complete and fitting each other.

sherpa-onnx ends its process if a file, a property or a token is missing, so all of them are looked at before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from voxq.engines.contract import EngineError
from voxq.engines.recognise.sherpa_onnx.files import best_file, no_tokens, properties_of, tokens_of
from voxq.engines.recognise.sherpa_onnx.model_type import ModelType
from voxq.locale import Message

TOKENS = "tokens"


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """Files of a model by the arguments of sherpa-onnx, and what is written in them."""

    paths: Mapping[str, Path]
    properties: Mapping[str, str]
    tokens: Mapping[int, str]


def find_files(directory: Path, model_type: ModelType, prefers_int8: bool) -> ModelFiles:
    """Find the files of a model, and check that nothing is missing in them. Raises EngineError.

    `prefers_int8`: whether the weights of 8 bits are taken where there are others, too.
    """
    patterns = {**model_type.files, TOKENS: "*tokens.txt"}
    found = {role: best_file(directory, pattern, prefers_int8) for role, pattern in patterns.items()}
    if missing := [patterns[role] for role, file in found.items() if file is None]:
        raise EngineError(
            Message(
                "{directory} is not complete: {missing} is missing. A {type} has {files}.",
                directory=directory,
                missing=", ".join(missing),
                type=model_type.name,
                files=", ".join(patterns.values()),
            )
        )
    paths = {role: file for role, file in found.items() if file is not None}
    properties: dict[str, str] = {}
    for role in model_type.files:
        properties |= properties_of(paths[role])
    if lacking := [name for name in model_type.properties if name not in properties]:
        raise EngineError(
            Message(
                "{directory}: {names} is not exported for sherpa-onnx, without {lacking} in its "
                "metadata. Take a model from its releases, or export it with its scripts.",
                directory=directory,
                names=", ".join(paths[role].name for role in model_type.files),
                lacking=", ".join(lacking),
            )
        )
    tokens = tokens_of(paths[TOKENS])
    _check_tokens(paths[TOKENS], tokens, model_type, properties)
    return ModelFiles(paths, properties, tokens)


def _check_tokens(
    file: Path, tokens: Mapping[int, str], model_type: ModelType, properties: Mapping[str, str]
) -> None:
    """Check that every number of the model's output is a token. Raises EngineError."""
    if not tokens:
        raise no_tokens(file)
    lacking = [token for token in model_type.required_tokens if token not in tokens.values()]
    if lacking:
        raise _wrong_tokens(file, Message("it lacks the token {token}", token=lacking[0]))
    if model_type.vocabulary is None:
        return
    size = properties[model_type.vocabulary]
    if not size.isdecimal():
        raise no_tokens(file)
    if any(number not in tokens for number in range(int(size))):
        raise _wrong_tokens(file, Message("it has not all of the {size} tokens", size=size))


def _wrong_tokens(file: Path, says: str) -> EngineError:
    return EngineError(Message("{file} does not belong to this model: {says}.", file=file, says=says))
