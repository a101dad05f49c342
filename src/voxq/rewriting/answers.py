"""Taking off what a model says around its answer: thoughts, fences, quotation marks, introductions, offers.

What the transcript itself begins, ends or is surrounded with stays: it may be about just such sentences.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

from voxq.rewriting.differences import words
from voxq.rewriting.request import Mode, Rewrite

_ROUNDS = 6
"""Layers that are taken off at most, such as a fence within quotation marks after an introduction."""

_TAGS = "think|thinking|thought|thoughts|reasoning|reflection|seed:think"
_THOUGHTS = (
    # DeepSeek, Qwen and many others; Magistral; Kimi. Without an end all the rest was thought.
    (re.compile(rf"<(?:{_TAGS})>", re.I), re.compile(rf"</(?:{_TAGS})>", re.I)),
    (re.compile(r"\[THINK\]"), re.compile(r"\[/THINK\]")),
    (re.compile(r"◁think▷"), re.compile(r"◁/think▷")),
)
_CHANNEL = re.compile(r"<\|channel\|>\s{0,9}final\s{0,9}<\|message\|>", re.I)
"""Beginning of the answer of gpt-oss, after its thoughts."""
_TOKENS = re.compile(
    r"(?:<\|(?:im_end|im_start|endoftext|eot_id|end|return|end_of_text|start)\|>|</s>|<end_of_turn>)+"
)
_THINKING_HEADER = re.compile(
    r"\A[#* ]{0,9}(?:thinking(?: process)?|thought process|reasoning|思考(?:过程)?|推理过程)\*{0,2} ?[:：]",
    re.I,
)
_ANSWER_HEADER = re.compile(
    r"^[#* ]{0,9}(?:final (?:answer|output|version|text)|answer|output"
    r"|最终(?:答案|结果|文本|输出)|答案|输出)\*{0,2} ?[:：]\*{0,2}",
    re.I | re.M,
)
_FENCES = ("```", "~~~")
_BLOCK = re.compile(r"</?(?:transcript|wish)(?: [0-9a-f]{16})?>")
"""Mark of a block of the prompt."""

_THING_EN = (
    r"(?:text|transcript|transcription|version|summary|bullets?|bullet points|translation|rewrite"
    r"|result|output|answer|edit|paragraph)"
)
_INTRODUCTION_EN = re.compile(
    r"\A\*{0,2}(?:(?:sure|certainly|of course|ok|okay|absolutely|got it|no problem|understood)(?: thing)?"
    r"[,.!:]{0,3}\s{1,3})?"
    r"(?:(?:here(?:'s|’s| is| are| you go)|below is|this is|the following is|i(?:'ve|’ve| have) \w{1,20}ed)\b"
    rf"[^\n:]{{0,100}}?\b{_THING_EN}\b[^\n:]{{0,80}}:"
    r"|(?:the |your )?(?:clean(?:ed)?(?:[- ]up)?|correct(?:ed)?|edited|revised|rewritten|improved"
    r"|optimi[sz]ed|polished|punctuated|formatted|formal|translated|final)"
    rf"(?: {_THING_EN}){{1,2}} ?:"
    r"|(?:output|result|answer|translation|summary|transcript) ?: ?(?=\n))\*{0,2}",
    re.I,
)
_AGREED_EN = re.compile(
    r"\A(?:sure|certainly|of course|absolutely|got it|no problem)(?: thing)?[!.,:]{0,3} {0,9}\n", re.I
)
_THING_ZH = r"(?:文本|文字|内容|版本|结果|译文|翻译|摘要|总结|要点|转写稿|转写|稿子|稿件|文稿|回答)"
_DONE_ZH = r"(?:优化|整理|修改|润色|翻译|总结|清理|改写|修正|处理|加标点|加了标点|标点|格式化|校对|编辑|精简)"
_INTRODUCTION_ZH = re.compile(
    r"\A\*{0,2}(?:(?:好的|好|没问题|当然可以|当然|可以|明白了|明白|收到)[，,。.！! ]{0,3})?"
    r"(?:(?:以下|下面|这里|这)(?:就)?(?:是|为)[^\n：:。]{0,40}[：:]"
    rf"|(?:经过?|已)?{_DONE_ZH}(?:过)?(?:之?后)?(?:的)?{_THING_ZH}(?:如下)?[：:]"
    rf"|{_THING_ZH}如下[：:]"
    r"|(?:输出|结果|译文|翻译|总结|摘要)[：:] ?(?=\n))\*{0,2}"
)
_AGREED_ZH = re.compile(r"\A(?:好的|没问题|当然可以|当然|明白了|收到)[，,。.！!：:]{0,3} {0,9}\n")

_OFFER = re.compile(
    r"(?:(?:please )?let me know|feel free to|i hope (?:this|that)|hope (?:this|that) helps"
    r"|if you(?:'d| would)? (?:need|like|want|have)|would you like|is there anything else|do you want me to"
    r"|如果(?:你|您)?(?:还)?(?:需要|有|想|希望)|如需|如有|希望(?:这|以上|对你|对您|能帮)|需要我|还需要"
    r"|请告诉我|请随时|欢迎)[^\n]{0,200}\Z",
    re.I,
)
_NOTE = re.compile(
    r"[(（*_]{0,3}(?:note|notes|changes made|explanation|注|说明|备注|注意|修改说明)[*_]{0,2} ?[:：]"
    r".{0,1500}\Z",
    re.I | re.S,
)
_QUOTES = {'"': '"', "“": "”", "'": "'", "‘": "’", "「": "」", "『": "』", "«": "»", "`": "`"}
_BULLET = re.compile(r"^[ \t]{0,16}(?:[-*•·‣▪–—+]|\d{1,2}[.)、．](?!\d))[ \t]{0,16}(?=\S)", re.M)
_BOLD = re.compile(r"\*\*([^*\n]{1,300})\*\*")


def cleaned(answer: str, rewrite: Rewrite) -> str:
    """Return the answer of a model without anything around it, stripped; "" if it only thought.

    Bullets of a summary begin with "- ", whatever sign the model wrote.
    """
    text = _without_thoughts(answer.replace("\r\n", "\n"), rewrite.text)
    steps: tuple[Callable[[str, str], str], ...] = (
        _without_tokens,
        _without_marks_of_blocks,
        _within_fence,
        _without_introduction,
        _without_ending,
        _without_quotes,
    )
    for _ in range(_ROUNDS):
        before = text = text.strip()
        for step in steps:
            text = step(text, rewrite.text).strip()
        if text == before:
            break
    return _BULLET.sub("- ", _BOLD.sub(r"\1", text)) if rewrite.mode is Mode.SUMMARY else text


def _without_thoughts(answer: str, source: str) -> str:
    for begin, end in _THOUGHTS:
        if begin.search(source) or end.search(source):
            continue
        kept: list[str] = []
        at = 0
        while opened := begin.search(answer, at):
            kept.append(answer[at : opened.start()])
            closed = end.search(answer, opened.end())
            at = closed.end() if closed else len(answer)
        rest = answer[at:]
        *_, last = [None, *end.finditer(rest)]
        # An end without a beginning: the template of the prompt had that already.
        answer = rest[last.end() :] if last else "".join([*kept, rest])
    if final := _CHANNEL.search(answer):
        answer = answer[final.end() :]
    if _THINKING_HEADER.match(answer.lstrip()) and not _THINKING_HEADER.match(source.lstrip()):
        *_, last = [None, *_ANSWER_HEADER.finditer(answer)]
        answer = answer[last.end() :] if last else answer
    return answer


def _without_tokens(text: str, source: str) -> str:
    found = _TOKENS.search(text)
    if found is None or _TOKENS.search(source):
        return text
    return text[: found.start()] if found.start() else text[found.end() :]


def _without_marks_of_blocks(text: str, source: str) -> str:
    if _BLOCK.search(source):
        return text
    if begin := _BLOCK.match(text):
        text = text[begin.end() :]
    head, mark, rest = text.rpartition("</")
    return head if mark and _BLOCK.fullmatch(mark + rest) else text


def _within_fence(text: str, source: str) -> str:
    """Return what stands in the only fence, if around it is nothing but an introduction and a remark."""
    if any(fence in source for fence in _FENCES):
        return text
    lines = text.split("\n")
    at = [number for number, line in enumerate(lines) if line.strip().startswith(_FENCES)]
    if len(at) != 2:
        return text
    before, after = "\n".join(lines[: at[0]]).strip(), "\n".join(lines[at[1] + 1 :]).strip()
    is_alone = (not before or before[-1] in ":：") and len(after) < 400
    return "\n".join(lines[at[0] + 1 : at[1]]) if is_alone else text


def _without_introduction(text: str, source: str) -> str:
    for pattern in (_INTRODUCTION_EN, _INTRODUCTION_ZH, _AGREED_EN, _AGREED_ZH):
        found = pattern.match(text)
        if found and found.end() < len(text) and not _is_said(found[0], source[: 3 * found.end() + 200]):
            return text[found.end() :]
    return text


def _without_ending(text: str, source: str) -> str:
    """Take off a last line that offers more, and notes on what was changed."""
    for gap, pattern in (("\n", _OFFER), ("\n\n", _NOTE)):
        head, _, last = text.rpartition(gap)
        if (
            head.strip()
            and pattern.match(last.strip())
            and not _is_said(last, source[-3 * len(last) - 200 :])
        ):
            return head
    return text


def _without_quotes(text: str, source: str) -> str:
    closing = _QUOTES.get(text[:1])
    inner = text[1:-1]
    if closing is None or not inner or text[-1] != closing or source.lstrip()[:1] == text[0]:
        return text
    return text if closing in inner or text[0] in inner else inner


def _is_said(remark: str, source: str) -> bool:
    """Whether most pairs of words of a remark occur in the source, so that it belongs to the transcript."""
    pairs = _pairs(remark)
    return bool(pairs) and 2 * len(pairs & _pairs(source)) >= len(pairs)


def _pairs(text: str) -> set[tuple[str, str]]:
    return set(pairwise(word.text.casefold() for word in words(text) if not word.is_mark))
