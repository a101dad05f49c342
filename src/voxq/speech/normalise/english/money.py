"""English names of currencies, and amounts of money in words: $3.50 is three dollars and fifty cents."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from voxq.speech.normalise.english.numbers import cardinal, number
from voxq.speech.normalise.rules import any_of

_Name = tuple[str, str, str, str]
_DOLLAR: _Name = ("dollar", "dollars", "cent", "cents")


def _dollar(country: str) -> _Name:
    return (f"{country} dollar", f"{country} dollars", "cent", "cents")


def _whole(one: str, many: str | None = None) -> _Name:
    return (one, many or one, "", "")


NAMES: Mapping[str, _Name] = MappingProxyType(
    {
        "$": _DOLLAR,
        "US$": ("US dollar", "US dollars", "cent", "cents"),
        "HK$": _dollar("Hong Kong"),
        "NT$": _dollar("Taiwan"),
        "A$": _dollar("Australian"),
        "AU$": _dollar("Australian"),
        "C$": _dollar("Canadian"),
        "CA$": _dollar("Canadian"),
        "NZ$": _dollar("New Zealand"),
        "S$": _dollar("Singapore"),
        "R$": ("real", "reais", "centavo", "centavos"),
        "£": ("pound", "pounds", "penny", "pence"),
        "€": ("euro", "euros", "cent", "cents"),
        "¥": _whole("yen"),
        "￥": _whole("yen"),
        "CN¥": _whole("yuan"),
        "₹": ("rupee", "rupees", "paisa", "paise"),
        "₨": ("rupee", "rupees", "paisa", "paise"),
        "₩": _whole("won"),
        "₽": _whole("ruble", "rubles"),
        "฿": _whole("baht"),
        "₫": _whole("dong"),
        "₺": _whole("lira"),
        "₴": _whole("hryvnia", "hryvnias"),
        "₪": _whole("shekel", "shekels"),
        "₱": _whole("peso", "pesos"),
        "₦": _whole("naira"),
        "₿": _whole("bitcoin", "bitcoins"),
        "₸": _whole("tenge"),
        "₼": _whole("manat"),
        "₾": _whole("lari"),
        "₵": _whole("cedi", "cedis"),
        "₡": _whole("colón", "colones"),
        "₲": _whole("guarani", "guaranis"),
        "₭": _whole("kip"),
        "₮": _whole("tugrik", "tugriks"),
        "៛": _whole("riel", "riels"),
        "৳": _whole("taka"),
        "USD": _DOLLAR,
        "EUR": ("euro", "euros", "cent", "cents"),
        "GBP": ("pound", "pounds", "penny", "pence"),
        "JPY": _whole("yen"),
        "CNY": _whole("yuan"),
        "RMB": _whole("yuan"),
        "CHF": _whole("Swiss franc", "Swiss francs"),
        "CAD": _dollar("Canadian"),
        "AUD": _dollar("Australian"),
        "HKD": _dollar("Hong Kong"),
        "INR": _whole("rupee", "rupees"),
        "KRW": _whole("won"),
    }
)
"""Sign or code -> (one, many, one hundredth, many hundredths); the last two are empty where nobody says
them."""
SIGN = any_of(NAMES)
SCALE = r"(?:hundred|thousand|million|billion|trillion|bn|mn|tn|[kKmMbB])"
AMOUNT = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"

_SCALES = {
    "k": "thousand",
    "m": "million",
    "mn": "million",
    "b": "billion",
    "bn": "billion",
    "tn": "trillion",
}


def amount(figures: str, sign: str, scale: str | None = None) -> str:
    """Read an amount, such as "1,250.50" with "$", or "2.5" with "$" and "bn"."""
    one, many, cent, cents = NAMES[sign]
    if scale:
        return f"{number(figures)} {_SCALES.get(scale.lower(), scale)} {many}"
    whole, _, fraction = figures.replace(",", "").partition(".")
    if not fraction.strip("0"):
        return f"{number(whole)} {one if whole == '1' else many}"
    if len(fraction) > 2 or not cent:
        return f"{number(figures)} {many}"
    small = int(fraction.ljust(2, "0"))
    hundredths = f"{cardinal(small)} {cent if small == 1 else cents}"
    if not whole.strip("0"):
        return hundredths
    return f"{number(whole)} {one if whole == '1' else many} and {hundredths}"


def bare(figures: str, scale: str | None) -> str:
    """Read the number of an amount without its currency: the first end of a range."""
    return f"{number(figures)} {_SCALES.get(scale.lower(), scale)}" if scale else number(figures)
