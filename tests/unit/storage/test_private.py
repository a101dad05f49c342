"""Everything stored is accessible to its owner only, even without the umask that the processes set."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from task_lab import done, make_task

from voxq.core.outcome import Incident
from voxq.storage.blobs.files import FileBlobs
from voxq.storage.history_log import HistoryLog
from voxq.storage.journal.files import FileJournal
from voxq.storage.records import write_private
from voxq.storage.scratch import WorkFiles
from voxq.storage.storage_id import storage_id
from voxq.supervisor.instance import exclusive

pytestmark = pytest.mark.usefixtures("open_umask")


def test_every_file_and_directory_is_private(tmp_path: Path) -> None:
    task, other = make_task(), make_task()
    blobs = FileBlobs(tmp_path / "recordings", tmp_path / "incoming")
    part = blobs.part("x")
    part.write_bytes(b"sound")  # in a directory that nobody else can enter
    blobs.keep(part, task.file)

    journal = FileJournal(tmp_path / "journal")
    storage_id(tmp_path / "journal")
    journal.accept(task)
    journal.accept(other)
    assert journal.end(task, done())
    journal.mark_notified(task.id, 1)
    end = journal.ended(task.id, 1)
    assert end is not None
    HistoryLog(tmp_path / "logs" / "history.jsonl").settle([end], journal, maybe_logged=False)
    (tmp_path / "journal" / "open" / f"{other.id}.json").write_text("{")
    assert journal.open_task(other.id) is None, "it is set aside"

    work = WorkFiles(tmp_path / "work").open(task)
    work.add_chunk("c", 0, 1, {})
    work.add_incident(Incident(1.0, "timeout", "x"), blamed=False)
    work.mark_running({None: [(0, 1)]})
    write_private(tmp_path / "valkey.json", "x")
    with exclusive(tmp_path / "run", 0.0):
        assert (tmp_path / "run" / "up.lock").exists()

    made = list(tmp_path.rglob("*"))
    for path in made:
        assert stat.S_IMODE(path.lstat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    assert {"recordings", "incoming", "journal", "logs", "work", "run", "valkey.json"} == {
        path.name for path in made if path.parent == tmp_path
    }
    assert len(made) > 15, "else nothing was shown"
