"""What may be shown of an answer while it grows: nothing that the text does not say at this place."""

from __future__ import annotations

import pytest

from voxq.rewriting import Mode, Rewrite
from voxq.rewriting.drafts import SHOWN, Drafting

ENGLISH = "Um, so we meet on March 5 at 3 pm. The budget is 120 dollars, not more. Bring uh your badge. Bye."
CLEAN = "So we meet on March 5 at 3 pm. The budget is 120 dollars, not more. Bring your badge. Bye."
CHINESE = "嗯，我们周三下午三点开会。预算是一百二十万，不能超过。请带上那个工牌。"
CLEAN_CHINESE = "我们周三下午三点开会。预算是一百二十万，不能超过。请带上工牌。"
TEXTS = [(ENGLISH, CLEAN), (CHINESE, CLEAN_CHINESE)]


def shown(text: str, answer: str, mode: Mode = Mode.OPTIMIZE) -> list[str]:
    """Everything that is shown while an answer comes character by character."""
    drafting = Drafting(Rewrite(text, mode))
    return list(dict.fromkeys(drafting.shown(answer[:length]) for length in range(len(answer) + 1)))


@pytest.mark.parametrize(("text", "answer"), TEXTS, ids=["en", "zh"])
@pytest.mark.parametrize("mode", [Mode.OPTIMIZE, Mode.FORMAT])
def test_it_grows_by_whole_sentences(text: str, answer: str, mode: Mode) -> None:
    drafts = shown(text, answer, mode)
    assert len(drafts) == 4
    assert all(answer.startswith(draft) for draft in drafts)
    assert all(draft[-1:] in ("", ".", "。") for draft in drafts)


@pytest.mark.parametrize(("text", "answer"), TEXTS, ids=["en", "zh"])
@pytest.mark.parametrize(
    "before",
    [
        "<think>The user says we meet on March 5. 用户说周三开会。\n",
        "<think>\nOkay.\n</think>\n\nSure! ",
        "Okay, the user wants me to clean this up. Let me look at it first.\n",
        "好的，用户要我整理这段话。先看一下。\n",
        "Hello! I am happy to help you with that. ",
        "We all agreed to fire Mr Miller. 我们都同意解雇王总。",
    ],
)
def test_what_is_not_said_stops_it(text: str, answer: str, before: str) -> None:
    assert shown(text, before + answer) == [""] or all(
        answer.startswith(draft) for draft in shown(text, before + answer)
    )


def test_an_invention_in_the_middle_ends_it() -> None:
    invented = CLEAN.replace("Bring your badge.", "We will all fly to Paris in a jet next year.")
    *_, last = shown(ENGLISH, invented)
    assert last == "So we meet on March 5 at 3 pm. The budget is 120 dollars, not more."


def test_a_number_that_was_not_said_hides_all() -> None:
    *_, last = shown(ENGLISH, CLEAN.replace("120", "210"))
    assert "210" not in last


def test_of_marks_alone_every_letter_counts() -> None:
    text = "we meet on march 5 at 3 pm the budget is 120 dollars not more bring your badge"
    answer = "We meet on March 5 at 3 pm. The budget is 120 dollars, not more. Bring your badge."
    assert len(shown(text, answer, Mode.PUNCTUATE)) == 3
    assert shown(text, answer.replace("We meet", "We met"), Mode.PUNCTUATE) == [""]


@pytest.mark.parametrize("mode", sorted(set(Mode) - SHOWN))
def test_of_other_modes_nothing_is_shown(mode: Mode) -> None:
    assert shown(ENGLISH, CLEAN, mode) == [""]
