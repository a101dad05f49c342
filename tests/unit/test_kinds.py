"""What is special about a kind of task is in its module: nothing else names a kind or one of its classes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from voxq import kinds

PACKAGE = Path(__file__).parents[2] / "src" / "voxq"

OWNED = {
    "kinds/": "the kinds themselves",
    "api/kinds/": "routes that belong to one kind, which names them",
    "api/openai/": "OpenAI's routes, of which each is for one kind by its address",
    "api/submission/options.py": "what the routes of transcription share",
    "api/submission/speech_options.py": "what the routes of speech share",
    "api/submission/reuse.py": "fingerprints for both",
    "cli/kinds/": "commands that belong to one kind, which names them",
}
"""Files and folders that may name a kind, and why."""

MODULES = {"voxq.kinds.transcription", "voxq.kinds.speech"}


def is_owned(path: Path) -> bool:
    return path.relative_to(PACKAGE).as_posix().startswith(tuple(OWNED))


def names_in(tree: ast.AST) -> Iterator[str]:
    """The kinds that a file names: by their modules, or as words."""
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(module), names=names):
                imported = {module, *(f"{module}.{alias.name}" for alias in names)}
                yield from sorted(imported & MODULES)
            case ast.Import(names=names):
                yield from sorted({alias.name for alias in names} & MODULES)
            case ast.Constant(value=str(word)) if word in kinds.registered():
                yield repr(word)


def test_nothing_else_names_a_kind() -> None:
    found = [
        f"{path.relative_to(PACKAGE)} names {name}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if not is_owned(path)
        for name in names_in(ast.parse(path.read_text("utf-8")))
    ]
    assert found == []


def test_what_may_name_one_is_there() -> None:
    assert [place for place in OWNED if not (PACKAGE / place).exists()] == []


def test_every_name_would_be_seen() -> None:
    tree = ast.parse("from voxq.kinds import speech\nfrom voxq.kinds.transcription import X\nkind == 'asr'\n")
    assert list(names_in(tree)) == ["voxq.kinds.speech", "voxq.kinds.transcription", "'asr'"]


def test_the_first_step_of_each_works_on_what_the_media_process_finds() -> None:
    for kind in kinds.registered().values():
        first, *others = kind.steps
        assert not first.optional and first.source is None
        known = {first.name}
        for step in others:
            assert step.source is None or step.source in known, "a step works on one before it"
            known.add(step.name)
