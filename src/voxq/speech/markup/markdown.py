"""Removal of the marks of Markdown, as chatbots write it, so that only what a person would read out is left.

Plain text comes through unchanged, so that nobody has to say which of both it is: 2*3*4, a line that begins
with >5 or "[Ann]: hello" are kept. Time is linear in the length of the text, as far as markdown-it's is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from voxq.locale import Message
from voxq.speech.markup.document import Skipped
from voxq.speech.markup.html import entities_read, without_tags, without_unread

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_PASSES = 4
"""Marks may appear below marks; chatbots nest two deep."""
_CODE = Message("Code blocks are not read out.")

_CITATION = re.compile(
    r"\[\^[^\]\s]{1,40}\](?!:)"  # [^1]
    r"|【[^】\n]{0,40}(?:†|source)[^】\n]{0,80}】"  # 【4:0†source】
    r"|\[(?:citation|cite|source):\s?[\w:-]{1,20}\]"
    r"|\ue200[^\ue201]{0,200}\ue201"  # private characters around citations
    r"|(?<=[^\s\w\[\]+*/=(-])(?:\[\d{1,3}\])+|(?<=\w)(?:\[\d{1,3}\])+(?=[.,;:!?。，；！？]|\s*$)",
    re.MULTILINE,
)
_NOTE = re.compile(r"^ {0,3}\[\^[^\]\n]{1,40}\]:[ \t]*", re.MULTILINE)
_DEFINITION = re.compile(
    r"^ {0,3}\[[^\]\n]{1,80}\]:[ \t]*<?(?:https?://|mailto:|www\.|/|\#)\S*[^\n]*$", re.MULTILINE
)
_REFERENCE = re.compile(r"\[([^\[\]\n]{1,300})\]\s?\[[^\[\]\n]{0,80}\]")
_SHORTCODE = re.compile(r"(?<![\w:]):[a-z][a-z0-9_+]{1,30}:(?![\w:])")
_TASK = re.compile(r"^\[[ xX]\]\s")
_KEPT = re.compile(
    r"(?<=\d)\*(?=\d)|^ {0,3}>(?=[ \t]?[\d=])|(?<=\s)\*(?=\s)|\b(?<=[^\W_])\*(?=[^\W_]\b)", re.MULTILINE
)
"""Characters that are no marks: multiplication, and comparison with a number."""
_LEFT_OVER = re.compile(
    r"\*{2,}|_{2,}|~{2,}|`+|^[ \t]{0,3}\#{1,6}(?=\s|$)|^[ \t]*>+[ \t](?!\d)"
    r"|(?<![\w*])\*(?=[^\W\d])|(?<=[^\W\d])\*(?![\w*])"
    r"|(?<![\w_])_(?=\w)|(?<=\w)_(?![\w_])|^[ \t]*(?:[-=*_][ \t]*){3,}$",
    re.MULTILINE,
)
_EDGE = re.compile(r"^[ \t]*\|[ \t]*|[ \t]*\|[ \t]*$", re.MULTILINE)
_BAR = re.compile(r"[ \t]*\|+[ \t]*")
_BLANK = re.compile(r"\n\s*\n\s*")


def without_marks(text: str) -> tuple[str, tuple[Skipped, ...]]:
    """Return the text that is to be read, with blank lines between paragraphs, and what was left out.

    A text that consists of code alone is read as it is.
    """
    skipped: list[Skipped] = []
    plain = text
    for _ in range(_PASSES):
        cleaned = _cleaned(plain, skipped)
        if cleaned == plain:
            break
        plain = cleaned
    if not any(map(str.isalnum, plain)) and skipped:
        return "\n".join(each.text for each in skipped), ()
    return plain, tuple(skipped)


def _cleaned(text: str, skipped: list[Skipped]) -> str:
    text = _NOTE.sub("", _CITATION.sub("", without_unread(text)))
    text = _REFERENCE.sub(r"\1", _DEFINITION.sub("", text))
    text = _KEPT.sub(r"\\\g<0>", text)
    written = "".join(_written(_parser().parse(text), skipped))
    written = _SHORTCODE.sub("", entities_read(written))
    written = _BAR.sub(", ", _EDGE.sub("", _LEFT_OVER.sub("", written)))
    return _BLANK.sub("\n\n", written).strip()


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    # Without indented code and link definitions, which plain text has by accident.
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).disable(["code", "reference"])


def _written(tokens: Sequence[Token], skipped: list[Skipped]) -> Iterator[str]:
    in_list = 0
    is_first_cell = True
    for token in tokens:
        match token.type:
            case "inline":
                text = "".join(_spoken(token.children or ()))
                yield _TASK.sub("", text) if in_list else text
            case "paragraph_close":
                yield "\n" if token.hidden or in_list else "\n\n"
            case "heading_close" | "hr" | "blockquote_close" | "table_close":
                yield "\n\n"
            case "list_item_open":
                in_list += 1
                if token.info:
                    yield f"{token.info}{token.markup} "
            case "list_item_close":
                in_list -= 1
                yield "\n"
            case "bullet_list_close" | "ordered_list_close":
                yield "\n"
            case "tr_open":
                is_first_cell = True
            case "th_open" | "td_open":
                yield "" if is_first_cell else ", "
                is_first_cell = False
            case "tr_close":
                yield "\n"
            case "fence" | "code_block":
                if token.content.strip():
                    skipped.append(Skipped(token.content.strip(), _CODE))
                yield "\n\n"
            case "html_block":
                yield without_tags(token.content) + "\n"
            case _:
                pass


def _spoken(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        match token.type:
            case "text" | "code_inline" | "text_special":
                yield token.content
            case "softbreak" | "hardbreak":
                yield "\n"
            case "html_inline":
                yield without_tags(token.content)
            case "image":
                yield token.content
            case _:
                pass
