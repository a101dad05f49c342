"""How much of a text a model is given at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from voxq.rewriting.parts import tokens
from voxq.rewriting.prompts import messages
from voxq.rewriting.request import Mode, Rewrite

_FRAME_TOKENS = 250
"""Marks of a chat template, and what a model is told when its first answer was not faithful."""
_ANSWER: Mapping[Mode, float] = {Mode.SUMMARY: 0.4, Mode.TRANSLATE: 2.0}
"""Tokens of an answer for each of the text, where they are not about as many."""
_USUAL_ANSWER = 1.3
_MOST: Mapping[Mode, int] = {
    **dict.fromkeys((Mode.OPTIMIZE, Mode.FORMAT, Mode.PUNCTUATE, Mode.TRANSLATE), 1500),
    Mode.SUMMARY: 12_000,
}
"""Most tokens at a time, whatever the context: models that write down a long text leave things out, and one
answer must fit into the time limit of a request. In the mode custom only the context is a limit."""
LEAST = 64
"""Tokens below which a context is too small to be of any use."""


def budget_of(rewrite: Rewrite, context: int) -> int:
    """Return the tokens of text for one request to a model with so many tokens of context: below LEAST, if
    not even the prompt leaves room."""
    frame = sum(tokens(message.content) for message in messages(replace(rewrite, text="", segments=())))
    room = context - frame - _FRAME_TOKENS
    fitting = int(room / (1 + _ANSWER.get(rewrite.mode, _USUAL_ANSWER)))
    return min(fitting, _MOST.get(rewrite.mode, fitting))
