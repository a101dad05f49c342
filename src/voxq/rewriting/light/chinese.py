"""Fillers, repetitions and false starts of spoken Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterator

from voxq.rewriting.light.removal import closes, is_paused, opens, without

_HAN = "\u4e00-\u9fff"

_SOUNDS = re.compile(r"(?:(?<!打)呃(?!逆)|嗯(?!哼)|唔|(?<![^\s，,、。！？!?；;…])额(?=[，,、…]))+")
"""呃 and 嗯 are words in 呃逆, 打呃 and 嗯哼; 额 is a filler between pauses alone: 金额, 额外."""
_PHRASES = re.compile(r"(?:那个)+|就是说呢?")
"""Fillers only between pauses, or between the beginning of a sentence and a pause."""
_MEANT_BEFORE = re.compile(r"(?:这个|[是要买看吃拿选喜欢])[，,、 ]*\Z")
_MEANT_AFTER = re.compile(
    r"[，,、… ]*(?:[是不都也还比和跟]|这个|[^，,。]{1,4}的[。！？，,]|[红黄蓝绿白黑大小左右上下])"
)
"""What shows that 那个 points at something: "那个，红色的"."""

_STUTTER = re.compile(
    rf"(?<![其吉自忘])(?P<word>[我你他她这那也])(?:[，,…]{{0,2}} ?(?P=word)){{1,9}}(?=[{_HAN}])"
)
"""Pronouns, which are never doubled; of other words (看看, 在在 of 现在在) nobody can tell."""
_TRIPLE = re.compile(r"(?<![其吉成造将迁服听顺自跟随])(?P<word>[我你他她这那就把被从也但])(?P=word){2,}")
_WORDS = (
    "我们 你们 他们 她们 它们 咱们 这个 那个 然后 因为 所以 但是 如果 而且 不过 还有 或者 以及 虽然 为了"
    " 关于 对于 我觉得 我认为 比如说 比如 其实 那么 就是说 就是 所谓 另外 首先 接下来 这是"
    " 那是 今天 明天 昨天 刚才"
)
_REPEATED_WORD = re.compile(
    rf"(?P<word>{'|'.join(sorted(_WORDS.split(), key=len, reverse=True))})"
    rf"(?:[，,、…]{{0,2}} ?(?P=word)){{1,9}}(?=[{_HAN}A-Za-z0-9])"
)
_REPEATED_PHRASE = re.compile(
    rf"(?P<phrase>[我你他她它咱这那就但所][{_HAN}]{{3,11}}?)[，,…]?(?P=phrase)(?=(?P<next>[{_HAN}]))"
)
_NEVER_DOUBLED = frozenset("不没别无非未莫勿零〇一二两三四五六七八九十百千万亿半第")
_MEANT_TWICE = frozenset("的就都也才")
"""What follows a phrase that is meant twice: 他说什么他说什么都行."""


def cleaned(text: str) -> str:
    """Return the text without fillers and without what was said twice by mistake."""
    text = without(text, _sounds(text))
    text = _TRIPLE.sub(r"\g<word>", text)
    text = _STUTTER.sub(r"\g<word>", text)
    text = _REPEATED_WORD.sub(r"\g<word>", text)
    text = without(text, _fillers(text))
    return _REPEATED_PHRASE.sub(_once, text)


def _sounds(text: str) -> Iterator[tuple[int, int]]:
    for match in _SOUNDS.finditer(text):
        is_yes = match[0] == "嗯嗯" and opens(text, match.start())
        if not is_yes:
            yield match.span()


def _fillers(text: str) -> Iterator[tuple[int, int]]:
    for match in _PHRASES.finditer(text):
        start, end = match.span()
        pause_before, pause_after = is_paused(text, start, end)
        if not pause_after or not (pause_before or opens(text, start)) or closes(text, end):
            continue
        if match[0].startswith("就是说") or not _points(text, start, end):
            yield start, end


def _points(text: str, start: int, end: int) -> bool:
    before = text[max(0, start - 8) : start]
    return _MEANT_BEFORE.search(before) is not None or _MEANT_AFTER.match(text, end) is not None


def _once(match: re.Match[str]) -> str:
    phrase = match["phrase"]
    is_meant = not _NEVER_DOUBLED.isdisjoint(phrase) or match["next"] in _MEANT_TWICE
    return match[0] if is_meant else phrase
