"""Runs measurements and prints their figures.

    python scripts/bench/run.py all --json out.json     everything, in under ten minutes
    python scripts/bench/run.py submit pertask          some of it
    python scripts/bench/report.py out.json             out.json as Markdown

Each measurement starts a service of its own on free ports of the loopback, in a temporary directory (TMPDIR
says where), and leaves nothing behind. Run it on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from _figures import Figure
from _machine import describe
from loguru import logger
from rich.console import Console
from rich.table import Table

MEASUREMENTS = ("submit", "pertask", "throughput", "clip", "hundred", "api")

_WIDTH = 140
"""Of the tables where no terminal says how wide it is."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of one measurement, or what went wrong with it; `seconds` is what it took."""

    name: str
    seconds: float
    figures: tuple[Figure, ...] = ()
    error: str | None = None


def main(argv: Sequence[str] | None = None) -> int:
    """0 if everything could be measured, whatever the figures are."""
    arguments = _parser().parse_args(argv)
    names = MEASUREMENTS if "all" in arguments.names else tuple(dict.fromkeys(arguments.names))
    logger.configure(handlers=[{"sink": sys.stderr, "level": "WARNING"}])
    console = Console(stderr=True)
    machine = describe()
    measured = [_measure(name, console) for name in names]
    for each in measured:
        _print(each)
    if arguments.json:
        arguments.json.write_text(json.dumps(_document(machine, measured), indent=2) + "\n")
    return 1 if any(each.error for each in measured) else 0


def _parser() -> argparse.ArgumentParser:
    lines = str(__doc__).splitlines()
    parser = argparse.ArgumentParser(description=lines[0])
    parser.add_argument("names", nargs="+", choices=(*MEASUREMENTS, "all"), metavar="NAME", help="or all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures and the machine here")
    return parser


def _measure(name: str, console: Console) -> Measured:
    began = time.monotonic()

    def say(what: str) -> None:
        console.print(f"[dim]{time.monotonic() - began:5.0f} s[/]  {name}: {what}", highlight=False)

    say("starting")
    try:
        figures = tuple(import_module(name).measure(say))
    except Exception as error:  # the other measurements are worth having all the same
        traceback.print_exc()
        return Measured(name, time.monotonic() - began, error=f"{type(error).__name__}: {error}")
    return Measured(name, time.monotonic() - began, figures)


def _print(measured: Measured) -> None:
    table = Table(title=f"{measured.name} ({measured.seconds:.0f} s)", title_justify="left")
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


def shown(value: float) -> str:
    """Three significant digits, and all of a whole number."""
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def _document(machine: dict[str, str], measured: Sequence[Measured]) -> dict[str, Any]:
    return {"machine": machine, "measurements": [asdict(each) for each in measured]}


if __name__ == "__main__":
    sys.exit(main())
