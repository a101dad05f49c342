"""What options are: fields of a frozen dataclass, declared once, with marks that everything else is derived
from.

An option is a field annotated with its type, its Pydantic constraints and a `Mark`. A field without a mark is
treated as the safe one: chunks with different values never share an engine call, and a result made under one
value is never reused under another.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from enum import Flag, auto
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter


class Affects(Flag):
    """What an option's value has an influence on."""

    NOTHING = 0
    BATCH = auto()
    """Chunks with different values never share an engine call."""
    RESULT = auto()
    """The value is part of the fingerprint of a request, and of the conditions under which a finished chunk
    may be used again."""


SAFE = Affects.BATCH | Affects.RESULT


class SetBy(Flag):
    """Who may set an option."""

    CLIENT = auto()
    OPERATOR = auto()


@dataclass(frozen=True, slots=True)
class Mark:
    """What is known of an option besides its type and range."""

    affects: Affects = SAFE
    set_by: SetBy = SetBy.CLIENT
    setting: str | None = None
    """Name of the field of `Settings` with the operator's default: it applies where the client's value is
    None."""
    openai: str | None = None
    """Its name under `/v1`, where that is not its own."""
    flag: str | None = None
    """Its flag on the command line, such as "--language/-l", where that is not made of its name."""


DEFAULT_MARK = Mark()


@dataclass(frozen=True, slots=True)
class OptionField:
    """One declared option: its name, its whole annotation, its default and its mark."""

    name: str
    annotation: Any
    default: Any
    mark: Mark


@dataclass(frozen=True)
class Options:
    """Base of the options of one kind of task. Values are immutable and can be written as JSON."""

    @classmethod
    def declared(cls) -> Mapping[str, OptionField]:
        """Every option of this class by its name, in the order of declaration."""
        return _declared(cls)

    def values(self, affects: Affects | None = None) -> dict[str, Any]:
        """Option names and values as JSON; with `affects` only those that affect it."""
        chosen = [
            each.name for each in self.declared().values() if affects is None or affects in each.mark.affects
        ]
        dumped = _adapter(type(self)).dump_python(self, mode="json")
        return {name: dumped[name] for name in chosen}

    def batch_key(self) -> str:
        """Equal for options under which chunks may share an engine call, and only for those."""
        return _canonical(self.values(Affects.BATCH))

    def conditions(self) -> str:
        """Equal for options under which a result is the same, and only for those."""
        return _canonical(self.values(Affects.RESULT))


@cache
def _declared(options: type[Options]) -> Mapping[str, OptionField]:
    hints = get_type_hints(options, include_extras=True)
    return {
        each.name: OptionField(each.name, hints[each.name], each.default, _mark_in(hints[each.name]))
        for each in fields(options)
    }


def _mark_in(annotation: Any) -> Mark:
    return next((each for each in _metadata(annotation) if isinstance(each, Mark)), DEFAULT_MARK)


def _metadata(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Annotated:
        yield from get_args(annotation)[1:]


@cache
def _adapter(options: type[Options]) -> TypeAdapter[Any]:
    return TypeAdapter(options)


def _canonical(values: Mapping[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
