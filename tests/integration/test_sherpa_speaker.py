"""Speaker encoders in sherpa-onnx: a small CAM++ with random weights, whose vectors are those of PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from audio import english, recording
from funasr.models.campplus.model import CAMPPlus
from kaldi_native_fbank import FbankOptions, OnlineFbank

from _sherpa_models import add_metadata, export_speaker_encoder
from voxq.engines import registry
from voxq.engines.contract import (
    SAMPLE_RATE,
    TOO_LITTLE_SPEECH,
    AudioItem,
    Capability,
    Embedder,
    Embedding,
    EngineError,
    EngineRequest,
    Samples,
)
from voxq.engines.embed.ge2e_sound import spoken
from voxq.engines.recognise.sherpa_onnx.onnx_file import write_without_weights
from voxq.model_store.model import Hubs
from voxq.model_store.published import find
from voxq.testing.embedders import check_embedder

FAMILY = registry.find("sherpa-speaker", Capability.EMBED)
NUMBERS = 192


@pytest.fixture(scope="module")
def network() -> Any:
    torch.manual_seed(0)
    model = CAMPPlus(embedding_size=NUMBERS, growth_rate=8, bn_size=2, init_channels=32)
    return model.eval()


@pytest.fixture(scope="module")
def directory(network: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("speakers") / "campplus"
    export_speaker_encoder(network, directory, NUMBERS)
    return directory


def load(directory: Path) -> Embedder:
    request = EngineRequest("sherpa-speaker", str(directory), threads=1)
    return FAMILY.load(request, FAMILY.model_paths(request, Path))


def features(samples: Samples) -> torch.Tensor:
    """Kaldi's features less their mean over time, shape (1, frames, 80)."""
    options = FbankOptions()
    options.frame_opts.samp_freq = SAMPLE_RATE
    options.frame_opts.dither = 0.0
    options.frame_opts.snip_edges = False
    options.mel_opts.num_bins = 80
    bank = OnlineFbank(options)
    bank.accept_waveform(SAMPLE_RATE, samples.tolist())
    bank.input_finished()
    frames = np.stack([bank.get_frame(number) for number in range(bank.num_frames_ready)])
    return torch.from_numpy(frames - frames.mean(axis=0))[None]


def test_it_conforms(directory: Path) -> None:
    clips = [english(), recording("zh_note")]
    check_embedder(lambda: load(directory), clips, 8)


def test_its_vectors_are_those_of_the_network(directory: Path, network: Any) -> None:
    (answer,) = load(directory).run([AudioItem(english())])
    assert isinstance(answer, Embedding)
    with torch.no_grad():
        expected = network(features(np.clip(spoken(english()), -1, 1)))[0].numpy()
    cosine = float(np.dot(answer.vector, expected / np.linalg.norm(expected)))
    assert cosine > 0.999


def test_too_little_speech_has_no_vector(directory: Path) -> None:
    assert load(directory).run([AudioItem(english()[:4_000])]) == [TOO_LITTLE_SPEECH]


def test_a_file_that_sherpa_onnx_would_not_survive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="holds no speaker encoder"):
        load(tmp_path)
    write_without_weights(tmp_path / "model.onnx", {"framework": "3d-speaker"})
    with pytest.raises(EngineError, match="output_dim"):
        load(tmp_path)
    rest = {"language": "", "sample_rate": 8_000, "output_dim": 192, "normalize_samples": 1}
    add_metadata(tmp_path / "model.onnx", rest)
    with pytest.raises(EngineError, match="16 kHz"):
        load(tmp_path)


@pytest.mark.parametrize("name", FAMILY.models)
def test_each_model_is_in_the_catalogue_with_its_digest(name: str) -> None:
    model = find(name)
    assert (model.engine, model.role) == (FAMILY.name, "embedder")
    assert isinstance(model.source, Hubs)
    assert set(model.source.digests) == set(model.source.required) == set(model.source.patterns)
