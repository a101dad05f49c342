"""A model directory for pocket-tts with random weights: `python tiny_pocket_tts.py DIRECTORY`, under the
interpreter of its environment."""

from __future__ import annotations

import random
import sys
from pathlib import Path

_WORDS = ("hello", "world", "please", "read", "this", "aloud", "morning", "river", "table", "seven")


def make(directory: Path) -> None:
    """Write `config.yaml`, `tokenizer.model` and `model.safetensors`; paths are within the directory."""
    import pocket_tts  # pyright: ignore[reportMissingImports]
    import sentencepiece  # pyright: ignore[reportMissingImports]
    import torch
    import yaml
    from safetensors.torch import save_file  # pyright: ignore[reportMissingImports]

    random.seed(0)
    torch.manual_seed(0)
    directory.mkdir(parents=True, exist_ok=True)
    lines = (" ".join(random.choices(_WORDS, k=8)).capitalize() + "." for _ in range(400))
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=lines,
        model_prefix=str(directory / "tokenizer"),
        vocab_size=80,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    tokens = sentencepiece.SentencePieceProcessor(str(directory / "tokenizer.model")).vocab_size()
    packaged = Path(str(pocket_tts.__file__)).parent / "config" / "english_2m_2026-10.yaml"
    config = yaml.safe_load(packaged.read_text(encoding="utf-8"))
    for name in ("weights_path", "weights_path_without_voice_cloning"):
        config.pop(name)
    table = config["flow_lm"]["lookup_table"]
    table |= {"n_bins": tokens, "rank": 8, "tokenizer_path": str(directory / "tokenizer.model")}
    config["flow_lm"]["transformer"]["num_layers"] = 1
    mimi = config["mimi"]
    for name in ("seanet", "decoder_seanet"):
        mimi[name]["n_filters"] = 4
    mimi["transformer"] |= {"num_layers": 1, "dim_feedforward": 256}
    mimi["decoder_transformer"]["num_layers"] = 1
    first = directory / "first.yaml"
    first.write_text(yaml.safe_dump(config), encoding="utf-8")
    model = pocket_tts.TTSModel.load_model(config=first)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.normal_(0, 0.02)
    weights = {name: value.contiguous().clone() for name, value in model.state_dict().items()}
    save_file(weights, directory / "model.safetensors")
    first.unlink()
    table["tokenizer_path"] = "tokenizer.model"
    (directory / "config.yaml").write_text(
        yaml.safe_dump({**config, "weights_path": "model.safetensors"}), encoding="utf-8"
    )


if __name__ == "__main__":
    make(Path(sys.argv[1]))
