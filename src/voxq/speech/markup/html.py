"""Removal of HTML tags. Only names that HTML knows are tags: "a <b and c> d" in a text may be none."""

from __future__ import annotations

import re
from html import unescape

_BLOCK_NAMES = """
    address article aside blockquote br caption center dd details dialog div dl dt fieldset figcaption
    figure footer form h1 h2 h3 h4 h5 h6 header hr html body head li main nav ol option p pre section
    summary table tbody tfoot thead title tr ul
"""
_INLINE_NAMES = """
    a abbr acronym area audio b bdi bdo big button canvas cite code col colgroup data datalist del dfn
    em embed font i iframe img input ins kbd label legend link map mark meta meter noscript object
    optgroup output param picture progress q rp rt ruby s samp select slot small source span strike
    strong sub sup svg td template textarea th time track tt u var video wbr think
"""
_BLOCKS, _INLINE = frozenset(_BLOCK_NAMES.split()), frozenset(_INLINE_NAMES.split())
"""Elements that end a line, and those that do not."""
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]{0,15})((?:\s[^<>]{0,2000})?)/?>")
_UNREAD = re.compile(r"<(?:(!--)|(script|style|template|svg)(?:\s[^<>]{0,2000})?>)", re.IGNORECASE)
"""Beginnings of what no browser shows."""
_DECLARATION = re.compile(r"<!DOCTYPE[^<>]{0,500}>|<\?[^<>]{0,500}\?>", re.IGNORECASE)
_ALT = re.compile(r"\balt\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)


def without_unread(text: str) -> str:
    """Remove comments, scripts and what else no browser shows; one that has no end stays."""
    if "<" not in text:
        return text
    kept: list[str] = []
    position, endless = 0, set[str]()
    for begin in _UNREAD.finditer(text):
        name = (begin[1] or begin[2]).lower()
        if begin.start() < position or name in endless:
            continue
        end = re.compile("-->" if begin[1] else rf"</{name}\s*>", re.IGNORECASE).search(text, begin.end())
        if end is None:
            endless.add(name)
            continue
        kept += [text[position : begin.start()], "" if begin[1] else " "]
        position = end.end()
    return _DECLARATION.sub("", "".join([*kept, text[position:]]))


def without_tags(text: str) -> str:
    """Remove tags and what `without_unread` does; elements that are blocks end a line, table cells get a
    comma, images their alternative text."""
    return _TAG.sub(_instead, without_unread(text)) if "<" in text else text


def entities_read(text: str) -> str:
    """Replace entities such as &amp;, also those that were escaped twice."""
    return unescape(re.sub(r"&(?:amp;)+", "&amp;", text)) if "&" in text else text


def _instead(match: re.Match[str]) -> str:
    name = match[2].lower()
    if name in _BLOCKS:
        return "\n"
    if name in ("td", "th"):
        return ", " if match[1] else ""
    if name == "img":
        alt = _ALT.search(match[3])
        return (alt[1] or alt[2] or "") if alt else ""
    return "" if name in _INLINE else match[0]
