"""Compare this tree with another revision: measure both in turns, in one run, and report what is worse.

    python scripts/bench/compare.py HEAD~20                                 pertask, backlog, hundred, ...
    python scripts/bench/compare.py v0.1.0 --names pertask submit --rounds 5

Both trees run with the same interpreter and the same packages, one after the other, and the order changes
from round to round, so that other load on the machine affects both. A figure counts as worse when its median
over the rounds is more than 3 % worse than the revision's, plus the noise: half the distance between the
revision's least and greatest value.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tarfile
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from _figures import Figure, median
from _results import Results, shown
from _suite import MINUTES

ROOT = Path(__file__).parents[2]
_NAMES = ("pertask", "backlog", "hundred", "throughput", "submit", "api")
_TOLERATED = 0.03
_MORE_IS_BETTER = frozenset({"tasks/s", "requests/s", "requests/min", "%", "calls/s"})


@dataclass(frozen=True, slots=True)
class Comparison:
    """A figure of both trees, round by round, in the same order."""

    measurement: str
    name: str
    unit: str
    more_is_better: bool | None
    """None: either way is good, or nobody said; then no change counts as worse."""
    ours: tuple[float, ...]
    theirs: tuple[float, ...]

    @property
    def worse_by(self) -> float:
        """Fraction by which our median is worse than theirs, negative if it is better; without a better side
        the fraction by which it is larger."""
        mine, other = median(self.ours), median(self.theirs)
        if not other:
            return 0.0 if mine == other else float("inf")
        return (other - mine if self.more_is_better else mine - other) / abs(other)

    @property
    def noise(self) -> float:
        """Half the range of their values, as a fraction of their median."""
        middle = median(self.theirs)
        return (max(self.theirs) - min(self.theirs)) / 2 / abs(middle) if middle else 0.0

    @property
    def is_worse(self) -> bool:
        return self.more_is_better is not None and self.worse_by > _TOLERATED + self.noise


def main(argv: Sequence[str] | None = None) -> int:
    """Run the comparison; returns 1 if any figure is worse, 2 if something could not be measured."""
    arguments = _parser().parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="voxq-compare-") as directory:
        other = Path(directory) / "revision"
        _check_out(arguments.revision, other)
        ours, theirs = [], []
        for number in range(arguments.rounds):
            turns = [(ROOT, ours), (other, theirs)]
            for tree, results in turns if number % 2 == 0 else reversed(turns):
                results.append(_measure(tree, arguments.names, Path(directory) / "figures.json"))
    compared = list(comparisons(ours, theirs))
    _print(compared, arguments.revision)
    if not compared:
        return 2
    return 1 if any(each.is_worse for each in compared) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("revision", metavar="REV", help="a revision of this repository")
    parser.add_argument("--names", nargs="+", choices=tuple(MINUTES), default=_NAMES, metavar="NAME")
    parser.add_argument("--rounds", type=int, default=3, help="how often each tree is measured (3)")
    return parser


def comparisons(ours: Sequence[Results], theirs: Sequence[Results]) -> Iterator[Comparison]:
    """Yield every figure that all rounds of both trees have."""
    mine, other = _by_figure(ours), _by_figure(theirs)
    for key, figures in mine.items():
        matching = other.get(key, [])
        if len(figures) == len(ours) and len(matching) == len(theirs):
            yield Comparison(
                *key,
                figures[0].unit,
                _more_is_better(figures[0]),
                tuple(each.value for each in figures),
                tuple(each.value for each in matching),
            )


def _by_figure(rounds: Sequence[Results]) -> Mapping[tuple[str, str], list[Figure]]:
    found: defaultdict[tuple[str, str], list[Figure]] = defaultdict(list)
    for results in rounds:
        for measured in results.measured:
            for figure in measured.figures:
                found[measured.name, figure.name].append(figure)
    return found


def _more_is_better(figure: Figure) -> bool | None:
    """A ratio without a target does not say which side is good."""
    if figure.target is not None and figure.target.relation != "=":
        return figure.target.relation == ">="
    return figure.unit in _MORE_IS_BETTER if figure.unit else None


def _check_out(revision: str, directory: Path) -> None:
    """Export the files of a revision to `directory`. Raises CalledProcessError."""
    directory.mkdir()
    archive = directory.with_suffix(".tar")
    with archive.open("wb") as file:
        subprocess.run(["git", "archive", revision], cwd=ROOT, stdout=file, check=True)  # noqa: S607 - git's place differs
    with tarfile.open(archive) as packed:
        packed.extractall(directory, filter="data")


def _measure(tree: Path, names: Sequence[str], file: Path) -> Results:
    """Measure a tree with its own scripts."""
    print(f"== {tree.name}: {', '.join(names)}", file=sys.stderr)
    environment = os.environ | {"PYTHONPATH": str(tree / "src")}
    script = tree / "scripts" / "bench" / "run.py"
    file.unlink(missing_ok=True)
    subprocess.run([sys.executable, script, *names, "--json", file], cwd=tree, env=environment, check=False)
    return Results.read(file)


def _print(compared: Sequence[Comparison], revision: str) -> None:
    print(f"| measurement | figure | this tree | {revision} | worse by | noise |")
    print("| --- | --- | --- | --- | --- | --- |")
    for each in compared:
        verdict = " **worse**" if each.is_worse else ""
        print(
            f"| {each.measurement} | {each.name} | {shown(median(each.ours))} {each.unit} "
            f"| {shown(median(each.theirs))} {each.unit} | {each.worse_by:+.1%}{verdict} | {each.noise:.1%} |"
        )


if __name__ == "__main__":
    sys.exit(main())
