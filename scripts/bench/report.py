"""Write the figures of a run as Markdown: python scripts/bench/report.py out.json > report/BENCHMARKS.md"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path

from _figures import Figure
from _results import Measured, Results, shown
from _suite import MINUTES

_PREFACE = f"""# Benchmarks

How quick VoxQ is, what it costs, and how that was measured. Everything here comes out of

```
uv sync --inexact --group bench --extra funasr
python scripts/bench/run.py all --json out.json
python scripts/bench/report.py out.json > report/BENCHMARKS.md
```

which takes about an hour (at most {sum(MINUTES.values())} minutes on two cores); `voxq bench NAME` runs one
measurement, and `run.py NAME --json out.json --add` puts it among the figures that are there, also from
another machine. Each starts services of its own (embedded Valkey, API, one worker, default settings unless it
says otherwise) on free ports of the loopback, in a temporary directory, and drives them from another process
on the same machine, so the load generator and the service share its cores. Ratios compare rounds of one run,
taken in turns; a figure with a spread is the median of its rounds.
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
"""Promises of the original design: its wording, its figure, and the measurement and figure to compare."""

_OF_THE_RUN = ("Measured", "Load before")
"""Headings that describe a run and do not identify a machine."""


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    print(render(Results.read(Path(sys.argv[1]))), end="")
    return 0


def render(results: Results) -> str:
    """Render the report as Markdown."""
    machines = _machines(results)
    parts = [_PREFACE, "## Machine\n"]
    parts += [_table(("", *_numbers(machines)), _columns(machines)), "\n## The original design's figures\n"]
    parts += [_table(("", "promised", "measured"), _contract(results)), "\n## Missed\n"]
    parts += [_table(("measurement", "figure", "measured", "target"), _missed(results))]
    for name in MINUTES:
        parts.append(f"\n## {name}\n\n{str(import_module(name).__doc__).strip()}")
        parts += _sections(results.of(name), machines)
    return "\n".join(parts) + "\n"


def _sections(measured: Sequence[Measured], machines: Sequence[Mapping[str, str]]) -> Iterator[str]:
    if not measured:
        yield "\nNot measured."
    for each in measured:
        place = f" on machine {machines.index(_identity(each)) + 1}" if len(machines) > 1 else ""
        load = each.machine["Load before"]
        yield f"\n{each.machine['Measured']}{place} ({each.device}), load before: {load}.\n"
        if each.error:
            yield f"Not measured: {each.error}"
        else:
            yield _table(("figure", "measured", "least .. greatest", "target", "met", "note"), _rows(each))


def _machines(results: Results) -> list[Mapping[str, str]]:
    """Distinct machines."""
    found: list[Mapping[str, str]] = []
    for each in results.measured:
        if _identity(each) not in found:
            found.append(_identity(each))
    return found


def _identity(measured: Measured) -> Mapping[str, str]:
    return {name: words for name, words in measured.machine.items() if name not in _OF_THE_RUN}


def _numbers(machines: Sequence[Mapping[str, str]]) -> Sequence[str]:
    return [str(number) for number in range(1, len(machines) + 1)] if len(machines) > 1 else [""]


def _columns(machines: Sequence[Mapping[str, str]]) -> Iterator[tuple[str, ...]]:
    for name in dict.fromkeys(name for machine in machines for name in machine):
        yield name, *(machine.get(name, "") for machine in machines)


def _contract(results: Results) -> Iterator[tuple[str, ...]]:
    found = {
        (each.name, figure.name): figure
        for each in results.measured
        if each.device == "cpu"
        for figure in each.figures
    }
    for words, promised, name, figure_name in _CONTRACT:
        figure = found.get((name, figure_name))
        yield words, promised, _value(figure) if figure else "not measured"


def _missed(results: Results) -> Iterator[tuple[str, ...]]:
    """Rows of the figures that miss their target."""
    for each in (one for name in MINUTES for one in results.of(name)):
        for figure in each.figures:
            if figure.met is False:
                yield f"{each.name} ({each.device})", figure.name, _value(figure), str(figure.target)


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
