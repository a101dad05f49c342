"""`kill -9` of every process under load, at times chosen by a seed: nothing is lost or done twice."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from audit import audit
from killing import Victim, kill_in_turn, recoveries
from mixed_load import MixedLoad, long_file, webhook, wishes
from stack import RunningStack, running_stack
from webhook_receiver import Receiver, receiver

TASKS = 60


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "victims", "workers"),
    [
        (1, ("probe", "model process", "worker", "valkey", "media", "api"), 2),
        (2, ("up", "model process", "everything"), 1),
    ],
)
def test_every_answered_task_ends_exactly_once(
    tmp_path: Path, seed: int, victims: tuple[Victim, ...], workers: int
) -> None:
    chance = random.Random(seed)
    wanted = wishes(chance, TASKS, long_file(tmp_path))
    with (
        receiver() as told,
        running_stack(tmp_path / "stack", rq_worker_count=workers, **webhook(told)) as stack,
        MixedLoad(stack, wanted, seconds=8) as load,
    ):
        kills = kill_in_turn(stack, chance.sample(victims, len(victims)), chance)
        answers = load.wait()
        stack.wait_ready()
        everybody_is_served(stack, load, told)
        for each in recoveries(stack, kills, answers.at):
            print(each)


def everybody_is_served(stack: RunningStack, load: MixedLoad, told: Receiver) -> None:
    answers = load.answers
    stack.wait_for_ends(set(answers.ids.values()) - answers.forgotten)
    load.ask_again()
    audit(stack, list(answers.ids.values()), forgotten=answers.forgotten)
    with_webhook = {answers.ids[wish.key] for wish in load.wanted if "callback" in wish.fields}
    assert with_webhook - answers.forgotten <= {each.message["task_id"] for each in told.told}
