"""Lower bound for submissions: an ASGI application with the durable steps and nothing else.

It streams the upload to disk, probes it in the same pool of processes, renames it, writes and renames its
journal record, and enqueues one RQ job in one pipeline. It has no checks, limits, hash or lookups. The
difference to the real API is the cost of the API's own features.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis.asyncio
import uvicorn
from _ended import ended
from _listening import wait_until_it_listens
from python_multipart.multipart import MultipartParser, parse_options_header
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from voxq.processes.media.pool import ProbePool
from voxq.processes.parent_death import die_with_parent
from voxq.settings import Settings
from voxq.supervisor.ports import free_port


@contextmanager
def floor(settings: Settings, directory: Path) -> Iterator[str]:
    """Run the application with the Redis and the number of probing processes of `settings`; yields its URL.

    Its files go to `directory`.
    """
    port = free_port()
    arguments = [str(os.getpid()), str(port), str(directory), str(settings.media_processes)]
    # In the environment, because the URL contains the password and arguments are shown in the process list.
    environ = {**os.environ, "REDIS_URL": settings.redis_url or ""}
    process = subprocess.Popen([sys.executable, __file__, *arguments], env=environ)
    with ended(process):
        wait_until_it_listens(port)
        yield f"http://127.0.0.1:{port}/submit"


class Floor:
    """The ASGI application. It writes to disk in the event loop, which is cheapest for small files."""

    def __init__(self, redis_url: str, directory: Path, media_processes: int) -> None:
        self._directory = directory
        self._probes = ProbePool(media_processes, timeout_seconds=60, max_seconds=28800)
        self._recorder = Redis.from_url(redis_url)
        self._client = redis.asyncio.Redis.from_url(redis_url)
        self._queue = Queue("floor", connection=self._recorder, serializer=JSONSerializer)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        part = self._directory / f"{secrets.token_hex(16)}.part"
        await self._stream(dict(scope["headers"])[b"content-type"], receive, part)
        info = await self._probes.probe(part, "bench")
        recording = part.with_suffix(f".{info.extension}")
        part.rename(recording)
        record = recording.with_suffix(".json")
        beside = record.with_suffix(".tmp")
        beside.write_text(json.dumps({"id": record.stem, "file": recording.name, "duration": info.duration}))
        beside.rename(record)
        await self._enqueue(record.stem)
        body = json.dumps({"task_id": record.stem}).encode()
        length = str(len(body)).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
        await send({"type": "http.response.body", "body": body})

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        self._queue.get_redis_server_version()  # cached: `enqueue` must not ask while being recorded
        await self._probes.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._probes.close()
        await self._client.aclose()
        await send({"type": "lifespan.shutdown.complete"})

    @staticmethod
    async def _stream(content_type: bytes, receive: Any, part: Path) -> None:
        boundary = parse_options_header(content_type)[1][b"boundary"]
        with part.open("xb") as file:

            def write(data: bytes, start: int, end: int) -> None:
                file.write(memoryview(data)[start:end])

            parser = MultipartParser(boundary, {"on_part_data": write})
            more = True
            while more:
                message = await receive()
                parser.write(message.get("body", b""))
                more = message.get("more_body", False)

    async def _enqueue(self, task_id: str) -> None:
        """Let RQ build the commands, and send them with the asyncio client in one round trip."""
        recorded = self._recorder.pipeline()
        self._queue.enqueue("operator.neg", 1, job_id=task_id, pipeline=recorded, description="floor")
        async with self._client.pipeline(transaction=True) as pipeline:
            for arguments, options in recorded.command_stack:
                pipeline.execute_command(*arguments, **options)
            await pipeline.execute()
        recorded.reset()


def main() -> None:
    parent, port, directory, media_processes = sys.argv[1:]
    die_with_parent(int(parent))
    app = Floor(os.environ["REDIS_URL"], Path(directory), int(media_processes))
    uvicorn.run(
        app,  # pyright: ignore[reportArgumentType]
        host="127.0.0.1",
        port=int(port),
        log_config=None,
        access_log=False,
        server_header=False,
    )


if __name__ == "__main__":
    main()
