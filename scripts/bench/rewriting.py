"""Clean-up of transcripts: how many of its edits are right, how many right ones it makes, and what it harms.

    python scripts/bench/rewriting.py [--mode light] [--json FILE]
    python scripts/bench/rewriting.py --provider NAME=URL|MODEL [--mode optimize] [--context 8192] [--calls 4]
    python scripts/bench/rewriting.py --service

The transcripts, 60 Chinese and 60 English ones with their right answers, are in tests/data/rewriting. An edit
is a stretch of words, marks or spaces that was deleted, inserted or replaced. A transcript is harmed if its
numbers, dates, names or negations are not what they were.

With a provider, which is any server with OpenAI's chat API (the key in LLM_BENCH_KEY), each transcript is
asked for twice: first the bare answers are scored, then what the engine lets through, which compares them
with the transcripts. With --service the time is measured that a running service adds to a provider of fixed
delay, see `_rewriting_service.py`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from voxq.engines import registry
from voxq.engines.contract import ChunkError, EngineRequest, Rewritten, TextItem
from voxq.llm.client import Client
from voxq.llm.errors import ProviderError
from voxq.llm.provider import Provider
from voxq.rewriting import Mode, Rewrite
from voxq.rewriting.answers import cleaned
from voxq.rewriting.checks import check
from voxq.rewriting.light import light
from voxq.rewriting.outcomes import OK
from voxq.rewriting.prompts import messages
from voxq.settings.llm import parse_servers

DATA = Path(__file__).parents[2] / "tests" / "data" / "rewriting"
LANGUAGES = ("zh", "en")
FACTS = ("numbers", "dates", "names", "negations")
"""Checks of `voxq.rewriting.checks` whose failure is harm."""

Writer = Callable[[Sequence[Rewrite]], list[str]]
"""Makes the rewritten texts."""

_MOST_CHARACTERS = 20_000
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


def by_rules(rewrites: Sequence[Rewrite]) -> list[str]:
    """Clean up without a model."""
    return [light(rewrite.text, rewrite.language) for rewrite in rewrites]


def bare(provider: Provider) -> Writer:
    """Return a writer that takes each answer as it comes, but for what stands around it; none: the text."""

    async def answers(rewrites: Sequence[Rewrite]) -> list[str]:
        client = Client(provider)

        async def answer(rewrite: Rewrite) -> str:
            asked = [asdict(message) for message in messages(rewrite)]
            try:
                said = await client.complete(asked, most_characters=_MOST_CHARACTERS)
            except ProviderError as error:
                Console(stderr=True).print(f"{error.code}: {error.message}")
                return rewrite.text
            return cleaned(said, rewrite)

        try:
            return list(await asyncio.gather(*map(answer, rewrites)))
        finally:
            await client.close()

    return lambda rewrites: asyncio.run(answers(rewrites))


class Checked:
    """A writer that takes what the engine lets through, and counts what it does not."""

    def __init__(self, provider: Provider) -> None:
        request = EngineRequest("llm", provider.name, f"net:{provider.name}", config=provider.config())
        self._engine = registry.find("llm").load(request, {})
        self.refused = Counter[str]()
        """Reasons in one word -> transcripts that were not rewritten as it was asked."""

    def __call__(self, rewrites: Sequence[Rewrite]) -> list[str]:
        items = [
            TextItem(each.text, {"mode": each.mode.value, "language": each.language}) for each in rewrites
        ]
        answers = self._engine.run(items)
        codes = (each.code if isinstance(each, ChunkError) else each.reason_code for each in answers)
        self.refused.update(filter(None, codes))
        return [
            each.text if isinstance(each, Rewritten) else rewrite.text
            for each, rewrite in zip(answers, rewrites, strict=True)
        ]


def score(of: Sequence[Case], write: Writer, mode: Mode) -> Score:
    """Have all transcripts of one language rewritten and compare them with the right answers."""
    edits = right = wanted = exact = 0
    harmed: list[str] = []
    begun = time.perf_counter()
    written = write([Rewrite(case.raw, mode, case.language) for case in of])
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


def provider_of(arguments: argparse.Namespace) -> Provider:
    """Return the provider that the command line names. Raises ValueError."""
    [(name, server)] = parse_servers(arguments.provider).items()
    key = os.environ.get("LLM_BENCH_KEY", "")
    limits = (arguments.context, arguments.calls, arguments.seconds)
    return Provider(name, server.url, server.model, key, *limits)


def shown(title: str, scores: Sequence[Score]) -> Table:
    """Return the scores as a table."""
    heads = ("language", "cases", "exact", "edits", "precision", "recall", "harmed", "ms a case")
    table = Table(*heads, title=title)
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


def scores_of(write: Writer, mode: Mode, most: int | None) -> list[Score]:
    """Score the transcripts of both languages: all, or the first `most` of each."""
    return [score(cases(language)[:most], write, mode) for language in LANGUAGES]


def main(argv: Sequence[str] | None = None) -> int:
    """Print the scores; returns 1 if a transcript was harmed by what the service would return."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--mode", type=Mode, choices=tuple(Mode), help="of the rewriting")
    parser.add_argument("--provider", metavar="NAME=URL|MODEL", help="server with OpenAI's chat API")
    parser.add_argument("--context", type=int, default=8192, help="tokens of its context")
    parser.add_argument("--calls", type=int, default=4, help="requests to it at the same time")
    parser.add_argument("--seconds", type=float, default=120.0, help="time limit of a request to it")
    parser.add_argument("--cases", type=int, metavar="N", help="only the first N of each language")
    parser.add_argument("--service", action="store_true", help="measure what a running service adds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the scores here")
    arguments = parser.parse_args(argv)
    console = Console()
    if arguments.service:
        import _rewriting_service

        return _rewriting_service.main(console, arguments.json)
    results: dict[str, list[Score]] = {}
    refused: Counter[str] = Counter()
    if arguments.provider:
        provider, mode = provider_of(arguments), arguments.mode or Mode.OPTIMIZE
        results["bare answers"] = scores_of(bare(provider), mode, arguments.cases)
        checked = Checked(provider)
        results["checked"] = scores_of(checked, mode, arguments.cases)
        refused = checked.refused
    else:
        results["rules"] = scores_of(by_rules, arguments.mode or Mode.LIGHT, arguments.cases)
    for title, scores in results.items():
        console.print(shown(title, scores))
    if refused:
        console.print("not as asked:", dict(refused))
    if arguments.json:
        told = {title: [each.to_json() for each in scores] for title, scores in results.items()}
        arguments.json.write_text(json.dumps(told | {"refused": dict(refused)}, indent=2) + "\n")
    *_, last = results.values()
    return 1 if any(each.harmed for each in last) else 0


if __name__ == "__main__":
    sys.exit(main())
