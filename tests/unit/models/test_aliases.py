"""Resolution of model names that clients send."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxq.model_store.aliases import ALIASES, DEFAULT, aliases_of, resolve

CANDIDATES = sorted({name for names in ALIASES.values() for name in names} - {DEFAULT})
some_models = st.lists(st.sampled_from([*CANDIDATES, "calls", "Calls"]), unique=True)
anything = st.text(max_size=40) | st.sampled_from([*ALIASES, *CANDIDATES])


@st.composite
def spelled(draw: st.DrawFn, names: st.SearchStrategy[str]) -> tuple[str, str]:
    """A name, and a variant spelling of it."""
    name = draw(names)
    letters = [draw(st.sampled_from([str.lower, str.upper]))(letter) for letter in name]
    blank = draw(st.sampled_from(["", " ", "\t\n", "\u3000"]))
    written = blank + "".join(letters) + blank
    if draw(st.booleans()):  # full-width, as typed with a Chinese input method
        written = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in written)
    return name, written


@given(anything, some_models, st.none() | st.sampled_from(CANDIDATES))
def test_a_name_resolves_to_an_available_model_or_to_none(
    wanted: str, there: list[str], default: str | None
) -> None:
    assert resolve(wanted, there, default) in {None, *there}


@given(some_models)
def test_every_model_is_called_by_its_own_name(there: list[str]) -> None:
    for name in there:
        assert resolve(name, there, there[0]) == name


@given(spelled(st.sampled_from([*ALIASES, *CANDIDATES])), some_models, st.sampled_from(CANDIDATES))
def test_case_width_and_blanks_do_not_matter(pair: tuple[str, str], there: list[str], default: str) -> None:
    name, written = pair
    assert resolve(written, there, default) == resolve(name, there, default)


@given(st.sampled_from(sorted(ALIASES)), some_models)
def test_the_first_available_candidate_or_the_default_is_chosen(alias: str, there: list[str]) -> None:
    candidates = [name for name in (alias, *ALIASES[alias]) if name in there]
    assert resolve(alias, there) == (candidates[0] if candidates else None)
    if alias not in there:
        for default in candidates:
            assert resolve(alias, there, default) == default


@pytest.mark.parametrize("alias", ["whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe"])
@given(some_models)
def test_names_sent_by_openais_clients_mean_the_default(alias: str, there: list[str]) -> None:
    for default in there:
        assert resolve(alias, there, default) == default
    assert resolve(alias, there) is None
    assert resolve(alias, there, "not there") is None


@given(some_models)
def test_a_voice_is_no_recogniser(there: list[str]) -> None:
    recognisers = [name for name in there if name not in ("kokoro", "hibari")]
    for alias in ("tts-1", "tts-1-hd", "gpt-4o-mini-tts", "kokoro"):
        assert resolve(alias, recognisers, next(iter(recognisers), None)) is None


def test_names_that_differ_only_in_case_are_distinguished() -> None:
    assert resolve("calls", ["Calls", "calls"]) == "calls"
    assert resolve("Calls", ["Calls", "calls"]) == "Calls"


def test_aliases_are_case_folded_and_their_candidates_distinct() -> None:
    for alias, candidates in ALIASES.items():
        assert alias == alias.casefold().strip()
        assert candidates
        assert len(set(candidates)) == len(candidates)


@pytest.mark.parametrize("text", ["", " ", "\x00", "x" * 1_000_000, "\ufdfa" * 200, "../whisper-base", "*"])
def test_invalid_names_resolve_to_nothing(text: str) -> None:
    assert resolve(text, CANDIDATES, CANDIDATES[0]) is None


@given(some_models, st.sampled_from(CANDIDATES))
def test_a_model_is_listed_with_its_aliases(there: list[str], default: str) -> None:
    for name in there:
        for alias in aliases_of(name, there, default):
            assert alias != name
            assert resolve(alias, there, default) == name
