"""English abbreviations that mean two things, by what stands beside them: St., Dr., no., in.

The phonemiser's own table says "number" for "I said no." and "Saint" for "on Main St. It is near."
"""

from __future__ import annotations

import re

from voxq.speech.normalise.english.numbers import ordinal
from voxq.speech.normalise.rules import Rule

_NAME = r"(?:[A-Z][\w'’]+|\d{1,4}(?:st|nd|rd|th))"
_AFTER_STREET = (
    r"(?=\s*$|,|;|\s+(?:[a-z\d(]|(?:It|The|This|That|He|She|We|They|There|I|A|An|In|On|At|And|But|Is)\b))"
)
_END = re.compile(r"\s*[\"'”’)\]]*\s*$")

_ABBREVIATION = re.compile(
    rf"""
    (?<![\w.])(?:
        (?P<street>(?P<name>{_NAME})\ (?P<road>St|Dr|Ave|Rd|Blvd|Ln|Ct|Pl|Sq)\.{_AFTER_STREET})
      | (?P<saint>St\.?)(?=\ [A-Z])
      | (?P<doctor>Dr\.?)(?=\ [A-Z])
      | (?P<number>[Nn]o\.|№)(?=\ ?\d)
      | (?P<numbers>[Nn]os\.)(?=\ ?\d)
      | (?P<no>[Nn]o)\.(?!\w)
      | (?P<page>p\.)(?=\ ?\d)
      | (?P<pages>pp\.)(?=\ ?\d)
      | (?P<latin>e\.g\.|i\.e\.|etc\.|et\ al\.|approx\.|vs\.?|aka|w/o|w/)(?!\w)
    )
    """,
    re.VERBOSE,
)
_ROADS = {
    "St": "Street",
    "Dr": "Drive",
    "Ave": "Avenue",
    "Rd": "Road",
    "Blvd": "Boulevard",
    "Ln": "Lane",
    "Ct": "Court",
    "Pl": "Place",
    "Sq": "Square",
}
_LATIN = {
    "e.g.": "for example",
    "i.e.": "that is",
    "etc.": "et cetera",
    "et al.": "and others",
    "approx.": "approximately",
    "vs.": "versus",
    "vs": "versus",
    "aka": "also known as",
    "w/o": "without",
    "w/": "with",
}
_WORDS = {
    "saint": "Saint",
    "doctor": "Doctor",
    "number": "number",
    "numbers": "numbers",
    "page": "page",
    "pages": "pages",
}


def _expanded(match: re.Match[str]) -> str:
    """Return the words for an abbreviation; a full stop that also ends the sentence stays."""
    kind = "street" if match["street"] else match.lastgroup or ""
    written = match[0]
    if kind == "no":
        return written
    if kind == "street":
        name = match["name"]
        said = f"{ordinal(int(name[:-2])) if name[0].isdecimal() else name} {_ROADS[match['road']]}"
        following = match.string[match.end() :]
        ends = _END.fullmatch(following) or re.match(r"\s+[A-Z]", following)
        return said + ("." if ends else "")
    if kind == "latin":
        said = _LATIN[written]
        is_last = written.endswith(".") and _END.fullmatch(match.string[match.end() :])
        return said + ("." if is_last else "")
    said = _WORDS[kind]
    return said.capitalize() if written[0].isupper() and match.start() == 0 else said


ABBREVIATION = Rule(_ABBREVIATION, _expanded)
