from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from voxq.machine.device_memory import HostMemory, memory_of


def cgroup(root: Path, limit: str, current: int = 700 << 20, inactive: int = 200 << 20) -> Path:
    (root / "memory.max").write_text(limit)
    (root / "memory.current").write_text(str(current))
    (root / "memory.stat").write_text(f"anon 5\ninactive_file {inactive}\nactive_file 3\n")
    return root


def test_the_limit_of_a_container_counts_and_its_page_cache_does_not(tmp_path: Path) -> None:
    memory = HostMemory(cgroup(tmp_path, str(1 << 30))).read()
    assert (memory.total_mb, memory.used_mb) == (1024, 500)


@pytest.mark.parametrize("limit", ["max", "garbage", "", str(1 << 60)])
def test_without_a_limit_all_ram_counts(tmp_path: Path, limit: str) -> None:
    memory = HostMemory(cgroup(tmp_path, limit)).read()
    assert memory.total_mb == psutil.virtual_memory().total >> 20
    assert 0 < memory.used_mb < memory.total_mb


def test_without_a_cgroup_all_ram_counts(tmp_path: Path) -> None:
    assert HostMemory(tmp_path).read().total_mb == psutil.virtual_memory().total >> 20


def test_a_process_is_measured_until_it_is_gone() -> None:
    memory = memory_of("cpu")
    before = memory.of_process(os.getpid())
    ballast = b"x" * (64 << 20)
    after = memory.of_process(os.getpid())
    assert before is not None and after is not None
    assert 60 <= after - before <= 80
    del ballast
    assert memory.of_process(2**22 + 1) is None


def test_a_missing_gpu_is_measured_as_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert isinstance(memory_of("cuda:0"), HostMemory)
