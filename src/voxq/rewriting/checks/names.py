"""Names in a text: capitalised words, abbreviations, Latin words among Chinese ones, titles of works."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from voxq.rewriting.differences import Difference, Word
from voxq.speech.scripts import HAN

_WORD = re.compile(r"[A-Za-zÀ-ÖØ-öø-ɏ][A-Za-zÀ-ÖØ-öø-ɏ0-9'’&+#-]*")
_SPELT = re.compile(r"(?<![a-z])[a-z](?:[ .-][a-z])+(?![a-z])")
"""Letters said one by one: a p i."""
_TITLE = re.compile(r"《([^《》\n]{1,60})》")
_NO_NAMES_TEXT = """
i i'm i'd i'll i've ok okay um uh er erm hmm mm mhm yeah yes no oh ah
monday tuesday wednesday thursday friday saturday sunday january february march april may june july august
september october november december
"""
_NO_NAMES = frozenset(_NO_NAMES_TEXT.split())
"""Words that are capitalised, or stand among Chinese ones, and are no names; dates are another check."""
_COMMON_TEXT = """
a about after all also although am an and any are as at be because been before being both but by can could
did do does each even every few first for from had has have he hello her here hers hi him his how however if
in into is it it's its just last let let's like many maybe me more most much my never next not nothing now of
on once one only or other our out over perhaps please really same she should since so some someone still such
sure take tell than thank thanks that that's the their them then there there's therefore these they they're
this those though three to today together tomorrow tonight too two under until up us very was we we're well
were what what's when where whether which while who whose why will with without would yesterday yet you you're
your
"""
_COMMON = frozenset(_COMMON_TEXT.split())
"""Words that begin many sentences."""
_SENTENCE_START = re.compile(r"(?:\A|[.!?…。！？:：\n]|[-*•]\s)[\s\"'“‘(（「『《\[]*\Z")
_SURNAMES = frozenset(
    "王李张刘陈杨赵吴徐孙胡朱郭罗梁宋郑谢韩唐冯董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴"
    "夏钟汪田任姜范石姚谭廖邹熊陆郝孔崔邱秦江史顾侯邵孟龙万段雷钱汤尹黎"
)
"""Chinese surnames that are common and rarely anything else where one character after them changes."""
_GIVEN = re.compile(f"[{HAN}]")


def names(text: str) -> list[str]:
    """Return the names of a text, each as it stands there, in order."""
    found = [match[1] for match in _TITLE.finditer(text)]
    capitals = [match for match in _WORD.finditer(text) if match[0][0].isupper()]
    is_shouted = len(capitals) * 10 > sum(1 for _ in _WORD.finditer(text)) * 6
    for match in _WORD.finditer(text):
        word = match[0].rstrip("'’-").removesuffix("'s").removesuffix("’s")
        if word.casefold() in _NO_NAMES:
            continue
        if len(word) > 1 and _is_name(text, match.start(), word, is_shouted):
            found.append(word)
    return found


def _is_name(text: str, start: int, word: str, is_shouted: bool) -> bool:
    if not word.isascii() and not word[0].isupper():
        return False
    if any(map(str.isupper, word[1:])) or any(map(str.isdigit, word)):
        return not (is_shouted and word.isupper() and word.isalpha() and word.casefold() in _COMMON)
    if not word[0].isupper() or is_shouted or word.casefold() in _COMMON:
        return False
    return _SENTENCE_START.search(text[max(0, start - 8) : start]) is None


def unknown(some: Iterable[str], text: str) -> str | None:
    """Return the first of some names that a text does not contain, whatever its case, spaces and hyphens."""
    squeezed = _squeezed(text)
    folded = text.casefold()
    known = {_squeezed(match[0].removesuffix("'s").removesuffix("’s")) for match in _WORD.finditer(folded)}
    known |= {f"{word}s" for word in known} | {word.removesuffix("s") for word in known}
    letters = "|".join(_squeezed(match[0]) for match in _SPELT.finditer(folded))
    for name in dict.fromkeys(some):
        wanted = _squeezed(name)
        is_short = len(wanted) < 4 and wanted.isascii()
        if wanted not in known and wanted not in (letters if is_short else squeezed):
            return name
    return None


def latin_among_chinese(text: str) -> list[str]:
    """Return the Latin words of a Chinese text, which are names, products and terms."""
    return [
        match[0]
        for match in _WORD.finditer(text)
        if len(match[0]) > 1 and match[0].casefold() not in _NO_NAMES and match[0].casefold() not in _COMMON
    ]


def exchanged(difference: Difference) -> str | None:
    """Return a name that another replaced: a capitalised word, or a character after a surname."""
    for each in difference.operations:
        if each.kind != "replace":
            continue
        before = _unmarked(difference.raw[each.raw.start : each.raw.stop])
        here = _unmarked(difference.rewritten[each.rewritten.start : each.rewritten.stop])
        if len(before) == len(here) == 1 and _is_other_name(before[0].text, here[0].text):
            return before[0].text
        if each.raw.start and 0 < len(before) == len(here) <= 2 and all(map(_is_han, (*before, *here))):
            surname = difference.raw[each.raw.start - 1]
            if surname.text in _SURNAMES and _begins_name(difference.raw, each.raw.start - 1):
                return surname.text + "".join(word.text for word in before)
    return None


def _is_other_name(before: str, after: str) -> bool:
    is_name = all(
        word[0].isupper() and word.isascii() and len(word) > 1 and word.casefold() not in _COMMON | _NO_NAMES
        for word in (before, after)
    )
    return is_name and before.casefold() != after.casefold()


def _unmarked(words: Sequence[Word]) -> list[Word]:
    return [word for word in words if not word.is_mark]


def _is_han(word: Word) -> bool:
    return _GIVEN.fullmatch(word.text) is not None


def _begins_name(words: tuple[Word, ...], index: int) -> bool:
    """Whether a surname is the first character of its word, as far as one can tell without a dictionary."""
    before = words[index - 1].text if index else ""
    return not before or not _GIVEN.fullmatch(before) or before in "给跟和与找叫问请让是对由的小老"


def _squeezed(text: str) -> str:
    return "".join(_alnum(text.casefold()))


def _alnum(text: str) -> Iterator[str]:
    return (character for character in text if character.isalnum())
