from __future__ import annotations

import stat
from pathlib import Path

from voxq.storage.records import write_private


def test_a_private_file_is_replaced_atomically_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "valkey.json"
    (tmp_path / ".valkey.json.tmp").write_text("half a rec")
    for text in ("first", "second"):
        write_private(path, text)
        assert path.read_text() == text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
