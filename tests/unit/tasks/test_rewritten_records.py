"""What the log, the history and webhooks say of transcripts that were rewritten."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from task_lab import done, make_task

from voxq.api import views
from voxq.core.task import Status
from voxq.queue import ends
from voxq.queue.webhook_queue import Delivery
from voxq.storage.history_log import HistoryLog, record_of
from voxq.storage.journal.files import FileJournal
from voxq.storage.journal.port import Ended
from voxq.webhooks.message import body_of

MADE = {"text": "A secret, written.", "mode": "optimize", "checks": {}, "changes": {}, "seconds": 0.1}
WRITTEN = {"rewrite": {"status": "done", "result": MADE}}
FAILED = {"rewrite": {"status": "failed", "code": "timeout", "error": "Processing timeout (600s exceeded)"}}
NOTHING_SAID = {"rewrite": {"status": "done", "result": {}}}


def ended(steps: dict[str, dict[str, Any]]) -> Ended:
    return Ended(make_task(), done("a secret", steps=steps))


def message(end: Ended) -> dict[str, Any]:
    return json.loads(body_of(Delivery("bot_x_1", "e", "bot", "asr", end.task.id, 1, Status.DONE, 7), end))


def test_the_log_and_webhooks_have_the_rewritten_text() -> None:
    end = ended(WRITTEN)
    for told in (record_of(end), message(end)):
        assert (told["text"], told["rewritten"]) == ("a secret", "A secret, written.")
        assert told["rewrite_mode"] == "optimize"


def test_the_log_and_webhooks_say_why_it_failed() -> None:
    for told in (record_of(ended(FAILED)), message(ended(FAILED))):
        assert told["rewrite_error"] == "Processing timeout (600s exceeded)"
        assert not {"rewritten", "rewrite_mode"} & told.keys()
    for steps in ({}, NOTHING_SAID):
        assert not any("rewrit" in name for name in {*record_of(ended(steps)), *message(ended(steps))})


def test_the_history_says_how_it_was_rewritten_and_stays_small() -> None:
    record = json.loads(ends.history_item(record_of(ended(WRITTEN))))
    assert "rewritten" not in record
    shown = views.history_record("asr", record, has_audio=False).model_dump(exclude_unset=True)
    assert (shown["text"], shown["rewrite_mode"]) == ("a secret", "optimize")
    record = json.loads(ends.history_item(record_of(ended(FAILED))))
    shown = views.history_record("asr", record, has_audio=False).model_dump(exclude_unset=True)
    assert "600s" in shown["rewrite_error"]


def test_deletion_erases_the_rewritten_text_from_the_log(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path / "journal")
    log = HistoryLog(tmp_path / "log.jsonl")
    for steps in (WRITTEN, FAILED):
        end = ended(steps)
        journal.accept(end.task)
        log.settle([end], journal, maybe_logged=False)
        log.blank(end.task.id)
    left = (tmp_path / "log.jsonl").read_text()
    assert "secret" not in left and "600s" not in left
    assert left.count("erased") == 2
