"""Storages that earlier versions left behind when they were killed, as `tests/data/spools` keeps them."""

from __future__ import annotations

import base64
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import redis
from audio import RECORDINGS
from worker_lab import MEETING, NOTE

SPOOLS = Path(__file__).parent.parent / "data" / "spools"

_LONG = ("done", "under_way")


def unpack(name: str, storage: Path) -> dict[str, str]:
    """Put the files of a spool into a new storage. The ids of its tasks, by their state."""
    shutil.copytree(SPOOLS / name / "files", storage)
    tasks = _read(name, "tasks.json")
    (storage / "recordings").mkdir(exist_ok=True)
    for file, source in _recordings(name, tasks).items():
        shutil.copyfile(source, storage / "recordings" / file)
    return tasks


def _recordings(name: str, tasks: dict[str, str]) -> dict[str, Path]:
    """By stored name, the recording that it was."""
    if (SPOOLS / name / "recordings.json").exists():
        return {file: RECORDINGS / source for file, source in _read(name, "recordings.json").items()}
    return {f"{task_id}.ogg": MEETING if state in _LONG else NOTE for state, task_id in tasks.items()}


def _read(name: str, file: str) -> dict[str, Any]:
    return json.loads((SPOOLS / name / file).read_text())


def restore(name: str, client: redis.Redis) -> None:
    """Put back what Redis held, and let it expire when it would have, from now. `client` answers whatever it
    likes."""
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
    """What must become of a spool that `make_whole.py` made, read from its files as they were written."""

    def __init__(self, name: str) -> None:
        self.tasks: dict[str, str] = _read(name, "tasks.json")
        """Ids by what is special about them."""
        self.ends: dict[str, dict[str, Any]] = _read(name, "ends.json")
        """How the version that wrote it ends each task."""
        self._files = SPOOLS / name / "files"

    def chunks_left(self, name: str) -> Counter[float]:
        """Seconds of the chunks of a recording that no engine had finished: its text tells them all."""
        lengths = Counter(map(float, self.ends[name]["text"].replace("seconds", "").split()))
        kept = [round((line["end"] - line["start"]) / 16_000, 2) for line in self._kept(name)]
        return lengths - Counter(kept)

    def sentences_left(self, name: str) -> list[str]:
        """The sentences of a text that were not spoken yet."""
        sentences = [segment["t"] for segment in self.ends[name]["segments"]]
        said = "".join(sentences)
        kept = {said[line["start"] : line["end"]] for line in self._kept(name)}
        assert kept and kept < set(sentences)
        return [sentence for sentence in sentences if sentence not in kept]

    def waiting(self) -> dict[str, dict[str, Any]]:
        """The open records of the tasks that no worker had begun, by name."""
        begun = ("decided", "under_way", "text_under_way")
        names = [name for name in self.tasks if name not in begun and self._open(name).exists()]
        return {name: self._open_record(name) for name in names}

    def deleted(self) -> list[str]:
        """Ids of tasks that were gone already, but for their lines in the log."""
        lines = (line for log in (self._files / "logs").iterdir() for line in log.read_text().splitlines())
        return [record["task_id"] for record in map(json.loads, lines) if record.get("erased")]

    def sample(self) -> bytes:
        """The file of its one voice."""
        (path,) = (self._files / "samples").iterdir()
        return path.read_bytes()

    def _open(self, name: str) -> Path:
        return self._files / "journal" / "open" / f"{self.tasks[name]}.json"

    def _open_record(self, name: str) -> dict[str, Any]:
        return json.loads(self._open(name).read_text())

    def _kept(self, name: str) -> list[dict[str, Any]]:
        path = self._files / "work" / f"{self.tasks[name]}.1" / "chunks.jsonl"
        return list(map(json.loads, path.read_text().splitlines()))
