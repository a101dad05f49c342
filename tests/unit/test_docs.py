"""Consistency of the documents with the code: whatever they name must exist."""

from __future__ import annotations

import ast
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from voxq.cli.app import app
from voxq.cli.outline import Outline
from voxq.settings import Settings, SettingsError, load_settings

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src" / "voxq"
READMES = ("README.md", "README.zh-CN.md")
DESIGNS = ("report/ARCHITECTURE_DESIGN.md", "report/ARCHITECTURE_DESIGN.zh-CN.md")
SECURITY = ("SECURITY.md", "SECURITY.zh-CN.md")
RELIABILITY = ("report/RELIABILITY.md", "report/RELIABILITY.zh-CN.md")
EXTENDING = ("report/EXTENDING.md", "report/EXTENDING.zh-CN.md")
GUIDES = ("report/LOCAL_DEPLOYMENT_GUIDE.md", "report/LOCAL_DEPLOYMENT_GUIDE.zh-CN.md")
RECIPES = ("report/RECIPES.md", "report/RECIPES.zh-CN.md")
MODELS = ("report/MODELS.md", "report/MODELS.zh-CN.md")

_INDEX_HOST = re.compile(
    r"pypi\.|pythonhosted\.|registry\.npmjs|/simple/?\b|mirrors?\.[a-z]+\.[a-z]", re.IGNORECASE
)
_METAPHORS = (
    "horses?|stables|stalls|crew|twins?|rota|estate|engine room|sound room|workshop|departures|enrolments?"
    r"|setbacks?|mourn\w*|accus\w+|pardon\w*|bur(?:y|ied|ies)|knocks?|at the door|held up|tellings?"
)
"""Words that parts once had; each may have another meaning in a name of a client, of RQ or of a key."""
_METAPHOR = re.compile(rf"(?<![A-Za-z])(?:{_METAPHORS})(?![A-Za-z])", re.IGNORECASE)
_NO_METAPHORS = re.compile(r"kill[-_]horse|work[- ]horse|horse_rss_mb|['`:]twin['`:]|a knock\b")
"""RQ's command and its word, a field of `/stats`, the name of a key, and a sound."""
_RIDDLE = re.compile(
    r"def (test_(?:(?:who|whoever|nobody|somebody|everybody|nor|so|also)_\w+|\w+_(?:told|tells?)_\w+"
    r"|\w+_is_(?:told|none|no_news|anothers|nobodys)\b))"
)
_MACHINE = re.compile(r"(?<![\w.~}-])/(?:work|workspace|root|home|tmp|opt|Users)/[\w.-]+")


def _committed() -> list[Path]:
    try:
        listing = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, timeout=30
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listing.decode().split("\0") if name and (ROOT / name).is_file()]


def _documents() -> list[Path]:
    return [path for path in _committed() if path.suffix == ".md"]


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _anchors(text: str) -> set[str]:
    """URL fragments that a renderer gives to the headings."""
    headings = re.findall(r"^#+ (.+)$", _prose(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def _prose(text: str) -> str:
    """Text without code blocks."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def test_every_relative_link_leads_somewhere() -> None:
    broken = []
    for document in _documents():
        for link in re.findall(r"\]\(([^)\s]+)\)", _prose(document.read_text(encoding="utf-8"))):
            place, _, fragment = unquote(link).partition("#")
            if re.match(r"[a-z]+:", place):
                continue
            target = (document.parent / place).resolve() if place else document
            if not target.exists() or (
                fragment and fragment not in _anchors(target.read_text(encoding="utf-8"))
            ):
                broken.append(f"{document.relative_to(ROOT)}: {link}")
    assert not broken


def test_chinese_pages_lead_to_chinese_pages() -> None:
    """Only the language link at the head leads to a page in English that exists in Chinese."""
    stray = []
    for document in _documents():
        if not document.name.endswith(".zh-CN.md"):
            continue
        own = document.name.replace(".zh-CN.md", ".md")
        for link in re.findall(r"\]\(([^)\s#]+\.md)[^)]*\)", _prose(document.read_text(encoding="utf-8"))):
            target = document.parent / link
            if link != own and target.with_name(target.name.replace(".md", ".zh-CN.md")).exists():
                stray.append(f"{document.name}: {link}")
    assert not stray


def test_every_test_that_is_named_exists() -> None:
    missing = []
    for document in _documents():
        for path, name in re.findall(
            r"`(tests/[\w/]+\.py)(?:::(\w+))?`", document.read_text(encoding="utf-8")
        ):
            file = ROOT / path
            if not file.exists() or (name and f"def {name}(" not in file.read_text(encoding="utf-8")):
                missing.append(f"{document.name}: {path}::{name}")
    assert not missing


def test_code_tests_and_pages_use_no_private_metaphors() -> None:
    """Names, comments and messages use the words of the field; RQ's own words and old key names remain."""
    found = []
    for path in _committed():
        if path.suffix not in (".py", ".md", ".lua", ".sh", ".toml", ".service", "") or path == Path(
            __file__
        ):
            continue
        text = _NO_METAPHORS.sub("", path.read_text(encoding="utf-8"))
        found += [f"{path.relative_to(ROOT)}: {word}" for word in _METAPHOR.findall(text)]
    assert not found


def test_test_names_are_no_riddles() -> None:
    files = [path for path in _committed() if path.suffix == ".py" and "tests" in path.parts]
    names = [name for path in files for name in _RIDDLE.findall(path.read_text(encoding="utf-8"))]
    assert len(files) > 200
    assert not names


def test_every_source_file_that_is_named_exists() -> None:
    places = (ROOT / "src" / "voxq", ROOT)
    named = [
        (name, path) for name in DESIGNS for path in re.findall(r"`((?:[a-z_]+/)*[a-z_]+\.py)`", _text(name))
    ]
    assert len(named) > 40
    assert not [each for each in named if not any((place / each[1]).exists() for place in places)]


@pytest.mark.parametrize("guide", GUIDES)
def test_the_guide_has_every_setting_with_its_default(guide: str) -> None:
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| ([^|]+) \|", _text(guide), re.MULTILINE))
    for name, field in Settings.model_fields.items():
        shown = rows.pop(name.upper(), None)
        assert shown is not None, f"{name.upper()} is not in the guide"
        assert _same(shown.strip("` "), field.default), f"{name.upper()} is not {shown} by default"
    assert not rows


def _same(shown: str, default: object) -> bool:
    if default in (None, ""):
        return shown in ("unset", "未设置")
    if isinstance(default, Path):
        return Path(shown) == default
    return shown == (str(default).lower() if isinstance(default, bool) else str(default))


_SETTING_PREFIXES = (
    "API_",
    "ASR_",
    "LOG_",
    "MAX_",
    "MEDIA_",
    "REDIS_",
    "RQ_",
    "STORAGE_",
    "MIN_",
    "RESULT_",
    "FAILED_",
)


def test_settings_that_are_named_exist() -> None:
    known = {name.upper() for name in Settings.model_fields}
    for document in _documents():
        named = set(re.findall(r"`([A-Z][A-Z_]+[A-Z])(?:=[^`]*)?`", document.read_text(encoding="utf-8")))
        unknown = {name for name in named if name.startswith(_SETTING_PREFIXES)} - known
        assert not unknown, document.name


def test_examples_of_env_files_are_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {name.upper() for name in Settings.model_fields}
    for name in known & set(os.environ):
        monkeypatch.delenv(name)
    dotenv = tmp_path / ".env"
    for where, example in _env_examples():
        dotenv.write_text(example, encoding="utf-8")
        try:
            load_settings(dotenv).check_exposure()
        except SettingsError as error:
            pytest.fail(f"{where}: {error}\n{example}")


def _env_examples() -> Iterator[tuple[str, str]]:
    """Code blocks that consist of settings, each with the name of its document."""
    for document in _documents():
        text = document.read_text(encoding="utf-8")
        for block in re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            lines = [line for line in block.splitlines() if line.strip() and not line.startswith("#")]
            if lines and all(re.match(r"[A-Z][A-Z_]+=", line) for line in lines):
                yield document.name, block


def test_settings_that_messages_name_exist() -> None:
    known = {name.upper() for name in Settings.model_fields}
    named = {
        (path.name, name)
        for path in SOURCES.rglob("*.py")
        for text in _messages(ast.parse(path.read_text(encoding="utf-8")))
        if " " in text
        for name in re.findall(r"\b[A-Z]+_[A-Z_]+\b", text)
        if name.startswith(_SETTING_PREFIXES)
    }
    assert len(named) > 30
    assert not [each for each in named if each[1] not in known]


def _messages(tree: ast.AST) -> Iterator[str]:
    """Yield the string constants, those of f-strings among them, without docstrings."""
    descriptions = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in descriptions:
            yield node.value


def _unknown(words: list[str]) -> str | None:
    """First non-existent command or option among the words after `voxq`; None if all exist."""
    command = get_command(app)
    rest = list(words)
    while isinstance(command, TyperGroup) and rest and not rest[0].startswith("-") and rest[0] != "COMMAND":
        if rest[0] not in command.commands:
            return rest[0]
        command = command.commands[rest.pop(0)]
        command = command.loaded if isinstance(command, Outline) else command
    if command.ignore_unknown_options or command.context_settings.get("ignore_unknown_options"):
        return None  # they are another program's
    options = {option for parameter in command.params for option in parameter.opts} | {"--help", "-h"}
    given = [word.partition("=")[0] for word in rest if word.startswith("-") and word != "-"]
    return next((option for option in given if option not in options), None)


def _commands_in(text: str) -> list[list[str]]:
    """Words after `voxq` in each command: in backticks, at a prompt, in a unit file."""
    blocks = "\n".join(re.findall(r"^```.*?^```$", text, re.MULTILINE | re.DOTALL))
    code = re.findall(r"`([^`\n]+)`", _prose(text)) + re.findall(r"^[$#] (.+)$", blocks, re.MULTILINE)
    code += re.findall(r"^ExecStart=(.+)$", text, re.MULTILINE)
    commands = [
        re.sub(r"^\s*(?:\w+=\S+ |sudo -u \w+ |-H )*", "", part).split()
        for line in code
        for part in re.split(r"&&|\||   #", line)
    ]
    return [words[1:] for words in commands if words and words[0].rpartition("/")[2] == "voxq"]


def test_every_command_and_option_that_is_named_exists() -> None:
    sources = [path for path in _committed() if path.suffix in (".md", ".service")]
    named = [
        (path.name, words) for path in sources for words in _commands_in(path.read_text(encoding="utf-8"))
    ]
    assert len(named) > 30
    assert not [(name, words) for name, words in named if _unknown(words)]


def test_every_command_is_in_both_readmes() -> None:
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    for readme in READMES:
        assert all(f"`voxq {name}" in _text(readme) for name in group.commands), readme


@pytest.mark.parametrize(
    "pair",
    [READMES, GUIDES, DESIGNS, SECURITY, RELIABILITY, EXTENDING, RECIPES, MODELS],
    ids=["readme", "guide", "architecture", "security", "reliability", "extending", "recipes", "models"],
)
def test_both_languages_say_the_same(pair: tuple[str, str]) -> None:
    shapes = [_shape(_text(name)) for name in pair]
    assert shapes[0] == shapes[1]


def _shape(text: str) -> tuple[list[str], list[int], list[str], list[str]]:
    """Heading levels, cells per table row, names in backticks in tables, and code blocks."""
    prose = _prose(text)
    headings = re.findall(r"^(#+) ", prose, re.MULTILINE)
    rows = re.findall(r"^\|.*\|$", prose, re.MULTILINE)
    names = sorted(re.findall(r"`([\w./:-]+)`", "\n".join(rows)))
    blocks = re.findall(r"^```console$(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    lines = [line.partition("   #")[0].rstrip() for block in blocks for line in block.splitlines()]
    return headings, [row.count("|") for row in rows], names, lines


def test_no_committed_file_knows_a_package_index_or_this_machine() -> None:
    found = []
    for path in _committed():
        name = path.relative_to(ROOT)
        # Tests contain invented indexes and attackers' paths, and this one the patterns themselves.
        if path.suffix in (".wav", ".ogg", ".onnx") or name.parts[0] == "tests":
            continue
        text = path.read_text(encoding="utf-8")
        found += [f"{name}: {hit}" for hit in _INDEX_HOST.findall(text) + _MACHINE.findall(text)]
    assert not found
