"""Options: fields of a frozen dataclass, declared once, with marks that everything else is derived from.

An option is a field annotated with its type, its Pydantic constraints and a `Mark`. A field without a mark is
treated in the safe way: chunks with different values never share an engine call, and a result made under one
value is never reused under another.

Derived here: batch keys, conditions, operator's defaults. `voxq.core.request_reader` derives the fields of
requests and their description, `voxq.cli.flags` the flags of commands.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from enum import Flag, auto
from functools import cache, lru_cache
from typing import Annotated, Any, Self, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter
from pydantic.fields import FieldInfo


class Affects(Flag):
    """Effects of an option's value."""

    NOTHING = 0
    BATCH = auto()
    """Chunks with different values never share an engine call."""
    RESULT = auto()
    """The value is part of the fingerprint of a request, and of the conditions under which a finished chunk
    may be used again."""


SAFE = Affects.BATCH | Affects.RESULT

_MOST_KEPT = 256
"""Options whose JSON is kept: many tasks have the same, and those of each are written several times."""


class SetBy(Flag):
    """Parties that may set an option."""

    SERVICE = 0
    """Only the service itself, by the route that was asked."""
    CLIENT = auto()
    OPERATOR = auto()


@dataclass(frozen=True, slots=True)
class Mark:
    """Facts about an option besides its type and range."""

    affects: Affects = SAFE
    set_by: SetBy = SetBy.CLIENT
    field: str | None = None
    """Name in requests, if it differs from the option's."""
    wire: Any = None
    """Type in requests, if it differs from the stored one: an annotation for Pydantic."""
    choices: tuple[tuple[str, Any], ...] = ()
    """Words that stand for values in requests, each with its value."""
    openai: str | None = None
    """Name under `/v1`, if it differs from that in other requests; "" if there is none."""
    flag: str | None = None
    """Flag on the command line, such as "--language/-l", if it is not made from the name; "" if there is
    none."""
    setting: str | None = None
    """Name of the field of `Settings` with the operator's default, which applies where the client's value is
    None, and is added to a value that is a tuple."""
    from_setting: Callable[[Any], Any] | None = None
    """Function that makes the operator's default from the setting's value, if that is not the default itself;
    it may read files, and raise OSError."""


DEFAULT_MARK = Mark()


@dataclass(frozen=True, slots=True)
class OptionField:
    """One declared option: its name, type, default, description and constraints, and its mark."""

    name: str
    type: Any
    default: Any
    """Default value; `dataclasses.MISSING` if the option is required."""
    info: tuple[Any, ...]
    """Pydantic's part of the annotation."""
    mark: Mark

    @property
    def field(self) -> str:
        """Name in requests."""
        return self.mark.field or self.name

    @property
    def openai(self) -> str:
        """Name under `/v1`; "" if there is none."""
        return self.field if self.mark.openai is None else self.mark.openai

    def constrained(self, annotation: Any) -> Any:
        """Add the option's own constraints to an annotation."""
        return Annotated[annotation, *self.info] if self.info else annotation

    @property
    def description(self) -> str:
        found = (each.description for each in self.info if isinstance(each, FieldInfo))
        return next(filter(None, found), "")


@dataclass(frozen=True)
class Options:
    """Base of the options of one kind of task. Values are immutable, hashable, and can be written as JSON."""

    @classmethod
    def declared(cls) -> Mapping[str, OptionField]:
        """Return every option of this class by its name, in the order of declaration."""
        return _declared(cls)

    def values(self, affects: Affects | None = None) -> dict[str, Any]:
        """Return option names and values as JSON; with `affects`, only the options that affect it."""
        return dict(_values(self, affects))

    def batch_key(self) -> str:
        """Key that is equal for options under which chunks may share an engine call, and only for those."""
        return _canonical(self.values(Affects.BATCH))

    def conditions(self) -> str:
        """Digest that is equal for options under which a result is the same, and only for those: a SHA-256,
        because a text may be among them."""
        return _conditions(self)

    def over(self, defaults: Mapping[str, Any]) -> Self:
        """Fill in the operator's defaults, by name of the option, where the client set none.

        A default that is a tuple is added to the client's.
        """
        changes: dict[str, Any] = {}
        for name, default in defaults.items():
            given = getattr(self, name)
            if isinstance(given, tuple):
                changes[name] = tuple(dict.fromkeys((*given, *default)))
            elif given is None:
                changes[name] = default
        return replace(self, **changes)


def operator_defaults(options: type[Options], settings: object) -> dict[str, Any]:
    """Return the operator's default of each option that has one in `settings`. Raises OSError."""
    defaults: dict[str, Any] = {}
    for each in options.declared().values():
        if each.mark.setting is not None:
            value = getattr(settings, each.mark.setting)
            convert = each.mark.from_setting
            defaults[each.name] = convert(value) if convert is not None else value
    return defaults


@cache
def _declared(options: type[Options]) -> Mapping[str, OptionField]:
    hints = get_type_hints(options, include_extras=True)
    return {each.name: _option(each.name, hints[each.name], each.default) for each in fields(options)}


@cache
def _names(options: type[Options], affects: Affects | None) -> tuple[str, ...]:
    declared = _declared(options).values()
    return tuple(each.name for each in declared if affects is None or affects in each.mark.affects)


def _option(name: str, annotation: Any, default: Any) -> OptionField:
    marks = (each for each in _metadata(annotation) if isinstance(each, Mark))
    info = tuple(each for each in _metadata(annotation) if not isinstance(each, Mark))
    plain = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    return OptionField(name, plain, default, info, next(marks, DEFAULT_MARK))


def _metadata(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Annotated:
        yield from get_args(annotation)[1:]


def is_required(option: OptionField) -> bool:
    """Whether a request must contain the option."""
    return option.default is MISSING


@lru_cache(_MOST_KEPT)
def _values(options: Options, affects: Affects | None) -> Mapping[str, Any]:
    dumped = _adapter(type(options)).dump_python(options, mode="json")
    return {name: dumped[name] for name in _names(type(options), affects)}


@lru_cache(_MOST_KEPT)
def _conditions(options: Options) -> str:
    return hashlib.sha256(_canonical(_values(options, Affects.RESULT)).encode()).hexdigest()


@cache
def _adapter(options: type[Options]) -> TypeAdapter[Any]:
    return TypeAdapter(options)


def _canonical(values: Mapping[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
