"""Several models in one worker, each in its own model process, limited by memory."""

from __future__ import annotations

import time
from itertools import groupby
from pathlib import Path

import psutil
from worker_lab import MEETING, NOTE, WorkerLab, WorkerProcess, recording_of, wait_for

from voxq.core.task import Status

DONE, FAILED = Status.DONE, Status.FAILED
TWO = "b=counting_engine:KIND:sleep-1ms"
THREE = f"{TWO},c=counting_engine:KIND:sleep-2ms"
SWITCHES = 12
"""Number of switches; a leak would show from the first one."""


def resident(lab: WorkerLab) -> dict[str, str]:
    """Return the state of each loaded model in the last heartbeat."""
    return {model["name"]: model["state"] for model in lab.facts(1).get("resident", ())}


def wait_for_resident(lab: WorkerLab, *names: str) -> None:
    wait_for(lambda: resident(lab) == dict.fromkeys(names, "ready"), f"only {names} loaded")


def memory_of(worker: WorkerProcess) -> int:
    """Return the MB of the worker and its model processes."""
    processes = [psutil.Process(worker.pid), *worker.helpers("model process")]
    return sum(process.memory_info().rss for process in processes) >> 20


def test_two_models_are_loaded_at_once(make_lab) -> None:
    lab: WorkerLab = make_lab(asr_models=TWO, max_inflight=None)
    worker = lab.worker()
    facts = lab.facts(1)
    assert facts["models"][0] == "noop"
    assert {"b", "noop"} <= set(facts["models"])
    assert resident(lab) == {"noop": "ready"}
    tasks = [lab.submit(NOTE, f"for-{name}", model=name) for name in ("b", "noop", None, "b")]
    outcomes = lab.wait_for_ends(tasks)
    assert [(o.status, o.attempts, o.model) for o in outcomes] == [
        (DONE, 1, name) for name in ("b", "noop", "noop", "b")
    ]
    right = {"noop": {"for-noop", "for-None"}, "sleep-1ms": {"for-b"}}
    for model, call in zip(lab.models_called(), lab.calls(), strict=True):
        assert {word for _, words in call for word in words} <= right[model]
    wait_for_resident(lab, "noop", "b")
    facts = lab.facts(1)
    assert (facts["loads"], facts["switches"], facts["state"]) == (2, 1, "ready")
    assert facts["load_seconds_total"] > 0
    assert facts["memory"]["total_mb"] > facts["memory"]["used_mb"] > 0
    assert all(model["memory_mb"] > 20 for model in facts["resident"])
    lab.assert_ended_once(tasks)

    # One of them dies: the other continues, and it is loaded again without a request.
    pids = {process.pid for process in worker.helpers("model process")}
    lab.close_gate()
    held_up = lab.submit(NOTE, "gated", model="b")
    wait_for(lambda: lab.calls()[-1][0][1] == ("gated",), "the call")
    other = lab.submit(NOTE)
    psutil.Process(lab.callers()[-1]).kill()
    lab.open_gate()
    assert [o.status for o in lab.wait_for_ends([held_up, other])] == [DONE, DONE]
    wait_for_resident(lab, "noop", "b")
    assert len(pids & {process.pid for process in worker.helpers("model process")}) == 1
    assert lab.facts(1)["switches"] == 1, "coming back after a crash is none"


def test_with_memory_for_one_model_they_take_turns(make_lab) -> None:
    """Models of 100 MB replace each other; each replacement ends a model process and frees its memory."""
    lab: WorkerLab = make_lab(asr_models=TWO, model_memory_mb=200)
    worker = lab.worker(VOXQ_TEST_LOAD_MB="100")
    links, memory = {worker.helper("model process").pid}, []
    for number in range(SWITCHES):
        (outcome,) = lab.wait_for_ends([lab.submit(NOTE, model=("b", "noop")[number % 2])])
        assert outcome.status is DONE
        (link,) = worker.helpers("model process")
        links.add(link.pid)
        memory.append(memory_of(worker))
    assert len(links) == SWITCHES + 1
    facts = wait_for(lambda: lab.facts(1)["switches"] == SWITCHES and lab.facts(1), "all switches told")
    assert facts["loads"] == SWITCHES + 1
    print(f"MB after each switch: {memory}")
    assert memory[0] > 100
    assert max(memory[5:]) < memory[0] + 30


def test_a_model_is_not_unloaded_during_a_batch(make_lab) -> None:
    """The model is unloaded after its batch; the rest of its work is done later."""
    lab: WorkerLab = make_lab(asr_models=TWO, model_memory_mb=64, max_inflight=4)
    worker = lab.worker()
    lab.close_gate()
    first = lab.submit(NOTE, "gated")
    wait_for(lab.calls, "the first call")
    second = lab.submit(NOTE, model="b")
    worker.wait_for_log(f"task={second.short_id} vad_segments")
    assert len(worker.helpers("model process")) == 1
    lab.open_gate()
    outcomes = lab.wait_for_ends([first, second])
    assert [(o.status, o.attempts, o.incidents) for o in outcomes] == [(DONE, 1, ())] * 2
    wait_for_resident(lab, "b")
    assert lab.facts(1)["state"] == "ready", "a model that was unloaded can be loaded"


def test_a_long_file_progresses_beside_notes_for_another_model(make_lab, tmp_path: Path) -> None:
    """With memory for one model, short recordings would take every turn from it as soon as it is loaded."""
    lab: WorkerLab = make_lab(
        asr_model="sleep-300ms", asr_models=TWO, model_memory_mb=64, max_inflight=4, long_audio_seconds=15
    )
    lab.worker(VOXQ_TEST_LOAD_SECONDS="0.2")
    long = lab.submit(recording_of(tmp_path / "long.wav", *["zh_meeting"] * 8), batch_size=5)
    notes = []
    started = time.monotonic()
    while lab.outcome(long) is None:
        notes += lab.wait_for_ends([lab.submit(NOTE, model="b")], 60)
        assert time.monotonic() - started < 90, "it starves"
    slowest = max(outcome.timings.total for outcome in notes)
    turns = [(model, len(list(batches))) for model, batches in groupby(lab.models_called())]
    print(f"{len(notes)} notes, the slowest in {slowest:.1f} s; batches of each turn: {turns}")
    assert {outcome.status for outcome in [*notes, *lab.wait_for_ends([long])]} == {DONE}
    of_the_long_file = [batches for model, batches in turns if model == "sleep-300ms"]
    assert all(batches > 5 for batches in of_the_long_file[:-1])  # its last turn ends with the file


def test_an_idle_model_is_unloaded_and_loaded_again(make_lab) -> None:
    lab: WorkerLab = make_lab(model_idle_seconds=1)
    worker = lab.worker()
    wait_for(lambda: not worker.helpers("model process"), "the end of the idle model process")
    facts = wait_for(lambda: not resident(lab) and lab.facts(1), "no model told")
    assert facts["state"] == "ready"
    (outcome,) = lab.wait_for_ends([lab.submit()])
    assert (outcome.status, outcome.attempts) == (DONE, 1)
    wait_for(lambda: lab.facts(1)["switches"] == 1, "a switch told")


def test_preload_models_lists_the_models_loaded_at_the_start(make_lab) -> None:
    """None or several; one that cannot be loaded does not stop the others."""
    lab: WorkerLab = make_lab(preload_models="none", asr_models=THREE, max_attempts=1)
    worker = lab.worker(1)
    assert lab.facts(1)["state"] == "ready"
    assert not worker.helpers("model process")
    lab.wait_for_ends([lab.submit(model="c")])
    assert resident(lab).keys() <= {"c"}
    worker.stop()
    everything = {"PRELOAD_MODELS": "nothing,c,b", "VOXQ_TEST_BROKEN": "sleep-2ms"}
    worker = lab.worker(1, **everything)
    assert "PRELOAD_MODELS: There is no model 'nothing' here" in worker.log
    wait_for_resident(lab, "b")
    wait_for(lambda: "model=c is given up" in worker.log, "the end of its attempts")
    lab.wait_for_ends([lab.submit(model="noop")])
    wait_for(lambda: lab.facts(1)["switches"] == 1, "a switch told")


def test_a_model_that_does_not_load_fails_its_own_tasks_only(make_lab) -> None:
    lab: WorkerLab = make_lab(asr_models=THREE, max_inflight=6, max_attempts=2)
    worker = lab.worker(VOXQ_TEST_BROKEN="sleep-2ms")
    broken = [lab.submit(NOTE, model="c") for _ in range(2)]
    others = [lab.submit(NOTE, model=name) for name in ("b", None)]
    assert [o.status for o in lab.wait_for_ends(others)] == [DONE, DONE]
    for outcome in lab.wait_for_ends(broken):
        assert (outcome.status, outcome.code, outcome.model) == (FAILED, "model_failed", "c")
        assert outcome.error == "The model c could not be loaded here."
    wait_for(lambda: worker.log.count("model=c process ended") == 2, "two attempts")
    (again,) = lab.wait_for_ends([lab.submit(NOTE, model="c")])
    assert again.code == "model_failed"
    wait_for(lambda: worker.log.count("model=c process ended") == 4, "the attempts of the next task")
    assert lab.facts(1)["state"] == "ready"
    assert worker.is_alive()


def test_a_missing_model_is_reported(make_lab) -> None:
    lab: WorkerLab = make_lab()
    worker = lab.worker()
    task = lab.submit(model="gone")
    (outcome,) = lab.wait_for_ends([task])
    assert (outcome.status, outcome.code, outcome.model) == (FAILED, "model_unavailable", "gone")
    assert outcome.error is not None
    assert "There are: noop" in outcome.error
    lab.assert_ended_once([task])
    lab.wait_for_ends([lab.submit()])
    assert worker.is_alive()


def test_out_of_memory_unloads_other_models_before_a_task_is_blamed(make_lab) -> None:
    lab: WorkerLab = make_lab(asr_models=TWO, max_attempts=1)
    worker = lab.worker()
    lab.wait_for_ends([lab.submit(model="b")])
    wait_for_resident(lab, "noop", "b")
    (outcome,) = lab.wait_for_ends([lab.submit(NOTE, "fault-memory-once")])
    assert (outcome.status, outcome.attempts) == (DONE, 1)
    assert [incident.code for incident in outcome.incidents] == ["out_of_memory"]
    worker.wait_for_log("model=b status=unloaded")
    (failed,) = lab.wait_for_ends([lab.submit(NOTE, "fault-memory")])
    assert (failed.status, failed.code) == (FAILED, "out_of_memory"), "nobody else was there"
    facts = wait_for(lambda: lab.facts(1)["out_of_memory"] == 2 and lab.facts(1), "it is told")
    assert [model["name"] for model in facts["resident"]] == ["noop"]


def test_after_a_kill_near_the_end_of_a_long_file_only_the_rest_is_done(make_lab, tmp_path: Path) -> None:
    """This also holds if the next worker must load the model to know which results it can use."""
    lab: WorkerLab = make_lab(asr_models=TWO)
    worker = lab.worker()
    long = recording_of(tmp_path / "long.wav", *["zh_meeting"] * 5)
    task = lab.submit(long, "gated-after-22", batch_size=5, model="b")
    wait_for(lambda: len(lab.calls()) == 23, "nearly all of its 25 chunks")
    in_hand = len(lab.calls()[-1])
    wait_for(
        lambda: lab.chunks_kept(task) == sum(map(len, lab.calls())) - in_hand, "those before it on the disk"
    )
    worker.kill()
    lab.open_gate()
    before = sum(map(len, lab.calls()))
    lab.worker(2)
    (outcome,) = lab.wait_for_ends([task])
    chunks = len(outcome.segments)
    after = sum(map(len, lab.calls())) - before
    print(f"of {chunks} chunks {after} ran after the death at 90%")
    assert (outcome.status, outcome.attempts) == (DONE, 1)
    assert 1 <= after <= chunks * 0.1 + 3, "what is left, and what was in the engine"
    lab.assert_ended_once([task])


def test_a_default_model_that_stops_loading_is_retried(make_lab) -> None:
    """Its tasks wait and keep their finished chunks, texts are still spoken, and loading is retried at
    intervals."""
    lab: WorkerLab = make_lab(max_attempts=2, max_inflight=2)
    worker = lab.worker()
    begun = lab.submit(MEETING, "gated-after-1", batch_size=5)
    wait_for(lambda: len(lab.calls()) == 2, "its second chunk")
    with lab.broken_models():
        worker.helper("model process").kill()
        killed = time.monotonic()
        lab.open_gate()
        waiting = [lab.submit(NOTE) for _ in range(3)]
        worker.wait_for_log(f"task={begun.short_id} requeued")
        wait_for(lambda: {lab.document(t)["status"] for t in (begun, *waiting)} == {"queued"}, "all wait")
        facts = wait_for(lambda: lab.facts(1)["state"] == "failed" and lab.facts(1), "it is told")
        assert "Its weights are gone" in facts["error"]
        (spoken,) = lab.wait_for_ends([lab.submit_text("This can be said all the same.")])
        assert spoken.status is DONE
        time.sleep(3)
        loads = worker.log.count("process ended:") - 1
        assert 2 ** (loads - 1) <= time.monotonic() - killed + 1, "at once, then after 1, 2, 4 seconds"
    outcomes = lab.wait_for_ends([begun, *waiting])
    assert [(o.status, o.attempts) for o in outcomes] == [(DONE, 2), *[(DONE, 1)] * 3]
    assert sum(map(len, lab.calls())) <= sum(len(o.segments) for o in outcomes) + 2
    assert worker.is_alive()


def test_a_task_whose_model_one_worker_cannot_load_goes_to_another(make_lab) -> None:
    lab: WorkerLab = make_lab(max_attempts=2, max_inflight=2)
    broken, healthy = lab.worker(1), lab.worker(2)
    with lab.broken_models():
        tasks = [lab.submit(MEETING, "gated", batch_size=5) for _ in range(4)]
        wait_for(lambda: lab.facts(1).get("held", 0) == 2, "tasks for both")
        broken.helper("model process").kill()
        lab.open_gate()
        outcomes = lab.wait_for_ends(tasks)
    assert [(o.status, o.worker_id) for o in outcomes] == [(DONE, 2)] * 4
    assert healthy.is_alive()
    lab.assert_ended_once(tasks)
