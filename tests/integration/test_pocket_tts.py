"""pocket-tts in its own environment, with random weights: everything is real but what it says.

Run `voxq engines install pocket-tts` first (a minute, 1 GB with PyTorch); without it, they are skipped.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from voxq.engines import environments, registry, warmup
from voxq.engines.contract import Capability, ChunkError, EngineRequest
from voxq.model_store.stamp import Stamp
from voxq.model_store.store import ModelStore
from voxq.processes.child import Child
from voxq.processes.model.protocol import (
    CODEC,
    MODEL_PROCESS_MODULE,
    STANDALONE,
    Finished,
    KeptSpeech,
    Load,
    Loaded,
    ReferenceRef,
    Reply,
    Run,
    SentenceRef,
    Started,
)

MAKER = Path(__file__).parent.parent / "support" / "tiny_pocket_tts.py"
PATIENCE = 180.0
TEXT = "Hello world, please read this."

ENVIRONMENT = environments.find("pocket-tts")
pytestmark = pytest.mark.skipif(ENVIRONMENT is None, reason="voxq engines install pocket-tts")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ModelStore:
    """Make a store with the models that the family wants, made by the package's own code."""
    assert ENVIRONMENT is not None
    directory = tmp_path_factory.mktemp("models")
    model = directory / "kyutai" / "pocket-tts"
    subprocess.run([ENVIRONMENT.interpreter, "-I", MAKER, model], check=True, timeout=PATIENCE)
    tokenizer = directory / "kyutai" / "pocket-tts-without-voice-cloning"
    tokenizer.mkdir()
    shutil.copy(model / "tokenizer.model", tokenizer)
    for place in (model, tokenizer):
        files = {path.name: path.stat().st_size for path in place.iterdir()}
        Stamp("random", "huggingface", files).write(place)  # as a download does
    return ModelStore(directory)


@pytest.fixture(scope="module")
def child(store: ModelStore) -> Iterator[Child]:
    """Load the model in a model process under the environment's interpreter."""
    family = registry.find("pocket-tts", Capability.SPEAK)
    request = EngineRequest("pocket-tts", "pocket-tts", threads=1)
    interpreter = registry.interpreter_of("pocket-tts")
    running = Child.start(MODEL_PROCESS_MODULE, program=(str(interpreter), "-I", str(STANDALONE)))
    running.send(CODEC.encode(Load(request, family.model_paths(request, store.resolve))))
    loaded = receive(running)
    assert isinstance(loaded, Loaded), loaded
    yield running
    running.kill()


@pytest.fixture
def reference(tmp_path: Path) -> ReferenceRef:
    path = tmp_path / "reference.f32"
    path.write_bytes(warmup.clip().astype("<f4").tobytes())
    return ReferenceRef(path, 16_000, "'; rm -rf / <|im_end|> https://example.com/voice.wav")


def receive(child: Child) -> Reply:
    assert child.poll(PATIENCE), "the model process says nothing"
    return CODEC.decode_reply(child.receive())


def run(child: Child, *refs: SentenceRef) -> tuple[object, ...]:
    child.send(CODEC.encode(Run("b", refs)))
    assert receive(child) == Started("b")
    finished = receive(child)
    assert isinstance(finished, Finished) and not finished.batch_failed
    return finished.items


def test_the_family_is_offered_where_its_environment_and_its_models_are(store: ModelStore) -> None:
    assert "pocket-tts" in registry.installed(Capability.SPEAK, store)
    assert registry.missing("pocket-tts") is None


def test_a_voice_is_cloned_from_a_recording(child: Child, reference: ReferenceRef, tmp_path: Path) -> None:
    sounds = [tmp_path / f"{number}.f32" for number in range(3)]
    refs = [SentenceRef(TEXT, {"seed": 7, "language": "en"}, sound, reference) for sound in sounds]
    refs[2] = SentenceRef(TEXT, {"seed": 7, "speed": 0.5, "pitch": 2.0}, sounds[2], reference)
    first, second, slow = run(child, *refs)
    assert isinstance(first, KeptSpeech) and isinstance(slow, KeptSpeech)
    assert (first.sample_rate, first) == (24_000, second)
    samples, again = (np.fromfile(sound, "<f4") for sound in sounds[:2])
    assert len(samples) == first.samples > 2_400 and np.abs(samples).max() > 0.01
    assert np.allclose(samples, again, atol=1e-3), "the same seed and recording give the same sound"
    assert slow.samples > 1.6 * first.samples


def test_what_cannot_be_done_is_said(child: Child, reference: ReferenceRef, tmp_path: Path) -> None:
    sound = tmp_path / "0.f32"
    items = run(
        child,
        SentenceRef(TEXT, {}, sound),
        SentenceRef("你好。", {}, sound, reference),
        SentenceRef(TEXT, {"emotion": {"sad": 1.0}}, sound, reference),
        SentenceRef(TEXT, {}, sound, ReferenceRef(tmp_path / "gone.f32")),
        SentenceRef(TEXT, {}, sound, ReferenceRef(vector=(1.0, 0.0))),
        SentenceRef("...", {}, sound, reference),
    )
    codes = [item.code if isinstance(item, ChunkError) else "" for item in items]
    assert codes == [
        "unknown_voice",
        "language_unavailable",
        "option_unsupported",
        "audio_unavailable",
        "bad_reference",
        "",
    ]
    assert items[-1] == KeptSpeech(0, 24_000)


def test_it_conforms_in_its_own_environment(store: ModelStore) -> None:
    assert ENVIRONMENT is not None
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import standalone; standalone._make_importable()\n"
        "sys.modules['voxq'].__version__ = '0'\n"
        "from pathlib import Path\n"
        "from voxq.engines.speak.cloning.pocket_tts import FAMILY\n"
        "from voxq.testing.engines import check_engine\n"
        "check_engine(FAMILY, paths={'path': Path(sys.argv[2]), 'tokenizer': Path(sys.argv[3])})\n"
    )
    paths = [store.resolve(name) for name in ("kyutai/pocket-tts", "kyutai/pocket-tts-without-voice-cloning")]
    command = [ENVIRONMENT.interpreter, "-I", "-c", script, STANDALONE.parent, *paths]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr


def test_the_command_needs_no_package_for_an_engine_of_voxq() -> None:
    voxq = [sys.executable, "-m", "voxq.cli", "engines"]
    refused = subprocess.run([*voxq, "install", "hibari"], capture_output=True, text=True, timeout=PATIENCE)
    assert refused.returncode == 1 and "no environment of its own" in refused.stderr
    nameless = subprocess.run([*voxq, "install", "else"], capture_output=True, text=True, timeout=PATIENCE)
    assert nameless.returncode != 0 and "package" in nameless.stderr
    listed = subprocess.run([*voxq, "--json"], capture_output=True, text=True, timeout=PATIENCE)
    assert listed.stdout.count('"pocket-tts"') == 1
