"""Put any server with OpenAI's audio API beside VoxQ: the same notes and files, at once and one by one.

    python scripts/bench/beside.py --start "env API_PORT={port} STORAGE_PATH={directory} voxq up"
    python scripts/bench/beside.py --start "python scripts/bench/ten_lines.py {port}"
    python scripts/bench/beside.py http://127.0.0.1:9000          a server that runs already

Each figure is of requests to `/v1/audio/transcriptions` over loopback: 24 notes of 3 to 10 s at once, one
note at a time, a file, and notes while a long file is being transcribed. Processor time is that of the
server's process and its descendants. With `--start`, its busiest process is killed at the end in the middle
of 24 notes, and the requests are counted that never got an answer. Compare servers one after another on an
idle machine, with the same weights. No recording is sent twice, because VoxQ
answers from what it has recognised before. Whether everything runs is seen sooner with `--quick`.
"""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
from _ended import ended
from _figures import Figure, median, over_rounds, percentile
from _machine import describe
from _meter import family_seconds
from _recordings import lecture, notes, story
from _results import Measured, Results, shown

from voxq.supervisor.ports import free_port

sys.path.append(str(Path(__file__).parents[1]))
from _error_rate import word_error_rate

_READY_SECONDS = 300.0
_PATIENCE = 900.0
_BESIDE_PATIENCE = 60.0
"""Seconds after which a note beside a long file counts as unanswered."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """How much is asked of a server. `lead`: seconds for which the long file of so many `minutes` is being
    transcribed before the first note."""

    notes: int = 24
    alone: int = 5
    beside: int = 5
    minutes: int = 20
    lead: float = 30.0

    @property
    def killed_after(self) -> int:
        """Number of answered notes after which the server is killed."""
        return self.notes // 3


_QUICK = Amounts(notes=6, alone=1, beside=2, minutes=4, lead=3.0)


@dataclass(frozen=True, slots=True)
class Server:
    """A server under test, and its process if that is known."""

    url: str
    model: str
    process: psutil.Process | None

    def transcribe(self, path: Path, language: str | None = None, patience: float = _PATIENCE) -> str:
        """Return the text of a recording. Raises httpx.HTTPError for any answer but a text."""
        data = {"model": self.model, "response_format": "json"} | ({"language": language} if language else {})
        answer = httpx.post(
            f"{self.url}/v1/audio/transcriptions",
            data=data,
            files={"file": (path.name, path.read_bytes())},
            timeout=patience,
        )
        answer.raise_for_status()
        return answer.json()["text"]

    def seconds(self, path: Path, language: str | None = None, patience: float = _PATIENCE) -> float:
        began = time.monotonic()
        self.transcribe(path, language, patience)
        return time.monotonic() - began

    def processor_seconds(self) -> float | None:
        return None if self.process is None else family_seconds(self.process)


def measure(
    server: Server, directory: Path, amounts: Amounts, *, kill: bool, say: Callable[[str], None]
) -> Iterator[Figure]:
    """Yield the figures of a server that answers. `kill`: the server may be killed at the end."""
    first, *clips = notes(_within(directory, "notes"), 1 + 2 * amounts.notes, 3.0, 10.0)
    of_8_s = iter(notes(_within(directory, "alone"), 2 * amounts.alone + amounts.beside, 8.0, 8.0))
    say("warming up")
    server.transcribe(first)
    say(f"{amounts.notes} notes at once")
    yield from _at_once(server, clips[: amounts.notes])
    say("one note at a time")
    for language in (None, "en"):
        seconds = [server.seconds(note, language) for note in islice(of_8_s, amounts.alone)]
        yield over_rounds(f"one note of 8 s, language {language or 'auto'}", seconds, "s")
    path, text = story(directory)
    say("one file")
    yield from _one_file(server, path, text)
    say(f"notes beside {amounts.minutes} minutes")
    yield from _beside(server, list(of_8_s), lecture(directory, amounts.minutes), amounts.lead)
    if kill:
        say("killing its busiest process in the middle")
        yield _killed(server, clips[amounts.notes :], amounts.killed_after)


def _within(directory: Path, name: str) -> Path:
    path = directory / name
    path.mkdir()
    return path


def _at_once(server: Server, clips: Sequence[Path]) -> Iterator[Figure]:
    processor, began = server.processor_seconds(), time.monotonic()
    with ThreadPoolExecutor(len(clips)) as threads:
        list(threads.map(server.transcribe, clips))
    yield Figure(f"{len(clips)} notes at once", time.monotonic() - began, "s")
    if processor is not None:
        yield Figure(f"{len(clips)} notes at once: processor", _since(server, processor), "s")


def _one_file(server: Server, path: Path, spoken: str) -> Iterator[Figure]:
    processor, began = server.processor_seconds(), time.monotonic()
    heard = server.transcribe(path)
    yield Figure("one file", time.monotonic() - began, "s", note=path.name)
    if processor is not None:
        yield Figure("one file: processor", _since(server, processor), "s")
    yield Figure("one file: WER", 100 * word_error_rate(spoken, heard), "%")


def _since(server: Server, earlier: float) -> float:
    return (server.processor_seconds() or earlier) - earlier


def _beside(server: Server, clips: Sequence[Path], long: Path, lead: float) -> Iterator[Figure]:
    """Ask for notes while a long file is in work, then give the long file up."""
    with httpx.Client(timeout=_PATIENCE) as client, ThreadPoolExecutor(1) as thread:
        url, data = f"{server.url}/v1/audio/transcriptions", {"model": server.model}
        file = {"file": (long.name, long.read_bytes())}
        asked = thread.submit(client.post, url, data=data, files=file)
        time.sleep(lead)
        seconds = []
        for note in clips:
            if asked.done():
                break
            try:
                seconds.append(server.seconds(note, patience=_BESIDE_PATIENCE))
            except httpx.TimeoutException:
                break
        client.close()
        asked.exception()
    within = f"of {len(clips)}, within {_BESIDE_PATIENCE:g} s each"
    yield Figure("notes beside a long file: answered", len(seconds), "", note=within)
    if seconds:
        yield Figure("note beside a long file: p50", median(seconds), "s")
        yield Figure("note beside a long file: longest", percentile(seconds, 100), "s")


def _killed(server: Server, clips: Sequence[Path], after: int) -> Figure:
    """Kill the process that works most once so many of the notes are answered."""
    assert server.process is not None
    answered = threading.Semaphore(0)
    with ThreadPoolExecutor(len(clips)) as threads:
        asked: list[Future[str]] = [threads.submit(server.transcribe, clip) for clip in clips]
        for each in asked:
            each.add_done_callback(lambda _: answered.release())
        for _ in range(after):
            answered.acquire()
        family = [server.process, *server.process.children(recursive=True)]
        busiest = max(family, key=lambda process: sum(process.cpu_times()[:2]))
        what = busiest.name()
        busiest.kill()
        lost = sum(each.exception() is not None for each in asked)
    return Figure(f"killed in the middle of {len(clips)}: never answered", lost, "", note=what)


@contextmanager
def _started(command: str, model: str, directory: Path) -> Iterator[Server]:
    """Run a server, started by a command with {port} and {directory} in it, until it is no longer needed."""
    port = free_port()
    values = {"{port}": str(port), "{directory}": str(directory / "server")}
    words = shlex.split(re.sub("|".join(map(re.escape, values)), lambda match: values[match[0]], command))
    with (directory / "server.log").open("wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log, start_new_session=True)
    with ended(process):
        _wait_until_it_answers(f"http://127.0.0.1:{port}", process)
        yield Server(f"http://127.0.0.1:{port}", model, psutil.Process(process.pid))


def _wait_until_it_answers(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        try:
            if httpx.get(f"{url}/v1/models", timeout=5).is_success:
                return
        except httpx.HTTPError:
            pass
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"the server does not answer GET {url}/v1/models")
        time.sleep(0.2)


def _listening_on(url: str) -> psutil.Process | None:
    """Return the process of this machine that listens on the URL's port, if it may be seen."""
    parts = urlsplit(url)
    if parts.hostname not in ("127.0.0.1", "localhost"):
        return None
    for each in psutil.net_connections("tcp"):
        if each.status == psutil.CONN_LISTEN and each.pid and each.laddr and each.laddr.port == parts.port:
            return psutil.Process(each.pid)
    return None


def main() -> None:
    lines = str(__doc__).splitlines()
    parser = argparse.ArgumentParser(description=lines[0])
    parser.add_argument("url", nargs="?", help="address of a server that runs already")
    parser.add_argument(
        "--start",
        metavar="COMMAND",
        help="command that starts one; {port} and {directory} are replaced",
    )
    parser.add_argument("--model", default="whisper-1", help="model to ask for")
    parser.add_argument("--quick", action="store_true", help="fewer notes and a shorter file, as a trial")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures and the machine here")
    arguments = parser.parse_args()
    if bool(arguments.url) == bool(arguments.start):
        parser.error("give the address of a server, or --start")
    began = time.monotonic()
    figures: list[Figure] = []

    def say(what: str) -> None:
        print(f"{time.monotonic() - began:5.0f} s  {what}", file=sys.stderr)

    def run(server: Server) -> None:
        for figure in measure(
            server, Path(own), _QUICK if arguments.quick else Amounts(), kill=bool(arguments.start), say=say
        ):
            figures.append(figure)
            print(f"{figure.name:50} {shown(figure.value):>8} {figure.unit}  {figure.note}", flush=True)

    with tempfile.TemporaryDirectory(prefix="voxq-bench-") as own:
        if arguments.start:
            with _started(arguments.start, arguments.model, Path(own)) as server:
                run(server)
        else:
            url = arguments.url.rstrip("/")
            run(Server(url, arguments.model, _listening_on(url)))
    if arguments.json:
        measured = Measured("beside", "cpu", describe(), time.monotonic() - began, tuple(figures))
        arguments.json.write_text(Results((measured,)).to_json())


if __name__ == "__main__":
    main()
