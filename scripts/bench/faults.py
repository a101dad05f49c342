"""Kill every process of a service under load, repeatedly, and measure how long it takes to recover.

    python scripts/bench/faults.py --seeds 20 --minutes 30 --json faults.json
    python scripts/bench/faults.py --calm --seeds 5     recovery time after each kill, one at a time

For each seed, a new stack gets sixty tasks (notes, long files, texts; some fail, some are cancelled, some
have a webhook) while one process of each role is killed with `kill -9` at times that the seed determines; at
the end all at once. Then every task whose id a client got must have ended exactly once. The exit status is 1
if anything was lost, doubled or left behind.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from _figures import median
from rich.console import Console
from rich.table import Table

_ROOT = Path(__file__).parents[2]
sys.path += [str(_ROOT / "tests" / "support"), str(_ROOT / "scripts")]

from audit import audit, doubled, lost  # noqa: E402
from killing import Recovery, Victim, kill_in_turn, recoveries  # noqa: E402
from mixed_load import MixedLoad, long_file, webhook, wishes  # noqa: E402
from stack import ROLES, running_stack  # noqa: E402
from webhook_receiver import receiver  # noqa: E402

_WORKERS = 2


@dataclass(frozen=True, slots=True)
class Pace:
    """Number of tasks, the seconds over which they come, and minimum and maximum seconds before each kill."""

    tasks: int
    seconds: float
    pause: tuple[float, float]


_STORM = Pace(60, 12.0, (0.2, 1.5))
_CALM = Pace(240, 190.0, (20.0, 24.0))
"""Pace at which the service recovers from each kill before the next: a claim lasts 15 s."""


@dataclass(frozen=True, slots=True)
class Round:
    """Result of one seed. `disk_warnings`: problems found on the disk afterwards."""

    seed: int
    tasks: int
    lost: int
    doubled: int
    recoveries: tuple[Recovery, ...]
    disk_warnings: str = ""


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5, help="how many rounds (default: 5)")
    parser.add_argument("--calm", action="store_true", help="240 tasks, 20 s and more between two kills")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--minutes", type=float, default=60, help="begin no round later than this")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures here")
    arguments = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 140)
    deadline = time.monotonic() + arguments.minutes * 60
    rounds: list[Round] = []
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        if time.monotonic() > deadline:
            break
        rounds.append(_round(seed, _CALM if arguments.calm else _STORM))
        each = rounds[-1]
        console.print(
            f"seed {seed}: {each.tasks} tasks, {each.lost} lost, {each.doubled} doubled {each.disk_warnings}",
            markup=False,
        )
    _print(console, rounds)
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(each) for each in rounds], indent=2) + "\n")
    return 1 if any(each.lost or each.doubled or each.disk_warnings for each in rounds) else 0


def _round(seed: int, pace: Pace) -> Round:
    chance = random.Random(seed)
    victims: list[Victim] = [*chance.sample(ROLES, len(ROLES)), "everything"]
    disk_warnings = ""
    with tempfile.TemporaryDirectory(prefix="voxq-faults-") as directory:
        wanted = wishes(chance, pace.tasks, long_file(Path(directory)))
        with (
            receiver() as told,
            running_stack(Path(directory) / "stack", rq_worker_count=_WORKERS, **webhook(told)) as stack,
            MixedLoad(stack, wanted, pace.seconds) as load,
        ):
            kills = kill_in_turn(stack, victims, chance, pause=pace.pause)
            answers = load.wait()
            ids = list(answers.ids.values())
            try:
                stack.wait_ready()
                stack.wait_for_ends(set(ids) - answers.forgotten)
                audit(stack, ids, forgotten=answers.forgotten)
            except AssertionError as error:
                disk_warnings = str(error)
            missing = lost(stack, ids, answers.forgotten)
            recovered = recoveries(stack, kills, answers.at)
            return Round(seed, len(ids), len(missing), len(doubled(stack)), tuple(recovered), disk_warnings)


def _print(console: Console, rounds: Sequence[Round]) -> None:
    tasks, gone, twice = (sum(getattr(each, n) for each in rounds) for n in ("tasks", "lost", "doubled"))
    table = Table(
        title=f"{tasks} tasks, {gone} lost, {twice} doubled; seconds from a kill: median (longest)",
        title_justify="left",
    )
    table.add_column("killed")
    for name in (
        "kills",
        "tasks under way",
        "next task ended",
        "next client answered",
        "all under way ended",
    ):
        table.add_column(name, justify="right")
    for victim in (*ROLES, "everything"):
        of_role = [each for one in rounds for each in one.recoveries if each.victim == victim]
        table.add_row(
            victim,
            str(len(of_role)),
            str(sum(each.under_way for each in of_role)),
            _seconds(of_role, lambda each: each.next_end),
            _seconds(of_role, lambda each: each.next_answer),
            _seconds(of_role, lambda each: each.all_ended),
        )
    console.print(table)


def _seconds(recovered: Sequence[Recovery], which: Callable[[Recovery], float | None]) -> str:
    found = [seconds for each in recovered if (seconds := which(each)) is not None]
    return f"{median(found):.1f} ({max(found):.1f})" if found else ""


if __name__ == "__main__":
    sys.exit(main())
