"""Redis in memory, as far as a worker needs it: lanes, claims and documents of tasks."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Self

from redis.exceptions import ConnectionError as RedisConnectionError

from voxq.queue.keys import RQ_QUEUE
from voxq.queue.script import script

_SCRIPTS = ("enqueue", "claim", "register", "report", "beat", "release", "drop", "finish", "count")


class InMemoryRedis:
    """Double of a client that decodes answers to text. It does what the scripts of a worker do, except for
    RQ's views, and no more. While `is_away`, it fails like a server that cannot be reached."""

    def __init__(self, epoch: str) -> None:
        """Start empty. `epoch`: id of the storage that it works for."""
        self.connection = None
        """As of a client that takes a connection from a pool for each command."""
        self.is_away = False
        self.lanes: defaultdict[str, list[str]] = defaultdict(list)
        """Waiting ids by queue, the next one first."""
        self.claims: dict[str, str] = {}
        """Worker of each claimed task, by task id."""
        self.documents: dict[str, dict[str, Any]] = {}
        """Document of each task that clients see, by task id."""
        self.ended: list[tuple[str, int]] = []
        """Id and run of every end, in the order in which they were announced."""
        self._epoch = epoch
        self._by_sha = {script(name).sha: name for name in _SCRIPTS}

    def evalsha(self, sha: str, _keys: int, context: str, args: str, _data: bytes = b"") -> Any:
        """Run the script with this digest. Raises redis.exceptions.ConnectionError while it is away."""
        self._check()
        run: Callable[[dict[str, Any]], Any] = getattr(self, f"_{self._by_sha[sha]}")
        return run(json.loads(args))

    def pipeline(self, *, transaction: bool = True) -> _Pipeline:
        return _Pipeline(self)

    def lengths(self, keys: list[str]) -> list[int]:
        """Number of waiting tasks in each of these lists, by the names that RQ gives them."""
        self._check()
        return [len(self.lanes[key.removeprefix(RQ_QUEUE)]) for key in keys]

    def _check(self) -> None:
        if self.is_away:
            raise RedisConnectionError("the double is away")

    def _enqueue(self, args: dict[str, Any]) -> list[Any]:
        self.documents[args["id"]] = json.loads(args["document"])
        self.lanes[args["lane"]].append(args["id"])
        return ["queued", len(self.lanes[args["lane"]]), "0"]

    def _claim(self, args: dict[str, Any]) -> list[Any]:
        if any(self.lanes[queue] for queue in args["beside"]):
            return []
        taken: list[Any] = []
        free = dict(args["room"]["free"])
        for queue in args["lanes"]:
            while self.lanes[queue] and free.get(queue) and len(taken) < 4 * args["most"]:
                task_id = self.lanes[queue].pop(0)
                self.claims[task_id] = args["worker"]
                self.documents[task_id] |= {"status": "processing", "started_at": args["started_at"]}
                taken += [
                    task_id,
                    queue,
                    f"{args['execution']}{len(taken):04x}",
                    self.documents[task_id]["run"],
                ]
                free = {other: count - 1 for other, count in free.items()}
        return [0, sum(len(self.lanes[queue]) for queue in args["lanes"]), *taken]

    def _register(self, args: dict[str, Any]) -> int:
        if self.claims.setdefault(args["id"], args["worker"]) != args["worker"]:
            return 0
        self.documents[args["id"]] = json.loads(args["document"])
        return 1

    def _report(self, args: dict[str, Any]) -> int:
        if self.claims.get(args["id"]) != args["worker"]:
            return 0
        self.documents[args["id"]] = json.loads(args["document"])
        return 1

    def _beat(self, args: dict[str, Any]) -> list[Any]:
        lost = [task_id for task_id, *_ in args["held"] if self.claims.get(task_id) != args["worker"]]
        return [self._epoch, 1, 0, *lost]

    def _release(self, args: dict[str, Any]) -> int:
        mine = [each for each in args["held"] if self.claims.get(each[0]) == args["worker"]]
        for task_id, queue in reversed(mine):
            del self.claims[task_id]
            self.lanes[queue].insert(0, task_id)
        return len(mine)

    def _drop(self, args: dict[str, Any]) -> int:
        return int(self.claims.pop(args["id"], None) is not None)

    def _finish(self, args: dict[str, Any]) -> str:
        end = (args["id"], args["run"])
        if end in self.ended:
            return "known"
        self.claims.pop(args["id"], None)
        self.documents[args["id"]] = json.loads(args["document"])
        self.ended.append(end)
        return "ended"

    def _count(self, args: dict[str, Any]) -> int:
        return 1


class _Pipeline:
    """Runs scripts, or returns the lengths of lanes."""

    def __init__(self, double: InMemoryRedis) -> None:
        self._double = double
        self._keys: list[str] = []
        self._calls: list[tuple[Any, ...]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._calls.clear()

    def llen(self, key: str) -> None:
        self._keys.append(key)

    def execute_command(self, _name: str, *words: Any) -> None:
        """Add the call of a script."""
        self._calls.append(words)

    def execute(self, *, raise_on_error: bool = True) -> list[Any]:
        if self._calls:
            return [self._double.evalsha(*words) for words in self._calls]
        return self._double.lengths(self._keys)
