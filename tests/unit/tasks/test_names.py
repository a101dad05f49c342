"""Names in Redis, each of which is written in one place."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from voxq.queue import keys
from voxq.queue.keys import KindName, KindPrefix

PACKAGE = Path(__file__).parents[3] / "src" / "voxq"
LITERAL = re.compile(r"""(["'])((?:rq|voxq|webhook):[^"'{ ]*)""")


def test_no_name_is_written_in_two_files() -> None:
    places = defaultdict(set)
    for path in (*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.lua")):
        for _, name in LITERAL.findall(path.read_text("utf-8")):
            places[name.rstrip(":")].add(path.name)
    places.pop("rq:workers", None)  # "rq:workers" and "rq:workers:<queue>" are two keys in one file
    assert {name: sorted(files) for name, files in places.items() if len(files) > 1} == {}
    assert places["voxq:workers"] == {"keys.py"}, "the pattern finds names"


def test_scripts_get_the_same_names() -> None:
    lines = keys.in_lua().splitlines()
    assert len(lines) == len(set(lines)) > 20
    assert f"local WORKERS_KEY = '{keys.WORKERS_KEY}'" in lines
    assert "local HISTORY = context.kind .. ':history:latest'" in lines
    assert "local TASK = context.kind .. ':task:'" in lines


def test_names_of_a_kind() -> None:
    assert KindName.SAMPLES.of("asr") == "asr:stats:samples"
    assert KindPrefix.TASK.of("tts", "1") == "tts:task:1"
