"""The lists of files in EXTENDING are complete, and what its examples say is so."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from textwrap import indent
from typing import Any

from voxq import kinds
from voxq.core.options import SAFE
from voxq.engines import registry
from voxq.engines.contract import Capability
from voxq.testing.engines import check_engine

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "voxq"
PAGES = ("report/EXTENDING.md", "report/EXTENDING.zh-CN.md")
ENGINE, OPTION, KIND, ADAPTER = range(1, 5)
"""Places of the sections, after that about engines outside of this repository."""

DISTINCT_OPTIONS = ("use_itn", "use_punc")
"""Their names mean nothing else anywhere."""

DECLARATION = """
from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from voxq.core.options import Mark
from voxq.kinds.transcription import TranscriptionOptions


@dataclass(frozen=True, slots=True)
class MoreOptions(TranscriptionOptions):
"""
"""A class for the option that is shown."""


def sections(page: str) -> list[str]:
    return re.split(r"^## ", (ROOT / page).read_text("utf-8"), flags=re.MULTILINE)[1:]


def listed(section: str) -> list[str]:
    """The paths in the first column of tables, with their placeholders."""
    return re.findall(r"^\| `((?:src|pyproject)[^`]*)` \|", section, re.MULTILINE)


def files(section: int) -> list[str]:
    return listed(sections(PAGES[0])[section])


def found(path: str) -> set[Path]:
    """The files that a listed path stands for; a folder may take the place of that of a family or kind."""
    pattern = re.sub(r"<\w+>", "*", path)
    return set(ROOT.glob(pattern)) | set(ROOT.glob(f"{pattern.removesuffix('.py')}/**/*.py"))


def all_of(section: int) -> set[Path]:
    return {file for path in files(section) for file in found(path)}


def examples(section: int) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", sections(PAGES[0])[section], re.MULTILINE | re.DOTALL)


def test_every_file_that_is_listed_exists() -> None:
    for section in (ENGINE, OPTION, KIND, ADAPTER):
        assert len(files(section)) > 1
        assert not [path for path in files(section) if not found(path)]


def test_both_languages_list_the_same_files_and_show_the_same_code() -> None:
    english, chinese = map(sections, PAGES)
    assert [listed(each) for each in english] == [listed(each) for each in chinese]
    blocks = [re.findall(r"^```\w+$.*?^```$", "\n".join(each), re.M | re.S) for each in (english, chinese)]
    assert blocks[0] == blocks[1]


def test_the_counts_are_those_of_the_lists() -> None:
    table = (ROOT / PAGES[0]).read_text("utf-8").split("## ")[0]
    today = [int(number) for number in re.findall(r"^\| an? [^|]+ \| (\d+)", table, re.MULTILINE)]
    always = [len(re.findall(r"^\| `[^`]*` \| always \|", each, re.MULTILINE)) for each in sections(PAGES[0])]
    # Of an engine, and of an adapter, there is also the one file of its sort.
    assert today == [0, always[ENGINE] + 1, always[OPTION], always[KIND], always[ADAPTER] + 1]


def test_an_engine_is_named_only_where_the_list_says() -> None:
    families = {name for each in Capability for name in registry.names(each)}
    assert len(families) > 4
    # Doubles for tests run on the engine that recognises nothing.
    may = all_of(ENGINE) | set((PACKAGE / "testing").glob("*.py"))
    elsewhere = {
        f"{file.relative_to(ROOT)} names {text}"
        for file, texts in strings_of_all().items()
        for text in texts & families
        if file not in may
    }
    assert not elsewhere


def test_an_engine_is_imported_by_engines_alone() -> None:
    families = {f"voxq.engines.{each}" for each in ("recognise", "speak", "rewrite", "embed")}
    outside = {file for file in PACKAGE.rglob("*.py") if file.relative_to(PACKAGE).parts[0] != "engines"}
    assert not [
        f"{file.relative_to(PACKAGE)} imports {name}"
        for file in outside - all_of(ENGINE)
        for name in imported(file)
        if name.rpartition(".")[0] in families
    ]


def test_an_option_is_named_only_where_the_list_says() -> None:
    declared = {name for kind in kinds.registered().values() for name in kind.options.declared()}
    assert declared.issuperset(DISTINCT_OPTIONS)
    may = all_of(OPTION)
    elsewhere = {
        f"{file.relative_to(ROOT)} names {name}"
        for file in set(PACKAGE.rglob("*.py")) - may
        for name in DISTINCT_OPTIONS
        if re.search(rf"\b{name}\b", file.read_text("utf-8"))
    }
    assert not elsewhere


def test_a_kind_is_one_module_and_its_registration() -> None:
    modules = {module_of(kind) for kind in kinds.registered().values()}
    assert len(modules) == len(kinds.registered())
    assert all(found(f"src/{module.replace('.', '/')}.py") & all_of(KIND) for module in modules)
    frame = {"core", "queue", "storage", "tasks", "recovery", "metrics", "webhooks", "supervisor", "settings"}
    assert not [
        f"{file.relative_to(PACKAGE)} imports {name}"
        for file in PACKAGE.rglob("*.py")
        if file.relative_to(PACKAGE).parts[0] in frame
        for name in imported(file)
        if ".".join(name.split(".")[:3]) in modules
    ]


def test_only_the_listed_files_know_an_adapter() -> None:
    adapters = {"voxq.storage.journal.files", "voxq.storage.blobs.files"}
    knowing = {file for file in PACKAGE.rglob("*.py") if imported(file) & adapters}
    assert knowing == {PACKAGE / "parts.py"}
    assert PACKAGE / "parts.py" in all_of(ADAPTER)


def test_the_engine_that_is_shown_conforms(tmp_path: Path) -> None:
    engine, line = examples(ENGINE)
    check_engine(module_with(engine, tmp_path / "beeper_shown.py").FAMILY)
    assert ast.literal_eval(line) == {"beeper": "voxq.engines.speak.beeper"}


def test_the_option_that_is_shown_is_one(tmp_path: Path) -> None:
    (field,) = examples(OPTION)
    code = DECLARATION + indent(field, "    ")
    more = module_with(code, tmp_path / "hesitations_shown.py").MoreOptions
    option = more.declared()["hesitations"]
    assert (option.openai, option.mark.affects) == ("keep_hesitations", SAFE)
    assert more(hesitations=False).batch_key() != more().batch_key()


def test_the_kind_that_is_shown_is_complete(tmp_path: Path) -> None:
    (code,) = examples(KIND)
    module = module_with(code, tmp_path / "length_shown.py")
    assert module.LENGTH.capability == "speak"
    assert not module.LengthRun.__abstractmethods__


def test_the_examples_of_adapters_are_in_the_code() -> None:
    test, choice = examples(ADAPTER)
    shown = (ROOT / "tests" / "unit" / "storage" / "test_journal_port.py").read_text("utf-8")
    assert test.strip() in shown
    assert choice.strip().partition(" = ")[2] in (PACKAGE / "parts.py").read_text("utf-8")


def module_with(code: str, path: Path) -> Any:
    """A module with this code, as if it were installed."""
    path.write_text(code, "utf-8")
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


@cache
def strings_of_all() -> dict[Path, set[str]]:
    """The texts in the code of each file; examples in the API's document are documentation."""
    return {file: set(strings(ast.parse(file.read_text("utf-8")))) for file in PACKAGE.rglob("*.py")}


def strings(tree: ast.AST) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.keyword) and node.arg == "examples":
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        yield from strings(node)


def imported(file: Path) -> set[str]:
    """Modules that a file imports, or imports from, by their whole names."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


def module_of(kind: kinds.Kind) -> str:
    """The module of a kind, or its package."""
    return ".".join(kind.options.__module__.split(".")[:3])
