"""Numbers, dates, names and negations: what an answer must have in common with its transcript."""

from __future__ import annotations

from collections.abc import Sequence

from voxq.locale import Message
from voxq.rewriting.checks import names as found_names
from voxq.rewriting.checks.compared import Compared, normal
from voxq.rewriting.checks.dates import dates as dates_of
from voxq.rewriting.checks.found import (
    Found,
    Mismatch,
    as_sets,
    corrections,
    in_order,
    missing_of,
)
from voxq.rewriting.checks.negations import moved, once
from voxq.rewriting.checks.negations import negations as negations_of
from voxq.rewriting.checks.numbers import numbers as numbers_of
from voxq.rewriting.differences import difference
from voxq.rewriting.request import primary
from voxq.rewriting.times import CITED

_READ = frozenset(("en", "zh", "ja"))
"""Languages in which numbers are found in words."""
_IN_FIGURES = 10
"""Least number that every language writes in figures."""


def numbers_in_order(compared: Compared) -> Message | None:
    """Check that the numbers are the same, in the same order; one that was taken back may be missing."""
    return _number(in_order(compared.numbers, numbers_of(compared.written)))


def numbers_supported(compared: Compared) -> Message | None:
    """Check that each number of the answer occurs in the transcript, or in the client's wish."""
    known = compared.numbers + numbers_of(normal(compared.rewrite.prompt))
    answer = numbers_of(CITED.sub(" ", compared.written))
    return _number(Mismatch(added=missing_of(answer, _parted(known))))


def numbers_translated(compared: Compared) -> Message | None:
    """Check that the numbers are the same, in any order; small ones may be words of the other language."""
    raw, answer = compared.numbers, numbers_of(compared.written)
    reads = primary(compared.rewrite.target or "") in _READ
    raw = [each for each in raw if _is_large(each, 3 if reads else _IN_FIGURES)]
    answer = [each for each in answer if _is_large(each, 3)]
    return _number(as_sets(raw, answer) if reads else Mismatch(missing_of(raw, answer)))


def dates_in_order(compared: Compared) -> Message | None:
    """Check that days, months and parts of the day are the same, in the same order."""
    return _date(in_order(compared.dates, dates_of(compared.written)))


def dates_supported(compared: Compared) -> Message | None:
    """Check that each date of the answer occurs in the transcript, or in the client's wish."""
    known = compared.dates + dates_of(normal(compared.rewrite.prompt))
    return _date(Mismatch(added=missing_of(dates_of(compared.written), known)))


def dates_translated(compared: Compared) -> Message | None:
    """Check that weekdays and months are the same, between Chinese and English."""
    pair = {compared.rewrite.written_in, primary(compared.rewrite.target or "")}
    if pair != {"en", "zh"}:
        return None
    raw, answer = (
        [
            each
            for each in found
            if each.values[0].startswith(("weekday", "month ")) and "+" not in each.values[0]
        ]
        for found in (compared.dates, dates_of(compared.written))
    )
    return _date(as_sets(raw, answer))


def names_kept(compared: Compared) -> Message | None:
    """Check that names, abbreviations and Latin words among Chinese ones are the same."""
    raw, answer = compared.cleaned, compared.written
    wanted, given = found_names.names(raw), found_names.names(answer)
    if compared.rewrite.written_in == "zh":
        wanted += found_names.latin_among_chinese(raw)
        given += found_names.latin_among_chinese(answer)
    if missing := found_names.unknown(wanted, answer) or found_names.exchanged(compared.difference):
        return Message("A name is missing: {name}", name=missing)
    added = found_names.unknown(given, compared.raw)
    return Message("A name was added: {name}", name=added) if added else None


def names_supported(compared: Compared) -> Message | None:
    """Check that each name of the answer occurs in the transcript, or in the client's wish."""
    known = f"{compared.raw}\n{normal(compared.rewrite.prompt)}"
    added = found_names.unknown(found_names.names(compared.written), known)
    return Message("A name was added: {name}", name=added) if added else None


def negations(compared: Compared) -> Message | None:
    """Check that negations are where they were."""
    raw, answer = once(compared.raw), once(compared.written)
    is_same = (raw, answer) == (compared.raw, compared.written)
    change = compared.difference if is_same else difference(raw, answer)
    near = moved(change, negations_of(raw, _taken_back(raw)), negations_of(answer, _taken_back(answer)))
    return Message("A negation was lost, added or moved: {words}", words=repr(near)) if near else None


def _taken_back(text: str) -> list[tuple[int, int]]:
    """Return the places of words that take a number or a date back."""
    return [place for find in (numbers_of, dates_of) for place in corrections(text, find(text))]


def _parted(known: Sequence[Found]) -> list[Found]:
    """Return the same numbers with the hour and the minutes of times besides."""
    parts = [Found((part,), 0, 0, "") for each in known for part in each.values[0].split(":")]
    return [*known, *parts]


def _is_large(number: Found, limit: int) -> bool:
    value = number.values[0]
    return not (value.isdecimal() and len(value) < 4 and int(value) < limit)


def _number(mismatch: Mismatch) -> Message | None:
    for found in mismatch.missing:
        return Message("A number is missing, or not in its place: {number}", number=found.text)
    for found in mismatch.added:
        return Message("A number was added: {number}", number=found.text)
    return None


def _date(mismatch: Mismatch) -> Message | None:
    for found in mismatch.missing:
        return Message("A date or time is missing, or not in its place: {date}", date=found.text)
    for found in mismatch.added:
        return Message("A date or time was added: {date}", date=found.text)
    return None
