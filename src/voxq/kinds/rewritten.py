"""Texts that are rewritten: the passages of a text, and what became of them."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any, Literal

from voxq.engines.contract import Rewritten
from voxq.kinds.pieces import Passage
from voxq.kinds.steps import KindStep
from voxq.kinds.work import KindRun
from voxq.llm import errors
from voxq.processes.model.protocol import TextRef
from voxq.rewriting import outcomes, parts, records
from voxq.rewriting.request import NEEDS_MODEL, Mode
from voxq.speech.sentences import spoken_seconds

REWRITE = records.STEP
"""Name of the step, and the capability that it needs."""

LONGEST_PROMPT = 4000
"""Characters of a client's own prompt."""
LIGHT = "light"
"""Model of the mode that asks no language model."""
ModeName = Literal["light", "optimize", "format", "punctuate", "summary", "translate", "custom"]
"""Names of `voxq.rewriting.request.Mode`."""

_PASSAGE_TOKENS = 1500
"""Tokens of a passage: short enough for progress to be seen and little to be lost with a worker, and for
models not to leave things out."""
_WHOLE = frozenset({Mode.SUMMARY, Mode.CUSTOM})
"""Modes that need the whole text at once."""


def passages_of(text: str, mode: Mode) -> list[Passage]:
    """Cut a text into passages, at sentences, for a mode that allows it."""
    texts = (text,) if mode in _WHOLE else parts.split(text, _PASSAGE_TOKENS)
    passages: list[Passage] = []
    start = 0
    for each in texts:
        passages.append(Passage(start, start + len(each), each, spoken_seconds(each)))
        start += len(each)
    return passages


def model_for(mode: Mode, provider: str | None) -> str | None:
    """Return the name of the model for a mode; None for the default one."""
    return provider if mode in NEEDS_MODEL else LIGHT


def digest_of(text: str) -> str:
    """Return a digest that identifies a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class RewriteStep(KindStep):
    """Step whose pieces are passages of a text."""

    def __init__(self, run: KindRun) -> None:
        self.run = run
        self._passages = run.work.results[REWRITE]

    @property
    @abstractmethod
    def options(self) -> dict[str, Any]:
        """Options of the engine."""

    def batch_key(self) -> str:
        return REWRITE

    def ref(self, index: int) -> TextRef:
        return TextRef(self._passages[index].text, self.options)

    def record(self, result: Rewritten) -> dict[str, Any]:
        return asdict(result)

    def recorded(self, piece: Any, record: dict[str, Any]) -> Rewritten:
        return Rewritten(
            str(record["text"]),
            str(record["mode"]),
            dict(record["checks"]),
            dict(record["changes"]),
            record["model"],
            record["provider"],
            float(record["seconds"]),
            record["reason"],
            record.get("reason_code"),
        )

    @property
    def text(self) -> str:
        """What the passages before the first without a result have become."""
        finished = list(self._passages.finished_in_a_row())
        return _joined(finished).text if finished else ""

    @property
    def draft(self) -> str:
        """What a model has written of the first passage without a result."""
        return self._passages.draft

    def result(self) -> dict[str, Any]:
        """What the text has become, as clients see it; nothing if there was no text."""
        finished = list(self._passages.finished())
        if not finished:
            return {}
        return {name: value for name, value in asdict(_joined(finished)).items() if value is not None}


def is_makeshift(document: Mapping[str, Any]) -> bool:
    """Whether rules took the place of a provider that failed, in a task that is done or in a step of it: the
    same request may get a better result another time."""
    steps = [step.get("result") for step in document.get("steps", {}).values()]
    made = [document.get("rewritten"), *steps]
    return any(each.get("reason_code") in errors.EVERY_CODE for each in made if each)


def _joined(finished: Iterable[tuple[Passage, Rewritten]]) -> Rewritten:
    """Join what became of consecutive passages, of which there is at least one."""
    passages, results = zip(*finished, strict=True)
    whole = outcomes.joined([each.text for each in passages], results)
    seconds = round(sum(each.seconds for each in results), 3)
    return replace(
        results[0],
        text=whole.text,
        mode=whole.mode,
        checks=whole.checks,
        changes=whole.changes,
        seconds=seconds,
        reason=whole.reason,
        reason_code=whole.reason_code,
    )
