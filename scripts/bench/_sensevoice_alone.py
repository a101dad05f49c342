"""Bare FunASR in its own process: `AutoModel.generate` without any code of this project.

Protocol: lines of JSON over stdin and stdout; lists of calls, each a list of chunks (file, start, end), come
in, and measurements go out, first those of import and loading. With two arguments, a small model and a
directory, it builds a large model there and exits, so that the memory for building is not counted.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import yaml

_FULL_SIZE = {
    "output_size": 512,
    "attention_heads": 4,
    "linear_units": 2048,
    "num_blocks": 50,
    "tp_blocks": 20,
}


def main() -> None:
    directory, device, threads = sys.argv[1:]
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # libraries print to stdout, which is for the protocol
    began = time.perf_counter()
    import funasr
    import torch

    torch.set_num_threads(int(threads))
    imported = time.perf_counter()
    model = funasr.AutoModel(
        model=directory, device=device, ncpu=int(threads), disable_update=True, disable_pbar=True
    )
    figures = {"import": imported - began, "load": time.perf_counter() - imported}
    _tell(out, figures | {"rss_mb": _rss_mb(), "gpu_mb": _gpu_mb(torch)})
    for line in sys.stdin:
        calls = [[_samples(*chunk) for chunk in call] for call in json.loads(line)]
        began = time.perf_counter()
        for call in calls:
            model.generate(input=call, batch_size=len(call), language="auto", use_itn=True)
        seconds = time.perf_counter() - began
        _tell(out, {"seconds": seconds, "rss_mb": _rss_mb(), "gpu_mb": _gpu_mb(torch)})


def build(small: Path, target: Path) -> None:
    """Build a SenseVoice of the published size, with random weights and the small one's tokens.

    Its speed and memory are those of the real model, its text is not.
    """
    import funasr
    import torch

    config = yaml.safe_load((small / "config.yaml").read_text())
    config["encoder_conf"] |= _FULL_SIZE
    target.mkdir(exist_ok=True)
    for name in ("bpe.model", "am.mvn"):
        (target / name).write_bytes((small / name).read_bytes())
    (target / "config.yaml").write_text(yaml.safe_dump(config))
    tokenizer = config["tokenizer_conf"] | {"bpemodel": str(target / "bpe.model")}
    model, _ = funasr.AutoModel.build_model(**config | {"tokenizer_conf": tokenizer}, device="cpu", seed=0)
    torch.save(model.state_dict(), target / "model.pt")


def _samples(file: str, start: int, end: int) -> Any:
    return np.array(np.memmap(file, "<f4", "r")[start:end])


def _tell(out: Any, what: dict[str, float]) -> None:
    print(json.dumps(what), file=out, flush=True)


def _rss_mb() -> float:
    import psutil

    return psutil.Process().memory_info().rss / (1 << 20)


def _gpu_mb(torch: Any) -> float:
    return torch.cuda.max_memory_reserved() / (1 << 20) if torch.cuda.is_available() else 0.0


if __name__ == "__main__":
    if len(sys.argv) == 3:
        build(Path(sys.argv[1]), Path(sys.argv[2]))
    else:
        main()
