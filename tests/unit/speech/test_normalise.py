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


CASES = [(language, *line.split("\t")) for language in ("zh",) for line in _lines(f"{language}.tsv")]
UNCHANGED = [(language, line) for language in ("zh",) for line in _lines(f"{language}_unchanged.txt")]

LANGUAGES = ("en", "zh", "ja", "es", "fr", "ru")

_FIGURES = st.text(st.sampled_from("0123459.,:/-+%$€x@ hm()'aé你の年月日"), max_size=60)

ENGLISH = {
    "See https://example.com/a?b=1.": (
        "See https colon slash slash example dot com slash a question mark b equals 1."
    ),
    "Mail bob.x@example.com, now": "Mail bob dot x at example dot com, now",
    "www.example.org": "w w w dot example dot org",
    "on github.com/a/b-c": "on github dot com slash a slash b dash c",
    "localhost:8000": "localhost colon 8000",
    "192.168.1.1": "192 dot 168 dot 1 dot 1",
    "Version 10.2.3": "Version 10 point 2 point 3",
    "Call 555-1234.": "Call 5 5 5, 1 2 3 4.",
    "Call +1 (555) 123-4567": "Call plus 1, 5 5 5, 1 2 3, 4 5 6 7",
    "+44 20 7946 0958": "plus 4 4, 2 0, 7 9 4 6, 0 9 5 8",
    "13800138000": "1 3 8 0 0 1 3 8 0 0 0",
    "4111 1111 1111 1111": "4 1 1 1, 1 1 1 1, 1 1 1 1, 1 1 1 1",
    "007": "0 0 7",
    "1 000 000 people": "1000000 people",
    "1,2,3": "1, 2, 3",
    "$5–$10": "$5 to $10",
    "-$5": "minus $5",
    "10€ or 5,50 €": "€10 or €5.50",
    "10 m/s over 100 m": "10 meters per second over 100 meters",
    "1 m": "1 meter",
}
BY_GRAMMAR = {
    "2 1/2 cups": "two and a half cups",
    "3x faster": "three times faster",
    "5 m²": "five square meters",
    "$2.5bn": "two point five billion dollars",
    "10:30–11:30": "ten thirty to eleven thirty",
    "8 a.m.-5 p.m.": "eight AM to five PM",
    "2h 30m": "two hours thirty minutes",
    "12:30:15": "twelve hours thirty minutes and fifteen seconds",
    "16:9": "sixteen to nine",
    "Mon-Fri": "Monday to Friday",
    "on 31.12.1999.": "on the thirty first of december nineteen ninety nine.",
}
LEFT_TO_THE_PHONEMISER = (
    *("$3.50", "$1,250", "£20", "$1.5 million", "1999", "the 1980s", "May 5, 2024", "2024-05-01", "15:30"),
    *("3:30 PM", "9 a.m.", "3.14159", "12.5%", "1,000 people", "1,234,567", "21st", "5 kg", "60 mph", "25°C"),
    *("Dr. Smith", "St. John", "1/2 cup", "-5 degrees", "Henry VIII", "Room 101", "COVID-19", "MP3", "No. 5"),
    *(
        "#1 fan",
        "50-60 people",
        "2 + 2 = 4",
        "24/7",
        "911",
        "the '90s",
        "I'm 5'10\".",
        "John 3:16",
        "e.g. this",
    ),
    *("Jan 05", "A & B", "±5", "10^6", "Node.js", "HELLO World 😀", "it ended.Next we left"),
)
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


@pytest.mark.parametrize(("written", "said"), ENGLISH.items())
def test_figures_that_the_english_phonemiser_garbles_are_written_out(written: str, said: str) -> None:
    assert normalise(written, "en") == said
    assert normalise(said, "en") == said


@pytest.mark.parametrize(("written", "said"), BY_GRAMMAR.items())
def test_some_english_figures_are_written_out_by_the_grammar(written: str, said: str) -> None:
    pytest.importorskip("wetext", reason="the extra kokoro is not installed")
    assert normalise(written, "en") == said
    assert normalise(said, "en") == said


@pytest.mark.parametrize("text", LEFT_TO_THE_PHONEMISER)
def test_figures_that_the_phonemiser_reads_well_are_left_to_it(text: str) -> None:
    assert normalise(text, "en") == text


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
def test_no_chinese_figure_is_left_to_chance(text: str) -> None:
    assert not re.search("[0-9½①≥]", normalise(text, "zh"))


@pytest.mark.parametrize("unit", ["1", "1-", "1.1", "a1", "1,", "1 ", "(0", "+1", "a@", "1:"])
def test_a_hostile_sentence_takes_no_time(unit: str) -> None:
    text = unit * (20_000 // len(unit))
    started = time.process_time()
    normalise(text, "zh")
    assert time.process_time() - started < 10


@given(st.one_of(_FIGURES, st.text(max_size=80)), st.sampled_from(LANGUAGES))
def test_normalising_never_fails_and_keeps_texts_pronounceable(text: str, language: str) -> None:
    said = normalise(text, language)
    assert bool(said.strip()) == bool(text.strip())
    assert is_pronounceable(said) or not is_pronounceable(text)


@given(
    st.text(st.characters(categories=("L", "P", "Z"), exclude_characters="@/–-.")), st.sampled_from(LANGUAGES)
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
