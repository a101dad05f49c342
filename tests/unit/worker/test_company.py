"""How long batches may take, by who else is there."""

from __future__ import annotations

from voxq.core.task import Lane
from voxq.worker.dispatch.company import BatchTimes, Company

TIMES = BatchTimes(usual=1.0, brief=0.4)
LECTURE = ("lecture", Lane.LONG)
NOTE = ("note", Lane.SHORT)
OTHER = ("other", Lane.SHORT)


def company(*tasks: tuple[str, Lane], at: float = 0.0) -> Company:
    found = Company(TIMES)
    found.see(tasks, at)
    return found


def test_a_task_alone_has_large_batches_and_long_chunks() -> None:
    for task in (LECTURE, NOTE):
        assert company(task).batch_seconds(*task, now=0.0) == TIMES.alone
        assert not company(task).is_cut_fine(*task, now=0.0)


def test_a_long_recording_goes_in_small_pieces_while_somebody_waits_and_a_little_longer() -> None:
    both = company(LECTURE, NOTE)
    assert both.batch_seconds(*LECTURE, now=0.0) == TIMES.brief
    assert both.is_cut_fine(*LECTURE, now=0.0)
    both.see([LECTURE], 10.0)
    assert both.is_cut_fine(*LECTURE, now=20.0), "another note may follow"
    assert not both.is_cut_fine(*LECTURE, now=31.0)
    assert both.batch_seconds(*LECTURE, now=31.0) == TIMES.alone


def test_a_short_task_is_never_cut_fine() -> None:
    assert not company(LECTURE, NOTE, OTHER).is_cut_fine(*NOTE, now=0.0)


def test_a_note_beside_a_long_recording_does_not_wait_for_more_than_itself() -> None:
    assert company(LECTURE, NOTE).batch_seconds(*NOTE, now=0.0) == TIMES.brief


def test_notes_share_batches_of_the_usual_length() -> None:
    assert company(LECTURE, NOTE, OTHER).batch_seconds(*NOTE, now=0.0) == TIMES.usual
    assert company(NOTE, OTHER).batch_seconds(*NOTE, now=0.0) == TIMES.usual


def test_another_long_recording_is_no_company() -> None:
    assert company(LECTURE, ("film", Lane.LONG)).batch_seconds(*LECTURE, now=0.0) == TIMES.alone


def test_few_tasks_are_remembered() -> None:
    found = Company(TIMES)
    for number in range(1000):
        found.see([(f"note {number}", Lane.SHORT)], float(number))
    assert found.has_short("note 999", now=1000.0)
    assert not found.has_short("lecture", now=1040.0)
