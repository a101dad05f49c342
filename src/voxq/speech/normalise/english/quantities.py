"""English readings of quantities: money, percentages, units, fractions, ranges, ordinals."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from voxq.speech.normalise.english import money
from voxq.speech.normalise.english.numbers import cardinal, digits, number, ordinal, pairs
from voxq.speech.normalise.rules import Rule, after, any_of, before, rule

_NUMBER = r"(?:(?:\d{1,3}(?:,\d{3})++(?!\d)|\d++)(?:\.\d++)?+|\.\d++)"
_DASH = r"\s?[-–—~]\s?"
_UNITS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "km": ("kilometer", "kilometers"),
        "m": ("meter", "meters"),
        "cm": ("centimeter", "centimeters"),
        "mm": ("millimeter", "millimeters"),
        "nm": ("nanometer", "nanometers"),
        "µm": ("micrometer", "micrometers"),
        "μm": ("micrometer", "micrometers"),
        "mi": ("mile", "miles"),
        "ft": ("foot", "feet"),
        "in.": ("inch", "inches"),
        "yd": ("yard", "yards"),
        "kg": ("kilogram", "kilograms"),
        "g": ("gram", "grams"),
        "mg": ("milligram", "milligrams"),
        "µg": ("microgram", "micrograms"),
        "mcg": ("microgram", "micrograms"),
        "lb": ("pound", "pounds"),
        "lbs": ("pound", "pounds"),
        "oz": ("ounce", "ounces"),
        "t": ("ton", "tons"),
        "l": ("liter", "liters"),
        "L": ("liter", "liters"),
        "ml": ("milliliter", "milliliters"),
        "mL": ("milliliter", "milliliters"),
        "cc": ("cubic centimeter", "cubic centimeters"),
        "s": ("second", "seconds"),
        "sec": ("second", "seconds"),
        "secs": ("second", "seconds"),
        "ms": ("millisecond", "milliseconds"),
        "min": ("minute", "minutes"),
        "mins": ("minute", "minutes"),
        "h": ("hour", "hours"),
        "hr": ("hour", "hours"),
        "hrs": ("hour", "hours"),
        "km/h": ("kilometer per hour", "kilometers per hour"),
        "kph": ("kilometer per hour", "kilometers per hour"),
        "mph": ("mile per hour", "miles per hour"),
        "m/s": ("meter per second", "meters per second"),
        "Hz": ("hertz", "hertz"),
        "kHz": ("kilohertz", "kilohertz"),
        "MHz": ("megahertz", "megahertz"),
        "GHz": ("gigahertz", "gigahertz"),
        "KB": ("kilobyte", "kilobytes"),
        "kB": ("kilobyte", "kilobytes"),
        "MB": ("megabyte", "megabytes"),
        "GB": ("gigabyte", "gigabytes"),
        "TB": ("terabyte", "terabytes"),
        "Mbps": ("megabit per second", "megabits per second"),
        "Gbps": ("gigabit per second", "gigabits per second"),
        "W": ("watt", "watts"),
        "kW": ("kilowatt", "kilowatts"),
        "MW": ("megawatt", "megawatts"),
        "GW": ("gigawatt", "gigawatts"),
        "kWh": ("kilowatt hour", "kilowatt hours"),
        "V": ("volt", "volts"),
        "mA": ("milliamp", "milliamps"),
        "mAh": ("milliamp hour", "milliamp hours"),
        "Ω": ("ohm", "ohms"),
        "dB": ("decibel", "decibels"),
        "kPa": ("kilopascal", "kilopascals"),
        "fps": ("frame per second", "frames per second"),
        "px": ("pixel", "pixels"),
        "rpm": ("revolution per minute", "revolutions per minute"),
        "sq ft": ("square foot", "square feet"),
        "m²": ("square meter", "square meters"),
        "m2": ("square meter", "square meters"),
        "km²": ("square kilometer", "square kilometers"),
        "cm²": ("square centimeter", "square centimeters"),
        "m³": ("cubic meter", "cubic meters"),
        "cm³": ("cubic centimeter", "cubic centimeters"),
        "°C": ("degree Celsius", "degrees Celsius"),
        "℃": ("degree Celsius", "degrees Celsius"),
        "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
        "℉": ("degree Fahrenheit", "degrees Fahrenheit"),
        "°": ("degree", "degrees"),
    }
)
_UNIT = any_of(_UNITS)
_TIGHT = frozenset("thgVWLs")
"""Units of one letter that count only right after a digit: 5 s may be anything."""


def _minus(sign: str | None) -> str:
    return {"-": "minus ", "−": "minus ", "+": "plus ", "±": "plus or minus "}.get(sign or "", "")


@rule(
    rf"(?P<minus>[-−+])?(?P<sign>{money.SIGN})\s?(?P<low>{money.AMOUNT})"
    rf"(?:[ -]?(?P<low_scale>{money.SCALE})\b)?"
    rf"(?:{_DASH}(?:{money.SIGN})?(?P<high>{money.AMOUNT})(?:[ -]?(?P<high_scale>{money.SCALE})\b)?)?(?![\d])"
)
def _money(match: re.Match[str]) -> str | None:
    part = match.groupdict()
    if part["minus"] and re.search(r"\w$", before(match)):
        return None
    said = _minus(part["minus"])
    if part["high"]:
        first, second = part["low"], part["high"]
        if "." in first or match[0].count(part["sign"]) > 1 or part["low_scale"]:
            return (
                said
                + f"{money.amount(first, part['sign'], part['low_scale'])} to "
                + money.amount(second, part["sign"], part["high_scale"])
            )
        return said + f"{money.bare(first, None)} to {money.amount(second, part['sign'], part['high_scale'])}"
    return said + money.amount(part["low"], part["sign"], part["low_scale"])


@rule(
    rf"(?P<minus>[-−])?(?P<low>\d+(?:[.,]\d+)*)(?:{_DASH}(?P<high>\d+(?:[.,]\d+)*))?\s?(?P<sign>{money.SIGN}|¢)(?!\w)"
)
def _sign_last(match: re.Match[str]) -> str:
    part = match.groupdict()
    low, high = (re.sub(r",(?=\d\d?$)", ".", part[name] or "") for name in ("low", "high"))
    if part["sign"] == "¢":
        return f"{_minus(part['minus'])}{number(low)} cent{'' if low == '1' else 's'}"
    first = f"{money.bare(low, None)} to " if high else ""
    return _minus(part["minus"]) + first + money.amount(high or low, part["sign"])


@rule(rf"(?P<sign>[-−+±])?(?P<low>{_NUMBER})%?(?:{_DASH}(?P<high>{_NUMBER}))?\s?(?P<part>%|‰)")
def _percentage(match: re.Match[str]) -> str:
    name = "percent" if match["part"] == "%" else "per thousand"
    low = _minus(_sign_of(match)) + number(match["low"])
    return f"{low} to {number(match['high'])} {name}" if match["high"] else f"{low} {name}"


def _sign_of(match: re.Match[str]) -> str | None:
    """Return the sign before a number; a hyphen behind a word is none."""
    return None if re.search(r"[\w)]$", before(match)) else match["sign"]


@rule(
    rf"(?P<sign>[-−+±])?(?P<low>{_NUMBER})(?:{_DASH}(?P<high>{_NUMBER}))?(?P<gap>[\s-]?)(?P<unit>{_UNIT})(?!\w|[/'’]\w)"
)
def _measure(match: re.Match[str]) -> str | None:
    part = match.groupdict()
    if part["unit"] in _TIGHT and part["gap"]:
        return None
    one, many = _UNITS[part["unit"]]
    low, high = part["low"], part["high"]
    is_adjective = part["gap"] == "-"
    unit = one if is_adjective or (high or low) in ("1", "1.0") else many
    dot = "." if part["unit"].endswith(".") and not after(match).strip() else ""
    said = _minus(_sign_of(match)) + number(low) + (f" to {number(high)}" if high else "")
    return f"{said} {unit}{dot}"


@rule(r"(\d{1,2})['′] ?(\d{1,2})(?:[\"″”]|'')?(?!\w)")
def _feet(match: re.Match[str]) -> str:
    feet, inches = int(match[1]), int(match[2])
    return f"{cardinal(feet)} foot {cardinal(inches)}"


@rule(rf"({_NUMBER})[\"″](?!\w)")
def _inches(match: re.Match[str]) -> str | None:
    is_quoted = match[0][-1] == '"' and match.string.count('"', 0, match.start()) % 2
    is_one = match[1] == "1" or re.match(r"\s[a-z]", after(match))
    return None if is_quoted else f"{number(match[1])} inch{'' if is_one else 'es'}"


_HALVES = {2: "half", 3: "third", 4: "quarter"}


@rule(r"(?:(?P<whole>\d+)[ -])?(?P<above>\d{1,3})/(?P<below>\d{1,3})(?![\w/]|\.\d)")
def _fraction(match: re.Match[str]) -> str | None:
    above, below = int(match["above"]), int(match["below"])
    if (above, below) in ((24, 7), (9, 11), (50, 50)) and not match["whole"]:
        return f"{cardinal(above)} {cardinal(below)}"
    if re.search(r"/$", before(match)):
        return None
    if below < 2 or (not match["whole"] and above >= below):
        if re.search(r"(?i)(?:blood pressure|bp)\D{0,8}$", before(match)):
            return f"{cardinal(above)} over {cardinal(below)}"
        whole = f"{number(match['whole'])} " if match["whole"] else ""
        return f"{whole}{cardinal(above)} over {cardinal(below)}"
    part = _HALVES.get(below) or ordinal(below)
    if match["whole"] and above == 1:
        return f"{number(match['whole'])} and {'an' if part[0] in 'e' else 'a'} {part}"
    parts = "halves" if below == 2 else f"{part}s"
    said = f"one {part}" if above == 1 else f"{cardinal(above)} {parts}"
    return f"{number(match['whole'])} and {said}" if match["whole"] else said


@rule(r"(\d+)(?:st|nd|rd|th)\b")
def _ordinal(match: re.Match[str]) -> str:
    return ordinal(int(match[1])) if len(match[1]) < 16 else digits(match[1])


@rule(r"#(?=\d)")
def _hash(match: re.Match[str]) -> str:
    return "number "


@rule(rf"({_NUMBER})x(?=[ .,;!?]|$)(?! ?[-+=−])")
def _times(match: re.Match[str]) -> str:
    return f"{number(match[1])} times"


@rule(rf"({_NUMBER}) ?[x×] ?({_NUMBER})(?: ?[x×] ?({_NUMBER}))?(?!\w)")
def _by(match: re.Match[str]) -> str:
    return " by ".join(map(_side, filter(None, match.groups())))


def _side(figures: str) -> str:
    return pairs(figures) if figures.isdecimal() else number(figures)


@rule(r"(\d{1,4}):(\d{1,4})(?![\d:])")
def _ratio(match: re.Match[str]) -> str:
    return f"{number(match[1])} to {number(match[2])}"


@rule(rf"({_NUMBER})\s?[–—-]\s?({_NUMBER})(?!\w|[-/]\d)")
def _range(match: re.Match[str]) -> str | None:
    is_difference = re.match(r"\s?=", after(match)) is not None
    return f"{number(match[1])} {'minus' if is_difference else 'to'} {number(match[2])}"


@rule(r"\d{1,3}(?: \d{3})* 000\b")
def _thousands(match: re.Match[str]) -> str:
    return number(match[0].replace(" ", ""))


@rule(r"\d+(?:,\d+)+(?!\d)")
def _list(match: re.Match[str]) -> str | None:
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+", match[0]):
        return None
    return ", ".join(map(number, match[0].split(",")))


@rule(rf"(?P<sign>[-−+±])?(?P<number>{_NUMBER})(?P<more>\+(?!\d))?")
def _plain(match: re.Match[str]) -> str:
    earlier, figures = before(match), match["number"]
    is_glued = re.search(r"[A-Za-z)]$", earlier) and match["sign"] in ("-", "−")
    gap = " " if re.search(r"[A-Za-z]$", earlier) else ""
    is_hundreds = re.fullmatch(r"[1-9][1-9]00", figures)
    said = f"{cardinal(int(figures[:2]))} hundred" if is_hundreds else number(figures)
    return gap + ("" if is_glued else _minus(match["sign"])) + said + (" plus" if match["more"] else "")


MONEY: tuple[Rule, ...] = (_money, _sign_last)
GROUPS: tuple[Rule, ...] = (_thousands, _list)
MEASURES: tuple[Rule, ...] = (
    _percentage,
    _feet,
    _inches,
    _fraction,
    _times,
    _by,
    _measure,
    _ratio,
    _ordinal,
    _hash,
)
RANGES: tuple[Rule, ...] = (_range,)
NUMBERS: tuple[Rule, ...] = (_plain,)
