"""What a GPU gives: one command of at most eight minutes, which needs no network.

    python scripts/bench/gpu.py --wheels-for DIR              how to fill DIR, where there is a network
    python scripts/bench/gpu.py --wheels DIR --json gpu.json  on the machine with the GPU
    python scripts/bench/gpu.py --device cpu --small          to try it, in a minute or two

Measured are a Whisper of the size of large-v3-turbo, a SenseVoice and a Paraformer, all with random weights,
so their speed and memory are real and their texts are not: batched / serial, service / bare engine, memory of
the GPU, model switches, voice notes beside a long file; and Kokoro's network. A line that does not fit into
the time, or whose library is missing, says so; the others are measured. Without --wheels, the environment in
which it runs is measured.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import _gpu_wheels

_SECONDS = 480.0
_ENDING = 10.0
"""Seconds for a service to end after the last line was stopped."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command. Returns 0 if no line failed; 1 if one did, or if there is no such device."""
    began = time.monotonic()
    arguments = _parser().parse_args(argv)
    if arguments.wheels_for is not None:
        print(_gpu_wheels.filling(arguments.wheels_for))
        return 0
    if arguments.wheels is None:
        return _measured(arguments)
    with tempfile.TemporaryDirectory(prefix="voxq-gpu-") as own:
        left = arguments.seconds - (time.monotonic() - began)
        environment, words = Path(own) / "venv", _passed_on(arguments)
        try:
            return _gpu_wheels.run_in(arguments.wheels.resolve(), environment, words, left)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            print(f"not installed: {error}", file=sys.stderr)
            return 1


def _parser() -> argparse.ArgumentParser:
    lines = str(__doc__).splitlines()
    parser = argparse.ArgumentParser(description=lines[0])
    parser.add_argument("--wheels", type=_folder, metavar="DIR", help="install from here first")
    parser.add_argument("--wheels-for", type=Path, metavar="DIR", help="print the commands that fill DIR")
    parser.add_argument("--device", type=_device, default="cuda:0", help="cuda:0 (default), ..., or cpu")
    parser.add_argument("--seconds", type=_seconds, default=_SECONDS, help="for everything (default 480)")
    parser.add_argument("--small", action="store_true", help="small models and little sound")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures and the machine here")
    return parser


def _passed_on(arguments: argparse.Namespace) -> list[str]:
    words = ["--device", arguments.device, *(["--small"] if arguments.small else [])]
    return [*words, "--json", str(arguments.json.resolve())] if arguments.json else words


def _measured(arguments: argparse.Namespace) -> int:
    """Measure in this environment."""
    os.chdir(Path(__file__).parents[2])
    import _gpu_clock
    import _gpu_device
    import _gpu_lines
    from _results import Results
    from loguru import logger  # here, because the new environment is not there before
    from run import print_table

    device = arguments.device
    if device != "cpu":
        visible = _gpu_device.only(device, os.environ.get("CUDA_VISIBLE_DEVICES"))
        os.environ["CUDA_VISIBLE_DEVICES"], device = visible, "cuda:0"
    clock = _gpu_clock.Clock(arguments.seconds - _ENDING)
    logger.configure(handlers=[{"sink": sys.stderr, "level": "WARNING"}])
    machine = _gpu_device.describe()
    print("\n".join(f"{name}: {words}" for name, words in machine.items()), flush=True)
    if obstacle := _gpu_device.obstacle(device):
        print(f"not measured: {obstacle}", file=sys.stderr)
        return 1
    extent = _gpu_lines.SMALL if arguments.small else _gpu_lines.PUBLISHED
    results = Results()
    with tempfile.TemporaryDirectory(prefix="voxq-gpu-") as own:
        bench = _gpu_lines.Bench(Path(own), device, extent, _gpu_device.teller(clock))
        for measured in _gpu_clock.run(_gpu_lines.lines(bench), clock, device, machine):
            print_table(measured)
            results = results.with_added([measured])
            if arguments.json:  # after each line, so that nothing is lost if the machine goes
                arguments.json.write_text(results.to_json())
    errors = [each.error for each in results.measured if each.error]
    return 1 if any(not error.startswith(_gpu_clock.LEFT_OUT) for error in errors) else 0


def _device(word: str) -> str:
    name, _, index = word.partition(":")
    if word == "cpu":
        return word
    if name != "cuda" or not (index or "0").isdecimal():
        raise argparse.ArgumentTypeError(f"{word!r} is neither cpu nor cuda:<number>")
    return f"cuda:{int(index or 0)}"


def _folder(word: str) -> Path:
    path = Path(word)
    if not any(path.glob("*.whl")):
        raise argparse.ArgumentTypeError(f"{word} has no wheels; see --wheels-for")
    return path


def _seconds(word: str) -> float:
    seconds = float(word)
    if not 0 <= seconds <= 24 * 3600:
        raise argparse.ArgumentTypeError(f"{word} is not between 0 and 86400")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
