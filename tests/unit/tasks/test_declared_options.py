"""Effects of option marks: whether two values may share a batch, a resumed chunk or a cached answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter

from voxq import kinds
from voxq.core.options import Affects, Mark, OptionField, Options, operator_defaults
from voxq.core.request_reader import RequestReader
from voxq.core.submission import SubmissionOptions
from voxq.queue.fingerprints import fingerprint_of
from voxq.rewriting.request import Timed

EVERY = [
    pytest.param(kind.options, option, id=f"{kind.name}-{option.name}")
    for kind in kinds.registered().values()
    for option in kind.options.declared().values()
]
TYPES: dict[Any, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    int: st.integers(1, 3600),
    float: st.floats(0.25, 4),
    str: st.text(),
    type(None): st.none(),
}
LISTS: dict[Any, st.SearchStrategy[Any]] = {
    tuple[str, ...]: st.text(),
    tuple[Timed, ...]: st.tuples(st.floats(0, 4), st.floats(0, 4), st.text()),
}


def values_of(option: OptionField) -> st.SearchStrategy[Any]:
    if option.type in LISTS:
        return st.lists(LISTS[option.type]).map(tuple)
    return st.one_of(*(TYPES[each] for each in get_args(option.type) or (option.type,)))


def any_of(options: type[Options]) -> st.SearchStrategy[Options]:
    return st.builds(options, **{name: values_of(each) for name, each in options.declared().items()})


def fingerprint(options: Options) -> str:
    return fingerprint_of("anna", "0" * 64, "recipe", options)


@pytest.mark.parametrize(("options", "option"), EVERY)
@given(data=st.data())
def test_different_values_are_separated_exactly_where_their_mark_says(
    options: type[Options], option: OptionField, data: st.DataObject
) -> None:
    one, value = data.draw(any_of(options)), data.draw(values_of(option))
    other = replace(one, **{option.name: value})
    is_same = getattr(one, option.name) == value
    affects = option.mark.affects
    assert (one.batch_key() == other.batch_key()) is (is_same or Affects.BATCH not in affects)
    assert (one.conditions() == other.conditions()) is (is_same or Affects.RESULT not in affects)
    assert (fingerprint(one) == fingerprint(other)) is (is_same or Affects.RESULT not in affects)


@pytest.mark.parametrize("options", [kind.options for kind in kinds.registered().values()])
@given(data=st.data())
def test_engines_get_exactly_the_options_of_the_batch_key(
    options: type[Options], data: st.DataObject
) -> None:
    one, other = data.draw(any_of(options)), data.draw(any_of(options))
    is_same = one.values(Affects.BATCH) == other.values(Affects.BATCH)
    assert (one.batch_key() == other.batch_key()) is is_same


def test_nothing_of_a_submission_changes_a_result() -> None:
    assert {each.mark.affects for each in SubmissionOptions.declared().values()} == {Affects.NOTHING}


@dataclass(frozen=True, slots=True)
class Declared(Options):
    """Options with one example of each kind of mark."""

    plain: int = 0
    pace: Annotated[float, Field(ge=0, le=2), Mark(affects=Affects.BATCH)] = 1.0
    note: Annotated[str | None, Mark(affects=Affects.NOTHING)] = None
    terms: Annotated[tuple[str, ...], Mark(setting="terms")] = ()
    tongue: Annotated[str | None, Mark(setting="tongue", from_setting=str.lower)] = None
    manner: Annotated[bool, Mark(field="style", choices=(("plain", False), ("ornate", True)))] = False


def test_an_unmarked_option_is_separated_everywhere() -> None:
    assert Declared(plain=1).batch_key() != Declared(plain=2).batch_key()
    assert Declared(plain=1).conditions() != Declared(plain=2).conditions()
    assert Declared(pace=1).conditions() == Declared(pace=2).conditions()
    assert Declared(note="a").batch_key() == Declared(note="b").batch_key()


def test_an_operators_default_fills_missing_options_and_extends_lists() -> None:
    class Settings:
        terms = ("own", "ours")
        tongue = "EN"

    defaults = operator_defaults(Declared, Settings())
    assert defaults == {"terms": ("own", "ours"), "tongue": "en"}
    assert Declared().over(defaults) == Declared(terms=("own", "ours"), tongue="en")
    asked = Declared(terms=("theirs", "ours"), tongue="fr")
    assert asked.over(defaults) == replace(asked, terms=("theirs", "ours", "own"))


READER = RequestReader(Declared)


@pytest.mark.parametrize(
    ("form", "json", "made"),
    [
        ({"plain": " 7 ", "pace": "1.5"}, {"plain": 7, "pace": 1.5}, Declared(plain=7, pace=1.5)),
        ({"terms": "a, b,,c d"}, {"terms": ["a", "b", "c d"]}, Declared(terms=("a", "b", "c d"))),
        ({"style": "Ornate"}, {"style": "ornate"}, Declared(manner=True)),
        ({"note": "", "style": " "}, {"note": None, "style": None}, Declared()),
    ],
)
def test_a_form_and_a_json_body_say_the_same(
    form: dict[str, str], json: dict[str, Any], made: Declared
) -> None:
    assert (
        READER.form(form) == READER.values(json) == READER.json(TypeAdapter(dict[str, Any]).dump_json(json))
    )
    assert READER.form(form).options == made
    assert READER.form(form).submission == SubmissionOptions()
