"""Demo: speak texts, transcribe the recordings over HTTP, and compare. Run it through scripts/demo."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from _error_rate import character_error_rate, word_error_rate
from _speak import speak
from voxq.cli.inputs import Input
from voxq.cli.kinds.transcription.concurrent import Transcription, transcribe_all
from voxq.cli.service import Service
from voxq.cli.temporary import temporary_stack
from voxq.settings import SettingsError, load_settings
from voxq.speech.encode import encode
from voxq.supervisor.stack import StackError

ROOT = Path(__file__).parents[1]
CACHE = ROOT / ".voxq" / "demo"
STORY = ROOT / "scripts" / "demo_story.txt"
SRT = ROOT / "out" / "demo.srt"
ABSURD = 0.5
"""Error rate that a working service never reaches with these recordings."""

NOTE = (
    "Hi, it's me. I'm running a little late because the train stopped between two stations. "
    "Please start the meeting without me, and save a seat near the window. "
    "I will bring the printed plans and some coffee for everyone."
)


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording and its spoken text."""

    title: str
    path: Path
    spoken: str
    measure: str
    error_rate: Callable[[str, str], float]


def main() -> int:
    console = Console()
    began = time.monotonic()
    try:
        settings = load_settings()
        with console.status("Speaking two English recordings (quick the next time) ..."):
            recordings = [
                _spoken("English note", NOTE),
                _spoken("English story", STORY.read_text(encoding="utf-8")),
                _chinese_note(),
            ]
        with (
            temporary_stack(settings) as stack,
            Service(stack.api_url, next(iter(settings.keys), None)) as service,
        ):
            console.print(
                f"[bold]VoxQ is up[/] at {stack.api_url}: API, queue, and a worker with a loaded model."
            )
            submitted = time.monotonic()
            inputs = [Input(str(recording.path), recording.path) for recording in recordings]
            done = transcribe_all(service, inputs, {})
            seconds = time.monotonic() - submitted
            if done[1].succeeded:
                SRT.parent.mkdir(exist_ok=True)
                SRT.write_text(service.rendered(done[1].state["task_id"], "srt"), encoding="utf-8")
    except (SettingsError, StackError) as error:
        console.print(f"[red]error:[/] {escape(str(error))}")
        return 1
    except KeyboardInterrupt:
        return 130
    good = _report(console, list(zip(recordings, done, strict=True)))
    spoken = sum(float(each.state.get("duration") or 0) for each in done)
    console.print(
        f"\n{spoken:.0f} s of speech in {seconds:.1f} s: {spoken / seconds:.1f} times real time. "
        f"The demo took {time.monotonic() - began:.0f} s."
    )
    if SRT.exists():
        console.print(f"Subtitles of the story: {SRT.relative_to(ROOT)}")
    return 0 if good else 1


def _spoken(title: str, text: str) -> Recording:
    words = " ".join(text.split())
    version = hashlib.sha256(words.encode()).hexdigest()[:8]
    path = CACHE / version / f"{title.lower().replace(' ', '_')}.ogg"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        samples, rate = speak(words)
        whole = path.with_suffix(".part")
        whole.write_bytes(encode(samples, rate, "ogg"))
        whole.rename(path)
    return Recording(title, path, words, "WER", word_error_rate)


def _chinese_note() -> Recording:
    folder = ROOT / "tests" / "data" / "audio"
    text = json.loads((folder / "texts.json").read_text(encoding="utf-8"))["zh_note"]["text"]
    return Recording("Chinese note", folder / "zh_note.ogg", text, "CER", character_error_rate)


def _report(console: Console, pairs: list[tuple[Recording, Transcription]]) -> bool:
    """Print texts and figures; returns whether all error rates are plausible."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("", "audio", "queued", "decode", "VAD", "engine", "total", "RTF", "errors"):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    good = True
    for recording, transcription in pairs:
        if not transcription.succeeded:
            console.print(f"[red]{recording.title} failed:[/] {escape(transcription.error)}")
            good = False
            continue
        state = transcription.state
        title = f"{recording.title} ({state.get('language') or 'language unknown'})"
        console.print(Panel(escape(transcription.text), title=title, title_align="left"))
        rate = recording.error_rate(recording.spoken, transcription.text)
        good = good and rate < ABSURD
        timings = state["timings"]
        times = (timings.get(name) for name in ("queued", "decode", "vad", "engine", "total"))
        table.add_row(
            recording.title,
            f"{state['duration']:.1f}",
            *("-" if seconds is None else f"{seconds:.2f}" for seconds in times),
            f"{timings.get('rtf') or 0:.3f}",
            f"{recording.measure} {rate:.1%}",
        )
    console.print("\nSeconds (RTF: engine seconds per second of audio)\n")
    console.print(table)
    if not good:
        console.print("[red]Something is wrong: see above.[/]")
    return good


if __name__ == "__main__":
    sys.exit(main())
