"""Storages of earlier versions that were killed, kept in `tests/data/spools`."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path
from typing import Any

import redis
from audio import RECORDINGS
from worker_lab import MEETING, NOTE

SPOOLS = Path(__file__).parent.parent / "data" / "spools"

_LONG = ("done", "under_way")


def unpack(name: str, storage: Path) -> dict[str, str]:
    """Copy the files of a spool into a new storage; returns the ids of its tasks by state."""
    shutil.copytree(SPOOLS / name / "files", storage)
    tasks = _read(name, "tasks.json")
    (storage / "recordings").mkdir(exist_ok=True)
    for file, source in _recordings(name, tasks).items():
        shutil.copyfile(source, storage / "recordings" / file)
    return tasks


def _recordings(name: str, tasks: dict[str, str]) -> dict[str, Path]:
    """Original recording of each stored file, by name."""
    if (SPOOLS / name / "recordings.json").exists():
        return {file: RECORDINGS / source for file, source in _read(name, "recordings.json").items()}
    return {f"{task_id}.ogg": MEETING if state in _LONG else NOTE for state, task_id in tasks.items()}


def _read(name: str, file: str) -> dict[str, Any]:
    return json.loads((SPOOLS / name / file).read_text())


def restore(name: str, client: redis.Redis) -> None:
    """Restore the contents of Redis, with remaining times that count from now.

    `client` may decode replies or not.
    """
    for key, (kind, value, *seconds) in _read(name, "redis.json").items():
        _put(client, key, kind, value)
        if seconds:
            client.expire(key, seconds[0])


def _put(client: redis.Redis, key: str, kind: str, value: Any) -> None:
    match kind:
        case "string":
            client.set(key, _bytes(value))
        case "hash":
            client.hset(key, mapping={_bytes(field): _bytes(text) for field, text in value.items()})
        case "list":
            client.rpush(key, *map(_bytes, value))
        case "set":
            client.sadd(key, *map(_bytes, value))
        case "zset":
            client.zadd(key, {_bytes(member): score for member, score in value.items()})
        case _:
            client.xadd(key, {_bytes(field): _bytes(text) for field, text in value.items()})


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)


class Expected:
    """Expected outcome of a spool made by `make_whole.py`, read from its original files."""

    def __init__(self, name: str) -> None:
        self.tasks: dict[str, str] = _read(name, "tasks.json")
        """Task ids by the property that each stands for."""
        self.ends: dict[str, dict[str, Any]] = _read(name, "ends.json")
        """End of each task as produced by the version that wrote the spool."""
        self._files = SPOOLS / name / "files"

    def sentences_left(self, name: str) -> list[str]:
        """Sentences of a text that had not been spoken."""
        sentences = [segment["t"] for segment in self.ends[name]["segments"]]
        said = "".join(sentences)
        kept = {said[line["start"] : line["end"]] for line in self._kept(name)}
        assert kept and kept < set(sentences)
        return [sentence for sentence in sentences if sentence not in kept]

    def waiting(self) -> dict[str, dict[str, Any]]:
        """Open records, by name, of the tasks that no worker had begun."""
        begun = ("decided", "under_way", "text_under_way")
        names = [name for name in self.tasks if name not in begun and self._open(name).exists()]
        return {name: self._open_record(name) for name in names}

    def deleted(self) -> list[str]:
        """Ids of tasks that had been deleted except for their lines in the log."""
        lines = (line for log in (self._files / "logs").iterdir() for line in log.read_text().splitlines())
        return [record["task_id"] for record in map(json.loads, lines) if record.get("erased")]

    def sample(self) -> bytes:
        """File of the spool's only voice."""
        (path,) = (self._files / "samples").iterdir()
        return path.read_bytes()

    def _open(self, name: str) -> Path:
        return self._files / "journal" / "open" / f"{self.tasks[name]}.json"

    def _open_record(self, name: str) -> dict[str, Any]:
        return json.loads(self._open(name).read_text())

    def _kept(self, name: str) -> list[dict[str, Any]]:
        path = self._files / "work" / f"{self.tasks[name]}.1" / "chunks.jsonl"
        return list(map(json.loads, path.read_text().splitlines()))
