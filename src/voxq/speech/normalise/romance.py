"""Spanish and French figures as whole numbers and words; the phonemiser reads whole numbers itself.

Spanish telephone numbers are said digit by digit, in groups; French ones are read as the pairs in which they
are written.

15:30 is "15 y 30" or "15 heures 30", 3,5 "3 coma 5", 20% "20 por ciento", 12,50 € "12 euros con 50".
A point before three digits separates thousands, as in both languages; any other is read as a decimal point.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

_OUR_THOUSANDS = r"\d{1,3}(?:[ .]\d{3})+(?:,\d+)?"
_ENGLISH_THOUSANDS = r"\d{1,3}(?:,\d{3})+\.\d+"
_NUMBER = rf"(?:{_OUR_THOUSANDS}|{_ENGLISH_THOUSANDS}|\d+(?:[.,]\d+)?)(?!\d|[.,]\d)"
_FIGURES = re.compile(
    rf"""
    (?<![\w.,:/])(?:
        (?P<hour>[01]?\d|2[0-4])(?::|\ ?h\ ?)(?P<minute>[0-5]\d)(?!\w|[:.,]\d)(?:\ (?:h|hrs?|horas|heures)\b)?
      | (?P<day>[0-3]?\d)/(?P<month>0?[1-9]|1[0-2])/(?P<year>\d{{4}})\b
      | (?P<iso_year>\d{{4}})-(?P<iso_month>0[1-9]|1[0-2])-(?P<iso_day>[0-3]\d)\b
      | (?P<sign>[$€£])\ ?(?P<price>{_NUMBER})
      | (?P<number>{_NUMBER})(?:\ ?(?P<unit>[$€£%℃]|(?:°C|km/h|km|cm|mm|kg)\b))?
    )
    """,
    re.VERBOSE,
)
_SPANISH_TELEPHONE = re.compile(
    r"""
    (?<![\w.,:/+(-])(?:
        \+(?=(?:\D{0,2}\d){8})\d{1,3}(?:[ .-]?\(?\d{2,4}\)?){2,5}  # +34 612 34 56 78, +52 (55) 1234-5678
      | [679]\d{8}
      | [679]\d\d(?:[ -]\d\d){3}
      | [89]\d[ -]\d{3}(?:[ -]\d\d){2}
      | [679]\d\d-\d{3}-\d{3}
      | [679]\d\d[ ]\d{3}[ ]\d{3}(?![ ]?[^\W\d_])  # 612 345 678 personas are people
      | (?:\(\d\d\)|\d\d)[ ]\d{4}[ -]\d{4}
    )(?!\w|[.,:/-]\d|[ ]\d|[ ]?[$€£%]|[ ](?:euros?|dólares|pesos|millones)\b)
    """,
    re.VERBOSE,
)
_DIALLED = re.compile(r"\d{1,4}(?!\d)|\d{3}")
"""Groups of digits as written; longer ones are said in threes."""
_MONEY = "$€£"
_SPANISH_MONTHS = (
    *("enero", "febrero", "marzo", "abril", "mayo", "junio"),
    *("julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
)
_FRENCH_MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)


@dataclass(frozen=True, slots=True)
class Romance:
    """Rules by which a language writes out figures; the numbers left in its output are whole, in digits."""

    marks: Mapping[str, str]
    """Decimal mark -> its name."""
    units: Mapping[str, tuple[str, str]]
    """Symbol -> (phrase for exactly one, name for any other number)."""
    and_cents: str
    months: tuple[str, ...]
    date: Callable[[int, str, int], str]
    clock: Callable[[int, int], str]
    telephone: re.Pattern[str] | None = None
    """Pattern of telephone numbers, which are said digit by digit; None leaves them to the other rules."""
    plus: str = ""

    def written_out(self, text: str) -> str:
        if self.telephone is not None:
            text = self.telephone.sub(self._dialled, text)
        return _FIGURES.sub(self._said, text)

    def _dialled(self, match: re.Match[str]) -> str:
        groups = _DIALLED.findall(match[0])
        return (f"{self.plus} " if match[0].startswith("+") else "") + ", ".join(map(" ".join, groups))

    def _said(self, match: re.Match[str]) -> str:
        part = match.groupdict()
        if part["minute"]:
            return self.clock(int(part["hour"]), int(part["minute"]))
        if year := part["year"] or part["iso_year"]:
            day, month = (int(part[name] or part[f"iso_{name}"]) for name in ("day", "month"))
            return self.date(day, self.months[month - 1], int(year))
        whole, mark, fraction = _parsed(part["number"] or part["price"])
        unit = part["sign"] or part["unit"]
        if unit is None:
            return self._number(whole, mark, fraction)
        one, name = self.units[unit]
        if unit in _MONEY and len(fraction) == 2:
            cents = f"{self.and_cents}{int(fraction)}" if int(fraction) else ""
            return (one if whole == "1" else f"{whole} {name}") + cents
        return one if (whole, fraction) == ("1", "") else f"{self._number(whole, mark, fraction)} {name}"

    def _number(self, whole: str, mark: str, fraction: str) -> str:
        return f"{_digits(whole)} {self.marks[mark]} {_digits(fraction)}" if fraction else _digits(whole)


def _parsed(number: str) -> tuple[str, str, str]:
    """Return (whole, mark, fraction); the last two are empty for a whole number."""
    if re.fullmatch(_OUR_THOUSANDS, number):
        number = number.replace(" ", "").replace(".", "")
    elif re.fullmatch(_ENGLISH_THOUSANDS, number):
        number = number.replace(",", "")
    mark = "," if "," in number else "."
    whole, found, fraction = number.partition(mark)
    return whole, found, fraction


def _digits(number: str) -> str:
    """Return the number as it is, or digit by digit if it begins with a zero (06, 3,05)."""
    return " ".join(number) if number.startswith("0") else number


def _spanish_clock(hour: int, minute: int) -> str:
    said = {1: "una", 21: "veintiuna"}.get(hour, str(hour))
    return f"{said} y {minute}" if minute else f"{said} en punto"


def _french_clock(hour: int, minute: int) -> str:
    said = {0: "0 heure", 1: "une heure", 21: "vingt et une heures"}.get(hour, f"{hour} heures")
    return f"{said} {minute}" if minute else said


def _french_date(day: int, month: str, year: int) -> str:
    return f"{'premier' if day == 1 else day} {month} {year}"


SPANISH = Romance(
    marks=MappingProxyType({",": "coma", ".": "punto"}),
    units=MappingProxyType(
        {
            "%": ("1 por ciento", "por ciento"),
            "€": ("un euro", "euros"),
            "$": ("un dólar", "dólares"),
            "£": ("una libra", "libras"),
            "°C": ("un grado", "grados"),
            "℃": ("un grado", "grados"),
            "km/h": ("un kilómetro por hora", "kilómetros por hora"),
            "km": ("un kilómetro", "kilómetros"),
            "cm": ("un centímetro", "centímetros"),
            "mm": ("un milímetro", "milímetros"),
            "kg": ("un kilo", "kilos"),
        }
    ),
    and_cents=" con ",
    months=_SPANISH_MONTHS,
    date=lambda day, month, year: f"{day} de {month} de {year}",
    clock=_spanish_clock,
    telephone=_SPANISH_TELEPHONE,
    plus="más",
)

FRENCH = Romance(
    marks=MappingProxyType({",": "virgule", ".": "point"}),
    units=MappingProxyType(
        {
            "%": ("1 pour cent", "pour cent"),
            "€": ("un euro", "euros"),
            "$": ("un dollar", "dollars"),
            "£": ("une livre", "livres"),
            "°C": ("un degré", "degrés"),
            "℃": ("un degré", "degrés"),
            "km/h": ("un kilomètre à l'heure", "kilomètres à l'heure"),
            "km": ("un kilomètre", "kilomètres"),
            "cm": ("un centimètre", "centimètres"),
            "mm": ("un millimètre", "millimètres"),
            "kg": ("un kilo", "kilos"),
        }
    ),
    and_cents=" ",
    months=_FRENCH_MONTHS,
    date=_french_date,
    clock=_french_clock,
)
