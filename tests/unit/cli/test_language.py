"""The command line in Chinese: help, errors, tables and the doctor; what programs read stays English."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from own_environment import without_settings
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from voxq.cli.help import USAGE_ERRORS
from voxq.cli.line_breaks import WORD
from voxq.cli.tables import open_tasks_table, queue_table


def voxq(*arguments: str, cwd: Path, columns: int = 80, **environ: str) -> subprocess.CompletedProcess[str]:
    env = without_settings() | {"COLUMNS": str(columns), "STORAGE_PATH": str(cwd / "storage")} | environ
    return subprocess.run(
        [sys.executable, "-m", "voxq.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=cwd,
        env={name: value for name, value in env.items() if value},
    )


def test_help_is_chinese_and_nothing_of_it_is_cut_off(tmp_path: Path) -> None:
    done = voxq("transcribe", "--help", cwd=tmp_path, VOXQ_LANG="zh")
    assert done.returncode == 0
    for text in ("选项", "参数", "输出格式。", "显示帮助并退出。"):
        assert text in done.stdout
    assert "…" not in done.stdout
    frame = [line for line in done.stdout.splitlines() if line.startswith(("│", "╭", "╰"))]
    assert {cell_len(line) for line in frame} == {80}


def test_lang_is_enough_and_a_file_of_settings_too(tmp_path: Path) -> None:
    of_machine = {"VOXQ_LANG": "", "LC_ALL": "", "LC_MESSAGES": "", "LANG": "zh_CN.UTF-8"}
    assert "没有命令" in voxq("bogus", cwd=tmp_path, **of_machine).stderr
    (tmp_path / ".env").write_text("VOXQ_LANG=zh\n")
    assert "没有命令" in voxq("bogus", cwd=tmp_path, **of_machine | {"LANG": "C"}).stderr
    assert "No such command" in voxq("bogus", cwd=tmp_path, VOXQ_LANG="en").stderr


def test_the_doctor_speaks_chinese_and_its_json_english(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("API_PORT=http\nAPI_HOTS=x\n")
    chinese = voxq("doctor", cwd=tmp_path, VOXQ_LANG="zh").stdout
    assert "设置：API_PORT：必须是整数" in chinese
    assert "API_HOTS 不是设置项；是否想写 API_HOST？" in chinese
    findings = json.loads(voxq("doctor", "--json", cwd=tmp_path, VOXQ_LANG="zh").stdout)
    assert "API_HOTS is not a setting; did you mean API_HOST?" in {each["says"] for each in findings}
    assert all(json.dumps(finding).isascii() for finding in findings)


def test_errors_of_files_and_arguments_are_chinese(tmp_path: Path) -> None:
    done = voxq("transcribe", "missing.wav", cwd=tmp_path, VOXQ_LANG="zh")
    assert (done.returncode, done.stderr) == (2, "错误：missing.wav：文件不存在。\n")
    done = voxq("history", "-n", "0", cwd=tmp_path, VOXQ_LANG="zh")
    assert done.returncode == 2
    assert "'--limit' / '-n' 的值无效：必须大于或等于 1" in done.stderr
    done = voxq("transcribe", cwd=tmp_path, VOXQ_LANG="zh")
    assert "缺少参数 'FILE...'。" in done.stderr


@pytest.mark.parametrize(
    ("text", "template"),
    [
        ("No such option: --x (Possible options: --y)", "No such option: {name} (Possible options: {known})"),
        ("No such option: --x", "No such option: {name}"),
        ("Missing option '-o'.", "Missing option {name}."),
        ("Missing option '-o'. Choose from: a, b", "Missing option {name}. {more}"),
        ("Invalid value for '-f': 'x' is not one of 'a', 'b'.", "Invalid value for {name}: {problem}"),
        ("Something new", None),
    ],
)
def test_usage_errors_of_typer_are_recognised(text: str, template: str | None) -> None:
    message = USAGE_ERRORS.recognised(text)
    assert message == (text if template else None)
    assert message is None or message.template == template


TASK = {
    "task_id": "1b4e28ba",
    "kind": "asr",
    "status": "processing",
    "progress": 40,
    "lane": "asr-queue",
    "position": None,
    "duration": 61.5,
    "age": 30,
    "estimated_wait": None,
    "estimated_left": 12,
}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_columns_are_aligned_whatever_the_width_of_their_signs(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "VOXQ_LANG", language)
    text, *_ = (each for each in (shown(open_tasks_table([TASK, TASK | {"status": "queued"}])),))
    assert len({cell_len(line) for line in text.splitlines()}) == 1
    assert ("处理中 40 %" in text, "预计完成" in text) == ((language == "zh"),) * 2
    assert ("录音" in shown(queue_table({"asr": COUNTS}))) == (language == "zh")


COUNTS = {"queued": 1, "queued_seconds": 3.0, "processing": 0, "failed": 0}


def shown(table: Table) -> str:
    from voxq.cli.console import CalmConsole

    console = CalmConsole(width=120, force_terminal=False)
    with console.capture() as captured:
        console.print(table)
    return captured.get()


def test_lines_break_within_chinese_and_not_before_its_punctuation() -> None:
    text = "从 Redis 恢复，（见 STORAGE_PATH）；统计数据不能……"
    assert "".join(match[0] for match in WORD.finditer(text)) == text, "nothing is lost"
    console = Console(width=9, force_terminal=False)
    with console.capture() as captured:
        console.print("模型常驻内存，任务不丢失 abc。" * 3)
    lines = captured.get().splitlines()
    assert "".join(lines).replace(" ", "") == "模型常驻内存，任务不丢失abc。" * 3
    assert all(cell_len(line) <= 9 and not line.startswith(("，", "。")) for line in lines)
