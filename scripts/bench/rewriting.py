"""Clean-up of transcripts: how many of its edits are right, how many right ones it makes, and what it harms.

    python scripts/bench/rewriting.py [--mode light] [--json FILE]

The transcripts, 60 Chinese and 60 English ones with their right answers, are in tests/data/rewriting. An edit
is a stretch of words, marks or spaces that was deleted, inserted or replaced. A transcript is harmed if its
numbers, dates, names or negations are not what they were.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from voxq.rewriting import Mode, Rewrite
from voxq.rewriting.checks import check
from voxq.rewriting.light import light
from voxq.rewriting.outcomes import OK

DATA = Path(__file__).parents[2] / "tests" / "data" / "rewriting"
LANGUAGES = ("zh", "en")
FACTS = ("numbers", "dates", "names", "negations")
"""Checks of `voxq.rewriting.checks` whose failure is harm."""

Writer = Callable[[Rewrite], str]
"""Makes the rewritten text."""

_TOKENS = re.compile(r"\s+|[A-Za-zÀ-ɏ0-9'’]+|.", re.S)


@dataclass(frozen=True, slots=True)
class Case:
    """A transcript and its right answer."""

    id: str
    language: str
    raw: str
    clean: str


@dataclass(frozen=True, slots=True)
class Score:
    """What a writer made of the transcripts of one language."""

    language: str
    cases: int
    exact: int
    """Transcripts that became the right answer to the letter."""
    edits: int
    right: int
    wanted: int
    """Edits that lead to the right answers."""
    harmed: tuple[str, ...]
    """Ids of transcripts whose facts changed."""
    seconds: float

    @property
    def precision(self) -> float:
        """Share of the edits that are right; 1 without edits."""
        return self.right / self.edits if self.edits else 1.0

    @property
    def recall(self) -> float:
        """Share of the right edits that were made."""
        return self.right / self.wanted if self.wanted else 1.0

    @property
    def harm_rate(self) -> float:
        return len(self.harmed) / self.cases if self.cases else 0.0

    def to_json(self) -> dict[str, Any]:
        rates = {"precision": self.precision, "recall": self.recall, "harm_rate": self.harm_rate}
        return asdict(self) | {name: round(value, 4) for name, value in rates.items()}


def cases(language: str) -> list[Case]:
    """Read the transcripts of a language."""
    lines = (DATA / f"light_{language}.jsonl").read_text("utf-8").splitlines()
    return [Case(language=language, **json.loads(line)) for line in lines]


def by_rules(rewrite: Rewrite) -> str:
    """Clean up without a model."""
    return light(rewrite.text, rewrite.language)


def score(of: Sequence[Case], write: Writer, mode: Mode) -> Score:
    """Have all transcripts of one language rewritten and compare them with the right answers."""
    edits = right = wanted = exact = 0
    harmed: list[str] = []
    begun = time.perf_counter()
    written = [write(Rewrite(case.raw, mode, case.language)) for case in of]
    seconds = time.perf_counter() - begun
    for case, text in zip(of, written, strict=True):
        made, reference = set(_edits(case.raw, text)), set(_edits(case.raw, case.clean))
        edits, right, wanted = edits + len(made), right + len(made & reference), wanted + len(reference)
        exact += text == case.clean
        verdict = check(Rewrite(case.raw, Mode.OPTIMIZE, case.language), text)
        if any(verdict.checks[name] != OK for name in FACTS):
            harmed.append(case.id)
    return Score(of[0].language, len(of), exact, edits, right, wanted, tuple(harmed), seconds)


def _edits(raw: str, rewritten: str) -> Iterator[tuple[int, int, str]]:
    """Yield the edits: range of tokens of the raw text, and what stands there instead."""
    before, after = _TOKENS.findall(raw), _TOKENS.findall(rewritten)
    for kind, start, end, first, last in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind != "equal":
            yield start, end, "".join(after[first:last])


def writer(arguments: argparse.Namespace) -> Writer:
    """Return what rewrites, as the command line asks for it."""
    return by_rules


def shown(scores: Sequence[Score]) -> Table:
    """Return the scores as a table."""
    table = Table("language", "cases", "exact", "edits", "precision", "recall", "harmed", "ms a case")
    for each in scores:
        table.add_row(
            each.language,
            str(each.cases),
            str(each.exact),
            str(each.edits),
            f"{each.precision:.1%}",
            f"{each.recall:.1%}",
            f"{each.harm_rate:.1%} {' '.join(each.harmed)}".strip(),
            f"{1000 * each.seconds / each.cases:.2f}",
        )
    return table


def main(argv: Sequence[str] | None = None) -> int:
    """Print the scores; returns 1 if a transcript was harmed."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--mode", type=Mode, choices=tuple(Mode), default=Mode.LIGHT, help="of the rewriting")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the scores here")
    arguments = parser.parse_args(argv)
    write = writer(arguments)
    scores = [score(cases(language), write, arguments.mode) for language in LANGUAGES]
    Console().print(shown(scores))
    if arguments.json:
        arguments.json.write_text(json.dumps([each.to_json() for each in scores], indent=2) + "\n")
    return 1 if any(each.harmed for each in scores) else 0


if __name__ == "__main__":
    sys.exit(main())
