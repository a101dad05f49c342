"""Questions of a transcript, which must stay questions: a model that answers them invents."""

from __future__ import annotations

import re

from voxq.locale import Message
from voxq.rewriting.checks.compared import Compared
from voxq.rewriting.request import Mode, primary

_HAN = "\u4e00-\u9fff"
_WORDS = re.compile(
    r"什么|甚么|啥|谁|誰|哪|怎|咋|为何|多少|几(?!乎|率|何|次|十|百|千|万)|多(?:久|大|长|远|高)|如何|何时|何处|是否|能否|可否"
    rf"|[吗嗎]|(?P<verb>(?![不没])[{_HAN}])[不没](?P=verb)|有没有|\b(?:what|who|whom|whose|where|when|why|how|which|whether)\b",
    re.I,
)
_MARKS = re.compile(r"[?？]")
_READ = frozenset(("en", "zh"))


def questions(compared: Compared) -> Message | None:
    """Check that at least half of the words that ask are still there, or that a mark of a question is."""
    rewrite = compared.rewrite
    is_read = rewrite.mode is not Mode.TRANSLATE or primary(rewrite.target or "") in _READ
    before, after = _asked(compared.cleaned), _asked(compared.written)
    if is_read and 2 * after < before and not _MARKS.search(compared.written):
        return Message("A question was answered or left out")
    return None


def _asked(text: str) -> int:
    return sum(1 for _ in _WORDS.finditer(text))
