"""SSML: which elements are obeyed, and how. Anything else is refused by its name.

The parser is expat, told to stop at a document type, in which alone entities can be declared, so no text can
make it expand or fetch anything.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from xml.parsers import expat

from voxq.locale import Message
from voxq.speech.markup.document import Document, MarkupError, Part
from voxq.speech.sentences import Break

_ATTRIBUTES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "speak": ("version", "xml:lang", "xmlns", "xmlns:xsi", "xsi:schemaLocation", "xmlns:mstts"),
        "p": (),
        "s": (),
        "break": ("time", "strength"),
        "emphasis": ("level",),
        "prosody": ("rate", "pitch"),
        "say-as": ("interpret-as", "format", "detail"),
        "sub": ("alias",),
    }
)
"""Element -> its attributes."""
SUPPORTED = tuple(f"{name} ({', '.join(known)})" if known else name for name, known in _ATTRIBUTES.items())
"""What a client may write, for the answer to one who wrote something else."""
_NEEDED = {"say-as": "interpret-as", "sub": "alias"}
_DEEPEST = 50
_LONGEST_BREAK = 10.0
_ALL_BREAKS = 300.0
"""Seconds of silence that the breaks of a text may add up to."""
_STRENGTHS = {"none": 0.0, "x-weak": 0.1, "weak": 0.25, "medium": 0.5, "strong": 0.8, "x-strong": 1.2}
_RATES = {"x-slow": 0.5, "slow": 0.75, "medium": 1.0, "default": 1.0, "fast": 1.25, "x-fast": 1.5}
_PITCHES = {"x-low": -6.0, "low": -3.0, "medium": 0.0, "default": 0.0, "high": 3.0, "x-high": 6.0}
_EMPHASES = {"strong": (0.85, 1.5), "moderate": (0.92, 0.75), "none": (1.0, 0.0), "reduced": (1.1, -0.75)}
"""Level -> factor of the rate, semitones of pitch."""
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class _Open:
    """An element that has begun."""

    name: str
    rate: float
    pitch: float
    attributes: Mapping[str, str]


def parse(text: str, language: str) -> Document:
    """Parse SSML; `language` is that in which `say-as` is read. Raises MarkupError."""
    reader = _Reader(language)
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = reader.begin
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    parser.StartDoctypeDeclHandler = _forbidden
    parser.ProcessingInstructionHandler = _forbidden
    try:
        parser.Parse(text.lstrip("\ufeff \t\r\n").encode("utf-8"), True)
    except expat.ExpatError as error:
        problem = expat.errors.messages.get(error.code, "not well-formed")
        where = f"line {error.lineno}, column {error.offset + 1}"
        raise MarkupError(
            Message("The SSML is not well-formed XML ({problem}; {where})", problem=problem, where=where)
        ) from None
    except UnicodeEncodeError:
        raise MarkupError(Message("The SSML holds characters that XML does not know")) from None
    return Document(tuple(reader.parts), (), reader.language, is_directed=True)


def _forbidden(*_: object) -> None:
    raise MarkupError(
        Message("SSML with a document type, entities or processing instructions is not accepted")
    )


class _Reader:
    """Handler of expat's events; collects parts."""

    def __init__(self, language: str) -> None:
        self.parts: list[Part] = []
        self.language: str | None = None
        self._reading = language
        self._open: list[_Open] = []
        self._text: list[str] = []
        self._silence = 0.0

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        self._check(name, attributes)
        if not self._open:
            self.language = attributes.get("xml:lang", "").partition("-")[0].lower() or None
        inherited = self._open[-1] if self._open else _Open("", 1.0, 0.0, {})
        rate, pitch = inherited.rate, inherited.pitch
        match name:
            case "p" | "s":
                self._flush(Break.PARAGRAPH if name == "p" else Break.SENTENCE)
            case "break":
                self._flush(None, self._break(attributes))
            case "prosody" | "emphasis":
                self._flush(None)
                rate, pitch = self._styled(name, attributes, rate, pitch)
            case "say-as" | "sub":
                self._text.append("\ue000")  # what follows is replaced at its end
            case _:
                pass
        self._open.append(_Open(name, rate, pitch, attributes))

    def end(self, name: str) -> None:
        element = self._open[-1]
        match name:
            case "p" | "s":
                self._flush(Break.PARAGRAPH if name == "p" else Break.SENTENCE)
            case "prosody" | "emphasis":
                self._flush(None)
            case "speak":
                self._flush(Break.PARAGRAPH)
            case "say-as" | "sub":
                self._replace(element)
            case _:
                pass
        self._open.pop()

    def characters(self, text: str) -> None:
        self._text.append(text.replace("\ue000", ""))

    def _check(self, name: str, attributes: Mapping[str, str]) -> None:
        known = _ATTRIBUTES.get(name)
        if known is None:
            raise MarkupError(Message("The SSML element <{name}> is not supported", name=name[:40]))
        if (name == "speak") != (not self._open):
            raise MarkupError(Message("SSML needs one <speak> around everything"))
        if len(self._open) >= _DEEPEST:
            raise MarkupError(Message("The SSML is nested deeper than {most} elements", most=_DEEPEST))
        for attribute in attributes:
            if attribute not in known:
                raise MarkupError(
                    Message(
                        "The attribute {attribute!r} of <{name}> is not supported",
                        attribute=attribute[:40],
                        name=name,
                    )
                )
        if self._open and self._open[-1].name in ("say-as", "sub", "break"):
            raise MarkupError(Message("<{name}> may contain no other element", name=self._open[-1].name))
        needed = _NEEDED.get(name)
        if needed is not None and needed not in attributes:
            raise MarkupError(Message("<{name}> needs the attribute {needed!r}", name=name, needed=needed))

    def _flush(self, ending: Break | None, pause: float | None = None) -> None:
        text = _SPACE.sub(" ", "".join(self._text)).strip()
        self._text.clear()
        if text or pause is not None or (ending and self.parts):
            style = self._open[-1] if self._open else _Open("", 1.0, 0.0, {})
            self.parts.append(Part(text, style.rate, style.pitch, ending, pause))

    def _replace(self, element: _Open) -> None:
        begun = len(self._text) - 1 - self._text[::-1].index("\ue000")
        inner = "".join(self._text[begun + 1 :])
        del self._text[begun:]
        if element.name == "sub":
            self._text.append(element.attributes["alias"].replace("\ue000", ""))
        else:
            from voxq.speech.markup import say_as  # which knows how numbers are read: few texts need it

            how, form = (
                element.attributes["interpret-as"].strip().lower(),
                element.attributes.get("format", ""),
            )
            self._text.append(say_as.said(inner, how, form, self._reading))

    def _break(self, attributes: Mapping[str, str]) -> float:
        strength = attributes.get("strength", "medium")
        if strength not in _STRENGTHS:
            raise MarkupError(Message("break strength must be one of {known}", known=", ".join(_STRENGTHS)))
        seconds = _STRENGTHS[strength]
        if "time" in attributes:
            match = re.fullmatch(r"\+?(\d{1,6}(?:\.\d{1,6})?)(ms|s)", attributes["time"].strip(), re.ASCII)
            seconds = float(match[1]) / (1000 if match[2] == "ms" else 1) if match else math.inf
        if seconds > _LONGEST_BREAK:
            raise MarkupError(
                Message(
                    "break time must be like 500ms or 1.5s, up to {most:g}s",
                    most=_LONGEST_BREAK,
                )
            )
        self._silence += seconds
        if self._silence > _ALL_BREAKS:
            raise MarkupError(Message("The breaks of a text may add up to {most:g} s", most=_ALL_BREAKS))
        return seconds

    def _styled(
        self, name: str, attributes: Mapping[str, str], rate: float, pitch: float
    ) -> tuple[float, float]:
        if name == "emphasis":
            level = attributes.get("level", "moderate")
            if level not in _EMPHASES:
                raise MarkupError(
                    Message("emphasis level must be one of {known}", known=", ".join(_EMPHASES))
                )
            factor, semitones = _EMPHASES[level]
        else:
            factor = _rate(attributes.get("rate", "default"))
            semitones = _pitch(attributes.get("pitch", "default"))
        return min(4.0, max(0.25, rate * factor)), min(12.0, max(-12.0, pitch + semitones))


def _rate(value: str) -> float:
    if value in _RATES:
        return _RATES[value]
    match = re.fullmatch(r"([+-]?)(\d{1,4}(?:\.\d{1,4})?)(%?)", value.strip(), re.ASCII)
    factor = 0.0
    if match and match[3]:
        percent = float(match[2]) / 100
        factor = 1 + (percent if match[1] == "+" else -percent) if match[1] else percent
    elif match and not match[1]:
        factor = float(match[2])
    if not 0.25 <= factor <= 4:
        raise MarkupError(
            Message(
                "prosody rate must be one of {known}, or like 80%, +20% or 1.2, from 0.25 to 4",
                known=", ".join(_RATES),
            )
        )
    return factor


def _pitch(value: str) -> float:
    if value in _PITCHES:
        return _PITCHES[value]
    match = re.fullmatch(r"([+-])(\d{1,3}(?:\.\d{1,4})?)(st|%)", value.strip(), re.ASCII)
    semitones = math.inf
    if match:
        number = float(f"{match[1]}{match[2]}")
        semitones = (
            number if match[3] == "st" else 12 * math.log2(1 + number / 100) if number > -100 else -math.inf
        )
    if not -12 <= semitones <= 12:
        raise MarkupError(
            Message(
                "prosody pitch must be one of {known}, or like +2st or -10%, up to 12st",
                known=", ".join(_PITCHES),
            )
        )
    return semitones
