"""Run measurements and print their figures.

    python scripts/bench/run.py all --json out.json           all measurements
    python scripts/bench/run.py submit pertask                some of them
    python scripts/bench/run.py clips --json out.json --add   replace one of them in out.json
    python scripts/bench/report.py out.json                   out.json as Markdown

Each measurement starts its own services on free loopback ports, with files in a temporary directory (below
TMPDIR), and leaves nothing behind. Run it on an otherwise idle machine.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from _figures import Figure
from _machine import describe
from _results import Measured, Results, shown
from _suite import MINUTES, OPTIONS
from loguru import logger
from rich.console import Console
from rich.table import Table

_WIDTH = 140
"""Width of tables without a terminal."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the measurements; returns 0 if all could be measured, whatever their figures."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    names = tuple(MINUTES) if "all" in arguments.names else tuple(dict.fromkeys(arguments.names))
    if arguments.add and not arguments.json:
        parser.error("--add needs --json")
    results = Results.read(arguments.json) if arguments.add and arguments.json.exists() else Results()
    logger.configure(handlers=[{"sink": sys.stderr, "level": "WARNING"}])
    console = Console(stderr=True)
    machine = describe()
    console.print(f"at most {sum(MINUTES[name] for name in names)} minutes")
    measured = [_measure(name, _options(name, arguments), machine, console) for name in names]
    for each in measured:
        print_table(each)
    if arguments.json:
        arguments.json.write_text(results.with_added(measured).to_json())
    return 1 if any(each.error for each in measured) else 0


def _parser() -> argparse.ArgumentParser:
    lines = str(__doc__).splitlines()
    parser = argparse.ArgumentParser(description=lines[0])
    parser.add_argument("names", nargs="+", choices=(*MINUTES, "all"), metavar="NAME", help="or all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures and the machine here")
    parser.add_argument("--add", action="store_true", help="keep the other figures that FILE has")
    parser.add_argument(
        "--device", default="cpu", choices=("cpu", "cuda"), help="where a measurement can choose"
    )
    return parser


def _options(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    return {option: getattr(arguments, option) for option in OPTIONS.get(name, ())}


def _measure(name: str, options: dict[str, Any], machine: dict[str, str], console: Console) -> Measured:
    began = time.monotonic()

    def say(what: str) -> None:
        console.print(f"[dim]{time.monotonic() - began:5.0f} s[/]  {name}: {what}", highlight=False)

    def done(figures: Sequence[Figure] = (), error: str | None = None) -> Measured:
        device = options.get("device", "cpu")
        return Measured(name, device, machine, time.monotonic() - began, tuple(figures), error)

    say("starting")
    measure: Callable[..., Sequence[Figure]] = import_module(name).measure
    try:
        return done(measure(say, **options))
    except Exception as error:  # the other measurements are still useful
        traceback.print_exc()
        return done(error=f"{type(error).__name__}: {error}")


def print_table(measured: Measured) -> None:
    title = f"{measured.name} on {measured.device} ({measured.seconds:.0f} s)"
    table = Table(title=title, title_justify="left")
    table.add_column("figure")
    table.add_column("measured", justify="right")
    table.add_column("least .. greatest", justify="right")
    table.add_column("target", justify="right")
    table.add_column("note", style="dim")
    for figure in measured.figures:
        spread = f"{shown(figure.spread[0])} .. {shown(figure.spread[1])}" if figure.spread else ""
        value = f"{shown(figure.value)} {figure.unit}".strip()
        color = {True: "[green]", False: "[red]", None: ""}[figure.met]
        table.add_row(figure.name, f"{color}{value}", spread, str(figure.target or ""), figure.note)
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    console.print(table)
    if measured.error:
        console.print(f"not measured: {measured.error}", style="red", markup=False)


if __name__ == "__main__":
    sys.exit(main())
