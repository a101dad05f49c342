"""Command-line flags derived from the declared options: every option that a request may set."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator
from enum import Enum, StrEnum
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

import annotated_types
import typer
from pydantic.fields import FieldInfo

from voxq.core.options import OptionField, Options, SetBy
from voxq.core.submission import SubmissionOptions

Function = Callable[..., None]

_ASKED = "asked"


def takes_flags(options: type[Options], *, without: Collection[str] = ()) -> Callable[[Function], Function]:
    """Decorator that adds a flag to a command for each option that a client may set, except `without`.

    The options are those of `options` and of every submission. The command must have a parameter `asked`, a
    mapping of the given flags with the names and values of a request's fields.
    """
    flags = [
        each
        for of in (options, SubmissionOptions)
        for each in of.declared().values()
        if SetBy.CLIENT in each.mark.set_by and each.mark.flag != "" and each.name not in without
    ]

    def decorate(command: Function) -> Function:
        def with_flags(**given: Any) -> None:
            command(asked=dict(_asked(flags, given)), **given)

        signature = inspect.signature(command, eval_str=True)
        own = [
            each.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            for name, each in signature.parameters.items()
            if name != _ASKED
        ]
        parameters = [*own, *map(_parameter, flags)]
        with_flags.__signature__ = signature.replace(parameters=parameters)  # pyright: ignore[reportFunctionMemberAccess]
        with_flags.__annotations__ = {each.name: each.annotation for each in parameters}
        with_flags.__name__, with_flags.__doc__ = command.__name__, command.__doc__
        return with_flags

    return decorate


def _asked(flags: list[OptionField], given: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Remove the flags from `given` and yield them as fields of a request."""
    for flag in flags:
        value = given.pop(flag.name)
        if value is None:
            continue
        if isinstance(value, Enum):
            value = next(each for each in _words(flag) if str(each) == value.value)
        elif flag.mark.choices:
            value = next(word for word, meant in flag.mark.choices if meant == value)
        yield flag.field, value


def _parameter(option: OptionField) -> inspect.Parameter:
    least, most = _range(option)
    default = _shown_default(option)
    info = typer.Option(
        *_spellings(option), help=option.description, min=least, max=most, show_default=default or False
    )
    annotation = Annotated[_type(option) | None, info]
    return inspect.Parameter(option.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _spellings(option: OptionField) -> list[str]:
    """Spellings of a flag for Typer; a switch and its opposite are one spelling, a short form is another."""
    name = f"--{option.field.replace('_', '-')}"
    if option.mark.flag is None:
        return [f"{name}/--no-{name[2:]}" if _type(option) is bool else name]
    if "/--" in option.mark.flag:
        return [option.mark.flag]
    return option.mark.flag.split("/")


def _type(option: OptionField) -> Any:
    declared = _plain(option.type)
    if declared is bool:
        return bool
    if words := _words(option):
        return StrEnum(option.name, {str(word): str(word) for word in words})
    return declared if declared in (int, float) else str


def _words(option: OptionField) -> tuple[Any, ...]:
    """Values of a request's field if it has a fixed set of them, else empty."""
    if option.mark.choices:
        return tuple(word for word, _ in option.mark.choices)
    wire = option.mark.wire if option.mark.wire is not None else _plain(option.type)
    return get_args(wire) if get_origin(wire) is Literal else ()


def _plain(annotation: Any) -> Any:
    """Annotation of an optional type without None."""
    kinds = [each for each in get_args(annotation) if each is not NoneType]
    return kinds[0] if NoneType in get_args(annotation) else annotation


def _range(option: OptionField) -> tuple[Any, Any]:
    constraints = [each for info in option.info if isinstance(info, FieldInfo) for each in info.metadata]
    least = next((each.ge for each in constraints if isinstance(each, annotated_types.Ge)), None)
    most = next((each.le for each in constraints if isinstance(each, annotated_types.Le)), None)
    return least, most


def _shown_default(option: OptionField) -> str:
    """Default shown in the help: a choice or a number; empty for texts, which a command may replace."""
    default = option.default
    if isinstance(default, bool):
        return ""
    if option.mark.choices:
        return next(word for word, value in option.mark.choices if value == default)
    return str(default) if isinstance(default, int | float) else ""
