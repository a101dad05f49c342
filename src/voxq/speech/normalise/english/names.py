"""English readings of figures that name something: addresses, telephone numbers, versions, models, rooms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from voxq.speech.normalise.english.numbers import cardinal, digits, number, ordinal, pairs
from voxq.speech.normalise.rules import Rule, before, rule

TOP_LEVEL = r"(?:com|org|net|edu|gov|info|io|dev|ai|app|cn|uk|jp|fr|de|eu)"
_SYMBOLS: Mapping[str, str] = MappingProxyType(
    {
        "@": "at",
        ".": "dot",
        "/": "slash",
        ":": "colon",
        "?": "question mark",
        "=": "equals",
        "&": "and",
        "#": "hash",
        "_": "underscore",
        "-": "dash",
        "%": "percent",
        "+": "plus",
        "~": "tilde",
    }
)
_ROMAN = r"(?=[IVXLC])(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}


@rule(
    r"(?i:(?:[a-z][a-z0-9+.-]{1,15}://|www\.)[!-~]*[\w/]|[\w.+-]{1,64}+@[\w-]{1,63}(?:\.[\w-]{1,63})+"
    rf"|(?:[\w-]{{1,63}}\.){{1,8}}{TOP_LEVEL}\b(?:/[!-~]*[\w/])?|localhost:\d+)"
)
def _address(match: re.Match[str]) -> str | None:
    if before(match)[-1:] in ("@", "."):
        return None
    spoken = "".join(f" {_SYMBOLS[c]} " if c in _SYMBOLS else c if c.isalnum() else " " for c in match[0])
    return " ".join(_part_of_address(word) for word in spoken.split())


def _part_of_address(word: str) -> str:
    if word.lower() == "www":
        return "w w w"
    if word.isdigit():
        return digits(word) if len(word) > 4 or word[0] == "0" else number(word)
    return re.sub(r"\d+", lambda found: f" {_name(found[0])} ", word).strip()


@rule(
    r"\+(?=(?:\D{0,2}\d){9})\d{1,3}(?:[ .-]?\(?\d{1,4}\)?){2,6}\b"
    r"|(?:1[ .-])?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}\b|\d{3}-\d{4}\b(?!-)|0\d{2,4} \d{3,4} \d{3,4}\b"
    r"|\d{4}(?: \d{4}){2,4}\b|1[3-9]\d{9}\b|\d-\d{3}-\d{3}-\d{4}\b"
)
def _telephone(match: re.Match[str]) -> str | None:
    if re.search(r"[\w.,:/-]$", before(match)):
        return None
    groups = ", ".join(digits(group) for group in re.findall(r"\d+", match[0]))
    return ("plus " if match[0].startswith("+") else "") + groups


@rule(r"v?\d+(?:\.\d+){2,}(?::\d+)?")
def _dotted(match: re.Match[str]) -> str:
    address, _, port = match[0].removeprefix("v").partition(":")
    parts = address.split(".")
    joint = " dot " if len(parts) == 4 else " point "
    said = joint.join(_name(part) if len(parts) != 4 else number(part) for part in parts)
    return ("v " if match[0][0] == "v" else "") + said + (f" colon {number(port)}" if port else "")


@rule(r"0\d{2,}\b(?![.,:/-]\d)")
def _zeros(match: re.Match[str]) -> str:
    return digits(match[0])


@rule(r"\d{9,}+(?![.,]\d)")
def _long(match: re.Match[str]) -> str | None:
    return None if match[0].endswith("0000") and len(match[0]) < 16 else digits(match[0])


@rule(r"(?:\d{3})(?!\w|[.,:%-]\d)")
def _emergency(match: re.Match[str]) -> str | None:
    is_called = match[0] in ("911", "999", "112", "411", "311") and re.search(
        r"(?i)\b(?:call|called|calling|dial|dialled|dialed|phone)\s$", before(match)
    )
    return digits(match[0]) if is_called else None


@rule(r"\d{3,4}(?!\w|[,.:%-]\d)")
def _room(match: re.Match[str]) -> str | None:
    is_room = re.search(
        r"(?i)\b(?:room|suite|apartment|apt\.?|flight|route|highway|gate|bus|extension|ext\.?|boeing|airbus"
        r"|area code)\s$",
        before(match),
    )
    is_model = re.search(r"\b[A-Z]{2,}\s$", before(match)) and not match[0].endswith("00")
    return pairs(match[0]) if is_room or is_model else None


@rule(
    r"(?:order|card|account|tracking|reference|confirmation|serial|invoice|code|PIN|pin|passcode|password|ID)"
    r"(?: (?:number|no\.|code|id|ID))?(?: is| was|:)? ?#? ?(\d{3,})(?![\w.,:%-]\d|\w)"
)
def _identifier(match: re.Match[str]) -> str | None:
    if re.search(r"\w$", before(match)):
        return None
    return match[0][: -len(match[1])].replace("#", "number ").replace("  ", " ") + digits(match[1])


@rule(
    r"(Chapter|Part|Act|Scene|Section|Volume|Book|Phase|Article|World War|Type|Level|Stage|Class|Grade|Apollo"
    r"|Final Fantasy|Episode|Round|Super Bowl|Title) "
    rf"({_ROMAN})(?![\w'’.-])"
)
def _roman_number(match: re.Match[str]) -> str | None:
    return f"{match[1]} {cardinal(_roman(match[2]))}" if match[2] else None


@rule(
    r"(Pope|King|Queen|Henry|Louis|Edward|George|William|Charles|James|Richard|Elizabeth|Napoleon|Pius|Benedict"
    r"|Leo|John Paul|Frederick|Philip|Alexander|Nicholas|Peter|Catherine|Ivan|Ferdinand) "
    rf"({_ROMAN})(?![\w'’-])"
)
def _roman_ordinal(match: re.Match[str]) -> str | None:
    return f"{match[1]} the {ordinal(_roman(match[2]))}" if match[2] else None


def _roman(numeral: str) -> int:
    values = [_VALUES[letter] for letter in numeral]
    following = [*values[1:], 0]
    return sum(-value if value < after else value for value, after in zip(values, following, strict=True))


@rule(r"(?:[A-Z]2)+[A-Z](?!\w)")
def _to(match: re.Match[str]) -> str | None:
    return None if match[0] in ("H2O", "N2O", "K2O") else match[0].replace("2", " to ")


@rule(r"[A-Za-z]+(?:[-_]?(?:[A-Za-z]+|\d+(?:\.\d+)?))*(?![\w])")
def _model(match: re.Match[str]) -> str | None:
    """Read GPT-4o as GPT four o, MP3 as MP three."""
    token = match[0]
    if not re.search(r"\d", token) or re.search(r"[\w@]$", before(match)):
        return None
    said = re.sub(r"[-_]?(?<!\d)(\d+(?:\.\d+)?)[-_]?", lambda found: f" {_name(found[1])} ", token)
    return " ".join(said.split())


def _name(figures: str) -> str:
    """Read a number in a name: 4090 as forty ninety, 15 as fifteen, 100 as one hundred."""
    if "." in figures:
        head, _, rest = figures.partition(".")
        return f"{_name(head)} point {digits(rest)}"
    if figures[0] == "0" and len(figures) > 1:
        return digits(figures)
    return pairs(figures) if len(figures) in (3, 4) else number(figures)


@rule(r"([A-Z])\.(\d+)(?!\w)")
def _standard(match: re.Match[str]) -> str | None:
    """Read H.264 as H two sixty-four."""
    return None if re.search(r"[\w.]$", before(match)) else f"{match[1]} {_name(match[2])}"


@rule(r"(\d+(?:\.\d+)?)([A-Za-z]+)(?:(\d+)([A-Za-z]*))?(?!\w)")
def _before_letters(match: re.Match[str]) -> str:
    """Read 4K, 5G, 1080p, 3v3; units and ordinals have been read before."""
    is_named = match[2] in ("p", "P", "i") or len(match[1]) == 3
    first = _name(match[1]) if is_named else number(match[1])
    rest = f" {_name(match[3])} {match[4]}" if match[3] else ""
    return f"{first} {match[2]}{rest}".strip()


ADDRESSES: tuple[Rule, ...] = (_address,)
CERTAIN: tuple[Rule, ...] = (_telephone, _dotted, _emergency, _identifier, _room)
"""Rules that come before those of quantities."""
UNCERTAIN: tuple[Rule, ...] = (
    _roman_number,
    _roman_ordinal,
    _to,
    _standard,
    _model,
    _before_letters,
    _zeros,
    _long,
)
