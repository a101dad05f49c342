"""Writes the figures of a run as Markdown: python scripts/bench/report.py out.json > report/BENCHMARKS.md"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from _figures import Figure, Target
from run import MEASUREMENTS, Measured, shown

_PREFACE = """# Benchmarks

How quick VoxQ is, what it costs, and how that was measured. Everything here comes out of one run of

```
python scripts/bench/run.py all --json out.json
python scripts/bench/report.py out.json > report/BENCHMARKS.md
```

which takes under ten minutes and needs nothing but a checkout that `scripts/test` or `scripts/demo` has set
up; `voxq bench NAME` runs one measurement. Each starts services of its own (embedded Valkey, API, one worker,
default settings unless it says otherwise) on free ports of the loopback, in a temporary directory, and drives
them from another process on the same machine, so the load generator and the service share its cores. Ratios
compare rounds of one run, taken in turns; a figure with a spread is the median of its rounds.
"""

_CONTRACT = (
    ("submit", "< 100 ms", "submit", "50/s, worker idle: p99"),
    ("submit, while a worker is busy", "< 100 ms", "submit", "50/s, worker busy: p99"),
    ("real-time factor", "0.01-0.05 on a GPU", "clip", "real-time factor"),
    ("a 30 s clip", "< 3 s", "clip", "submitted to done"),
    ("requests", "100 per minute", "hundred", "rate"),
    ("longest wait with 100 at once", "< 60 s", "hundred", "wait to start: longest"),
    ("memory", "~3 GB", "api", "whole service: memory"),
    ("disk", "< 100 MB", "hundred", "storage afterwards"),
)
"""What the original design promised: its words, its figure, and where ours was measured."""


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    document = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    found = {each["name"]: _measured(each) for each in document["measurements"]}
    measured = [found.get(name, Measured(name, 0.0, error="not in this run")) for name in MEASUREMENTS]
    print(_PREFACE)
    print("## Machine\n\n" + _table(("", ""), document["machine"].items()))
    print("\n## The original design's figures\n")
    print(_table(("", "promised", "measured"), _contract(measured)))
    for each in measured:
        print(f"\n## {each.name}\n\n{str(import_module(each.name).__doc__).strip()}\n")
        if each.error:
            print(f"Not measured: {each.error}")
        else:
            print(_table(("figure", "measured", "least .. greatest", "target", "met", "note"), _rows(each)))
    return 0


def _measured(record: dict[str, Any]) -> Measured:
    return Measured(**{**record, "figures": tuple(map(_figure, record["figures"]))})


def _figure(record: dict[str, Any]) -> Figure:
    target, spread = record["target"], record["spread"]
    values = {"target": Target(**target) if target else None, "spread": tuple(spread) if spread else None}
    return Figure(**{**record, **values})


def _contract(measured: Sequence[Measured]) -> Iterator[tuple[str, ...]]:
    found = {(each.name, figure.name): figure for each in measured for figure in each.figures}
    for words, promised, name, figure_name in _CONTRACT:
        figure = found.get((name, figure_name))
        yield words, promised, _value(figure) if figure else "not measured"


def _rows(measured: Measured) -> Iterator[tuple[str, ...]]:
    for figure in measured.figures:
        spread = " .. ".join(map(shown, figure.spread)) if figure.spread else ""
        met = {True: "yes", False: "no", None: ""}[figure.met]
        yield figure.name, _value(figure), spread, str(figure.target or ""), met, figure.note


def _value(figure: Figure) -> str:
    return f"{shown(figure.value)} {figure.unit}".strip()


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


if __name__ == "__main__":
    sys.exit(main())
