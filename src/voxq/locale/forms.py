"""Forms of messages, by which text is recognised that was a message once: stored in English, with its values
filled in, or sent by another process."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Self

from voxq.locale.message import Message

_LONGEST = 2000
"""Characters of a text that is looked at; no message has so many."""
_DEEPEST = 4
"""Messages within messages."""
_LEAST_LETTERS = 8
"""Letters of a form besides its values. With fewer, as in "{subject}: {says}", it fits nearly every text, so
one of its values must be a message."""
_NUMBER = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{1,20})?(e[+-]?[0-9]{1,3})?")
_WHOLE_NUMBER = re.compile(r"[0-9]{1,15}")


class Forms:
    """A set of templates. Where several fit a text, that one counts with which more of it is known words.

    The time it takes grows no faster than the text, whatever that is: no value is tried in several lengths.
    """

    def __init__(self, templates: Iterable[tuple[str, str | None]]) -> None:
        """Take the templates, each with that of its plural if it has one."""
        self._whole: set[str] = set()
        self._beginning: dict[str, list[_Form]] = {}
        """Forms by their first word, the most specific first; the others begin with a value."""
        self._others: list[_Form] = []
        self._vague: list[_Form] = []
        for form in sorted(self._read(templates), key=lambda form: form.rank, reverse=True):
            word, space, _ = form.literals[0].partition(" ")
            if form.letters < _LEAST_LETTERS:
                self._vague.append(form)
            elif space:
                self._beginning.setdefault(word, []).append(form)
            else:
                self._others.append(form)

    def recognised(self, text: str) -> Message | None:
        """Return the message that a text is, its values as they stand in it or messages themselves; None if
        it has no known form."""
        if len(text) > _LONGEST:
            return None
        found = self._found(text, 1) or _best(self._around(form, text) for form in self._vague)
        return found.message if found else None

    def _read(self, templates: Iterable[tuple[str, str | None]]) -> Iterator[_Form]:
        for template, plural in templates:
            for each in (template,) if plural is None else (template, plural):
                form = _read(each, template, plural)
                if form is None:
                    self._whole.add(each)
                else:
                    yield form

    def _found(self, text: str, depth: int) -> _Found | None:
        if text in self._whole:
            return _Found(Message(text), len(text))
        beginning = self._beginning.get(text.partition(" ")[0], ())
        return _best(self._first(forms, text, depth) for forms in (beginning, self._others))

    def _first(self, forms: Iterable[_Form], text: str, depth: int) -> _Found | None:
        for form in forms:
            if (values := form.values_in(text)) is not None:
                return self._made(form, values, depth)
        return None

    def _around(self, form: _Form, text: str) -> _Found | None:
        """Return a message of a vague form, if one that is not vague is in it."""
        values = form.values_in(text)
        found = self._made(form, values, 1) if values else None
        is_sure = found and any(isinstance(v, Message) and " " in v for v in found.message.values.values())
        return found if is_sure else None

    def _made(self, form: _Form, values: Mapping[str, _AsItStands], depth: int) -> _Found:
        found = {
            name: self._found(value, depth + 1)
            for name, value in values.items()
            if depth < _DEEPEST and form.is_free(name)
        }
        inner = {name: each for name, each in found.items() if each}
        message = form.message({**values, **{name: each.message for name, each in inner.items()}})
        return _Found(message, sum(map(len, form.literals)) + sum(each.known for each in inner.values()))


@dataclass(frozen=True, slots=True)
class _Found:
    """A message, and how many characters of it are words of templates."""

    message: Message
    known: int


def _best(found: Iterable[_Found | None]) -> _Found | None:
    return max(filter(None, found), key=lambda each: each.known, default=None)


class _AsItStands(str):
    """A value taken from a text, where it has its format already; `quote` is the sign around it, if any."""

    quote: str

    def __new__(cls, text: str, quote: str = "") -> Self:
        value = super().__new__(cls, text)
        value.quote = quote
        return value

    def __format__(self, _: str) -> str:
        return str.__str__(self)

    def __repr__(self) -> str:
        return f"{self.quote}{str.__str__(self)}{self.quote}"


@dataclass(frozen=True, slots=True)
class _Slot:
    """Place of a value in a form."""

    name: str
    sort: Literal["any", "quoted", "number", "count"]

    def takes(self, value: str) -> bool:
        match self.sort:
            case "any":
                return True
            case "quoted":
                return len(value) > 1 and value[0] in "'\"" and value[0] == value[-1]
            case "number":
                return _NUMBER.fullmatch(value) is not None
            case "count":
                return _WHOLE_NUMBER.fullmatch(value) is not None

    def value(self, text: str) -> _AsItStands:
        """Return the value that stands here."""
        return _AsItStands(text[1:-1], text[0]) if self.sort == "quoted" else _AsItStands(text)


@dataclass(frozen=True, slots=True)
class _Form:
    """A template in parts: one literal more than slots, in turn."""

    template: str
    plural: str | None
    literals: tuple[str, ...]
    slots: tuple[_Slot, ...]

    @property
    def rank(self) -> tuple[int, int]:
        ends = bool(self.literals[0]) + bool(self.literals[-1])
        return ends, sum(map(len, self.literals))

    @property
    def letters(self) -> int:
        return sum(map(str.isalpha, "".join(self.literals)))

    def is_free(self, name: str) -> bool:
        """Whether a value may be a message."""
        return all(slot.sort == "any" for slot in self.slots if slot.name == name)

    def values_in(self, text: str) -> dict[str, _AsItStands] | None:
        """Return the values with which the template gives this text, each as short as can be; None if there
        are none."""
        *before, last = self.literals
        end = len(text) - len(last)
        if not (text.startswith(before[0]) and text.endswith(last)):
            return None
        values: dict[str, _AsItStands] = {}
        at = len(before[0])
        for number, slot in enumerate(self.slots, 1):
            to = text.find(before[number], at + 1, end) if number < len(before) else end
            if to <= at or not slot.takes(text[at:to]):
                return None
            value = slot.value(text[at:to])
            if (known := values.setdefault(slot.name, value)) != value:
                return None
            known.quote = known.quote or value.quote
            at = to + len(self.literals[number])
        return values

    def message(self, values: Mapping[str, str]) -> Message:
        if self.plural is None:
            return Message(self.template, **values)
        others = {name: value for name, value in values.items() if name != "number"}
        return Message.counted(self.template, self.plural, int(values["number"]), **others)


def _read(written: str, template: str, plural: str | None) -> _Form | None:
    """Read one form of a template; None if it has no values, or is none that a message with values has."""
    literals, slots = [""], list[_Slot]()
    try:
        for literal, name, format, conversion in string.Formatter().parse(written):
            literals[-1] += literal
            if name is not None:
                slots.append(_Slot(name, _sort_of(name, format or "", conversion, plural is not None)))
                literals.append("")
    except ValueError:  # a brace that stands for itself
        return None
    has_values = bool(slots) and all(slot.name.isidentifier() for slot in slots)
    return _Form(template, plural, tuple(literals), tuple(slots)) if has_values else None


def _sort_of(
    name: str, format: str, conversion: str | None, is_counted: bool
) -> Literal["any", "quoted", "number", "count"]:
    if is_counted and name == "number":
        return "count"
    if conversion == "r":
        return "quoted"
    return "number" if format[-1:] in ("d", "e", "f", "g") and format else "any"
