from __future__ import annotations

from pathlib import Path

import pytest

from voxq.machine.devices import DeviceError, Gpu, available_cpus, resolve_device, select_visible

A, B, C = (Gpu(i, f"GPU-{name}", "card", 8_000) for i, name in enumerate(("aa11", "ab22", "cc33")))


@pytest.mark.parametrize(
    ("visible", "uuids"),
    [
        (None, [A.uuid, B.uuid, C.uuid]),
        ("", []),
        ("-1", []),
        ("2", [C.uuid]),
        ("2,0", [C.uuid, A.uuid]),
        ("0,9,1", [A.uuid]),
        ("GPU-ab22, GPU-c", [B.uuid, C.uuid]),
        ("GPU-a", []),
        ("0,0", []),
        ("nonsense", []),
    ],
)
def test_cuda_visible_devices_is_read_as_cuda_reads_it(visible: str | None, uuids: list[str]) -> None:
    chosen = select_visible((A, B, C), visible)
    assert [gpu.uuid for gpu in chosen] == uuids
    assert [gpu.index for gpu in chosen] == list(range(len(uuids)))


def test_workers_are_spread_over_the_gpus() -> None:
    assert [resolve_device("auto", i, (A, B)) for i in range(4)] == ["cuda:0", "cuda:1", "cuda:0", "cuda:1"]


def test_a_required_but_missing_gpu_is_an_error() -> None:
    with pytest.raises(DeviceError, match="ASR_USE_GPU"):
        resolve_device(True, 0, ())
    assert resolve_device("auto", 0, ()) == "cpu"
    assert resolve_device(False, 0, (A,)) == "cpu"


@pytest.mark.parametrize(("quota", "most"), [("100000 100000", 1), ("150000 100000", 2), ("1 100000", 1)])
def test_a_containers_quota_counts(tmp_path: Path, quota: str, most: int) -> None:
    (tmp_path / "cpu.max").write_text(quota)
    assert 1 <= available_cpus(tmp_path / "cpu.max") <= most


@pytest.mark.parametrize("content", ["max 100000", "garbage", "", "1 0"])
def test_no_quota_is_no_limit(tmp_path: Path, content: str) -> None:
    (tmp_path / "cpu.max").write_text(content)
    assert available_cpus(tmp_path / "cpu.max") == available_cpus(tmp_path / "missing")
