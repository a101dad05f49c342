"""The language to be used, as the environment or a request asks for it. Anything unknown is English."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

ENGLISH = "en"
LANGUAGES = (ENGLISH, "zh")
"""Codes of the languages there are texts in."""

_WEIGHT = re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?")
_VARIABLES = ("VOXQ_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
_LONGEST_HEADER = 1000
"""Characters of a header that are looked at; browsers send about 50."""


def from_environment(environ: Mapping[str, str]) -> str:
    """Return the language in the first of VOXQ_LANG, LC_ALL, LC_MESSAGES and LANG that is not empty.

    Each may be like "zh", "zh-CN" or "zh_CN.UTF-8".
    """
    return _known(next(filter(None, map(environ.get, _VARIABLES)), "")) or ENGLISH


def from_accept_language(header: str) -> str:
    """Return the language that an Accept-Language header (RFC 9110, 12.5.4) prefers among those there are."""
    ranked = sorted(_weighed(header[:_LONGEST_HEADER]), key=lambda each: -each[1])  # equals keep their order
    return next((language for language, weight in ranked if weight > 0), ENGLISH)


def _weighed(header: str) -> Iterator[tuple[str, float]]:
    """Yield each known language with its weight. What cannot be read is skipped."""
    for part in header.split(","):
        tag, *parameters = (piece.strip() for piece in part.split(";"))
        language = ENGLISH if tag == "*" else _known(tag)
        weight = next((each[2:] for each in parameters if each.lower().startswith("q=")), "1")
        if language is not None and _WEIGHT.fullmatch(weight):
            yield language, float(weight)


def _known(tag: str) -> str | None:
    """Code of the language of a tag or locale, such as "zh" for "zh_CN.UTF-8"; None if it is not known."""
    code = tag.strip().lower().replace("_", "-").partition(".")[0].partition("-")[0]
    return code if code in LANGUAGES else None
