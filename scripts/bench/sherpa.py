"""sherpa-onnx: what running it in this service costs, compared with a bare loop over `decode_stream`.

The model has SenseVoiceSmall's class and size with random weights, of 8 bits if the package onnx is
installed (`pip install onnx`): its speed is that of the published one, its text is not. Recordings go through
a service with default settings, and exactly the chunks that the service cuts through a bare loop in its own
process, one per call, with the same threads; three rounds in turns. Building the model needs the extra
funasr.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from _figures import Figure, Target, over_rounds
from _recordings import speeches
from _service import service
from sensevoice import SMALL_SENSEVOICE, line_of, precut_all, seconds_of

from voxq.machine.devices import available_cpus

_ROUNDS = 3
_HERE = Path(__file__).parent


def measure(say: Callable[[str], None]) -> list[Figure]:
    threads = available_cpus()
    with tempfile.TemporaryDirectory(prefix="voxq-bench-") as directory:
        own = Path(directory)
        say("building the model")
        model = _built(own)
        recordings = speeches(own)
        cut = precut_all(recordings, own)
        audio = sum(each.seconds for each in cut)
        chunks = [(each.pcm, start, end) for each in cut for start, end in each.chunks]
        bare, served = [], []
        with (
            _alone(model, threads) as alone,
            service(
                asr_engine="sherpa-onnx",
                asr_model=str(model),
                rq_worker_count=1,
                asr_threads=threads,
                asr_use_gpu=False,
            ) as under_test,
        ):
            for number in range(_ROUNDS):
                say(f"recordings, round {number + 1} of {_ROUNDS}")
                assert alone.stdin is not None
                alone.stdin.write(json.dumps(chunks) + "\n")
                alone.stdin.flush()
                bare.append(audio / line_of(alone)["seconds"])
                served.append(audio / seconds_of(under_test, recordings))
        weights = next(model.glob("*.onnx"))
        note = f"{weights.name}, {audio:.0f} s in {len(chunks)} chunks, {threads} threads"
    ratios = [of_service / of_loop for of_service, of_loop in zip(served, bare, strict=True)]
    return [
        over_rounds("bare sherpa-onnx loop", bare, "audio s/s", note=note),
        over_rounds("service", served, "audio s/s"),
        over_rounds("service / bare sherpa-onnx loop", ratios, "", Target(">=", 0.97)),
    ]


def _built(own: Path) -> Path:
    """Build the model in processes of their own, so that their memory is given back."""
    weights, model = own / "weights", own / "model"
    for script, source, target in (
        ("_sensevoice_alone.py", SMALL_SENSEVOICE, weights),
        ("_sherpa_alone.py", weights, model),
    ):
        command = [sys.executable, str(_HERE / script), str(source), str(target)]
        subprocess.run(command, stdout=sys.stderr, check=True)
    return model


@contextmanager
def _alone(model: Path, threads: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, str(_HERE / "_sherpa_alone.py"), str(model), str(threads)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        line_of(process)
        yield process
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    from run import main

    sys.exit(main([Path(__file__).stem, *sys.argv[1:]]))
