"""Spoken form of numbers, amounts and addresses, per language."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxq.speech.normalise import normalise
from voxq.speech.written import is_pronounceable

SPOKEN = Path(__file__).parents[2] / "data" / "spoken"


def _lines(file: str) -> Iterator[str]:
    for line in (SPOKEN / file).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("# "):
            yield line


CASES = [(language, *line.split("\t")) for language in ("zh", "en") for line in _lines(f"{language}.tsv")]
UNCHANGED = [(language, line) for language in ("zh", "en") for line in _lines(f"{language}_unchanged.txt")]

LANGUAGES = ("en", "zh", "ja", "es", "fr", "ru")

_FIGURES = st.text(st.sampled_from("0123459.,:/-+%$€x@ hm()'aé你の年月日"), max_size=60)

SPANISH = {
    "3.5": "3 punto 5",
    "3,05": "3 coma 0 5",
    "1.234,56": "1234 coma 56",
    "1,234.56": "1234 punto 56",
    "1.000.000": "1000000",
    "a las 15:30 h.": "a las 15 y 30.",
    "a la 1:00": "a la una en punto",
    "20%": "20 por ciento",
    "12,50 € y $1": "12 euros con 50 y un dólar",
    "-3,5 °C": "-3 coma 5 grados",
    "12/05/2024": "12 de mayo de 2024",
    "06 12": "0 6 12",
    "1.2.3": "1.2.3",
    "12:30:15": "12:30:15",
    "Llama al 612 345 678.": "Llama al 6 1 2, 3 4 5, 6 7 8.",
    "al 612345678 mañana": "al 6 1 2, 3 4 5, 6 7 8 mañana",
    "612 34 56 78": "6 1 2, 3 4, 5 6, 7 8",
    "91 123 45 67": "9 1, 1 2 3, 4 5, 6 7",
    "+34 612 34 56 78": "más 3 4, 6 1 2, 3 4, 5 6, 7 8",
    "+34912345678": "más 3 4 9, 1 2 3, 4 5 6, 7 8",
    "+52 (55) 1234-5678": "más 5 2, 5 5, 1 2 3 4, 5 6 7 8",
    "612345678 euros": "612345678 euros",
    "900 123 456 €": "900123456 euros",
    "12 345 678": "12345678",
    "de 1990-1995": "de 1990-1995",
}
FRENCH = {
    "3,5": "3 virgule 5",
    "à 21:00": "à vingt et une heures",
    "15 h 30": "15 heures 30",
    "1 234,5 km": "1234 virgule 5 kilomètres",
    "20 %": "20 pour cent",
    "12,50 €": "12 euros 50",
    "2024-05-01": "premier mai 2024",
}
JAPANESE = {
    "3.5": "三点五",
    "会議は15:30です": "会議は十五時三十分です",
    "1,234円で20%": "千二百三十四円で二十パーセント",
    "-5℃": "マイナス五度",
    "3〜5人": "三から五人",
}


@pytest.mark.parametrize(
    ("language", "written", "said"),
    [
        *(("es", *each) for each in SPANISH.items()),
        *(("fr", *each) for each in FRENCH.items()),
    ],
)
def test_figures_become_whole_numbers_in_spanish_and_french(language: str, written: str, said: str) -> None:
    assert normalise(written, language) == said
    assert normalise(said, language) == said


def test_a_spanish_number_before_a_noun_is_no_telephone_number() -> None:
    assert normalise("612 345 678 personas", "es") == "612345678 personas"


@pytest.mark.parametrize(
    ("language", "written", "said"),
    [
        *(("ja", *each) for each in JAPANESE.items()),
    ],
)
def test_japanese_numbers_are_written_out(language: str, written: str, said: str) -> None:
    pytest.importorskip("wetext", reason="the extra kokoro is not installed")
    assert normalise(written, language) == said


@pytest.mark.parametrize(("language", "written", "said"), CASES)
def test_figures_are_said_as_people_say_them(language: str, written: str, said: str) -> None:
    assert normalise(written, language) == said
    assert normalise(said, language) == said


@pytest.mark.parametrize(("language", "text"), UNCHANGED)
def test_what_has_no_figures_is_left_alone(language: str, text: str) -> None:
    assert normalise(text, language) == text


@given(st.text(st.sampled_from("0123456789.,:/-+%$€x hm()年月日元个点第至~一二½①≥√号"), max_size=60))
def test_no_figure_is_left_to_chance(text: str) -> None:
    assert not re.search("[0-9½①≥]", normalise(text, "zh"))
    assert not re.search("[0-9½≥]", normalise(text, "en"))


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["1", "1-", "1.1", "a1", "1,", "1 ", "(0", "+1", "a@", "1:"])
def test_a_hostile_sentence_takes_no_time(unit: str) -> None:
    text = unit * (20_000 // len(unit))
    started = time.process_time()
    for language in ("zh", "en"):
        normalise(text, language)
    assert time.process_time() - started < 10


@given(st.one_of(_FIGURES, st.text(max_size=80)), st.sampled_from(LANGUAGES))
def test_normalising_never_fails_and_keeps_texts_pronounceable(text: str, language: str) -> None:
    said = normalise(text, language)
    assert bool(said.strip()) == bool(text.strip())
    assert is_pronounceable(said) or not is_pronounceable(text)


@given(
    st.text(st.characters(categories=("L", "P", "Z"), exclude_characters="@/–-.&§")),
    st.sampled_from(LANGUAGES),
)
def test_text_without_figures_stays(text: str, language: str) -> None:
    assert normalise(text, language) == text


def test_the_grammars_are_not_imported_before_they_are_needed() -> None:
    program = (
        "import sys; from voxq.speech.normalise import normalise;"
        "normalise('In 2024 it cost $3.50', 'en'); normalise('3,5', 'es'); normalise('你好', 'zh');"
        "sys.exit('wetext' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=120).returncode == 0
