"""How parts get to know each other: few parameters, and everything at construction."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "voxq"
MOST = 8
"""Parameters of a function, or collaborators of a class."""


@cache
def modules() -> Mapping[str, ast.Module]:
    """Modules of VoxQ by path, without the doubles for tests."""
    files = {str(path.relative_to(PACKAGE)): path for path in sorted(PACKAGE.rglob("*.py"))}
    return {
        name: ast.parse(path.read_text("utf-8"))
        for name, path in files.items()
        if not name.startswith("testing/")
    }


def classes(tree: ast.AST) -> Iterator[ast.ClassDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def dataclass_options(node: ast.ClassDef) -> set[str] | None:
    """Names of the options that a dataclass sets to True; None for any other class."""
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Name) and decorator.id == "dataclass":
            return set()
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith("dataclass"):
            return {str(each.arg) for each in decorator.keywords if ast.unparse(each.value) == "True"}
    return None


def fields(node: ast.ClassDef) -> list[ast.AnnAssign]:
    return [
        each
        for each in node.body
        if isinstance(each, ast.AnnAssign) and "ClassVar" not in ast.unparse(each.annotation)
    ]


def is_collaborator(node: ast.ClassDef) -> bool:
    """Whether objects of the class do something or change: it is a port, has a constructor of its own, or
    is a dataclass that is not frozen. Errors are values."""
    bases = [ast.unparse(base) for base in node.bases]
    if any(base.endswith(("Error", "Exception")) for base in bases):
        return False
    options = dataclass_options(node)
    has_constructor = any(isinstance(each, ast.FunctionDef) and each.name == "__init__" for each in node.body)
    return "Protocol" in bases or has_constructor or (options is not None and "frozen" not in options)


def named(annotation: ast.expr) -> set[str]:
    """Names that an annotation consists of."""
    text = ast.unparse(annotation).replace("'", " ").replace('"', " ")
    return set("".join(each if each.isidentifier() or each.isdigit() else " " for each in text).split())


def too_many_parameters(tree: ast.AST, collaborators: Collection[str]) -> Iterator[str]:
    """Yield functions, methods and generated constructors with more than MOST parameters.

    A record may have more fields: a frozen dataclass whose fields are values, such as a stored document or a
    declaration.
    """
    methods = {id(each): node.name for node in classes(tree) for each in node.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            given = [each.arg for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            given += [each.arg for each in (node.args.vararg, node.args.kwarg) if each is not None]
            if id(node) in methods and given[:1] in (["self"], ["cls"]):
                given = given[1:]
            if len(given) > MOST:
                yield ".".join(filter(None, (methods.get(id(node)), node.name)))
        elif isinstance(node, ast.ClassDef):
            options, given = dataclass_options(node), fields(node)
            is_record = options is not None and "frozen" in options
            is_record = is_record and not any(named(each.annotation) & set(collaborators) for each in given)
            if options is not None and len(given) > MOST and not is_record:
                yield node.name


def known_in(path: str, tree: ast.AST, collaborators: Collection[tuple[str, str]]) -> set[str]:
    """Those of the collaborators, given as path and name, that a module defines or imports."""
    here = {node.name for node in classes(tree) if (path, node.name) in collaborators}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("voxq."):
            file = f"{node.module.removeprefix('voxq.').replace('.', '/')}.py"
            here |= {each.asname or each.name for each in node.names if (file, each.name) in collaborators}
    return here


def wired_later(tree: ast.AST) -> Iterator[str]:
    """Yield assignments that give an object somebody to call after its construction, and placeholders for
    them."""
    for node in classes(tree):
        methods = {each.name for each in node.body if isinstance(each, ast.FunctionDef)}
        properties = {
            each.name for each in node.body if isinstance(each, ast.FunctionDef) and each.decorator_list
        }
        for each in ast.walk(node):
            if not isinstance(each, ast.Assign | ast.AnnAssign) or each.value is None:
                continue
            targets = each.targets if isinstance(each, ast.Assign) else [each.target]
            for target in targets:
                if not isinstance(target, ast.Attribute):
                    continue
                is_own = ast.unparse(target.value) == "self"
                match each.value:
                    case ast.Lambda():
                        yield ast.unparse(each)
                    case ast.Attribute(value=ast.Name(id="self"), attr=name) if (
                        not is_own and name in methods - properties
                    ):
                        yield ast.unparse(each)
                    case ast.Name(id="self") if not is_own:
                        yield ast.unparse(each)
                    case _:
                        pass


def test_no_function_takes_more_than_eight_parameters() -> None:
    collaborators = {
        (path, node.name)
        for path, tree in modules().items()
        for node in classes(tree)
        if is_collaborator(node)
    }
    assert {
        ("worker/model_pool/pool.py", "ModelPool"),
        ("storage/journal/port.py", "Journal"),
    } <= collaborators
    found = [
        f"{path}: {name}"
        for path, tree in modules().items()
        for name in too_many_parameters(tree, known_in(path, tree, collaborators))
    ]
    assert found == []


def test_collaborators_are_given_at_construction() -> None:
    found = [f"{path}: {line}" for path, tree in modules().items() for line in wired_later(tree)]
    assert found == []


NINE = ("a", "b", "c", "d", "e", "f", "g", "h", "i")
FIELDS = "\n".join(f"    {name}: int" for name in NINE)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (f"def f({', '.join(NINE)}): ...", ["f"]),
        (f"def f({', '.join(NINE[:8])}): ...", []),
        (f"def f({', '.join(NINE[:8])}, **more): ...", ["f"]),
        (f"class A:\n    def __init__(self, {', '.join(NINE[:8])}): ...", []),
        (f"class A:\n    def __init__(self, {', '.join(NINE[:8])}, *, i): ...", ["A.__init__"]),
        (f"@dataclass\nclass A:\n{FIELDS}", ["A"]),
        (f"@dataclass(frozen=True)\nclass A:\n{FIELDS}", []),
        (f"@dataclass(frozen=True)\nclass A:\n{FIELDS}\n    pool: ModelPool | None", ["A"]),
        (f"@dataclass(frozen=True)\nclass A:\n{FIELDS}\n    pools: Mapping[str, 'ModelPool']", ["A"]),
    ],
)
def test_too_many_parameters_are_detected(source: str, found: list[str]) -> None:
    assert list(too_many_parameters(ast.parse(source), {"ModelPool"})) == found


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        ("pool.hear = self.on_message", True),
        ("self.pool.hear = self.on_message", True),
        ("pool.owner = self", True),
        ("self.hear = lambda news: None", True),
        ("self.hear: Hear = lambda news: None", True),
        ("self.hear = hear", False),
        ("self.handle = self.on_message", False),
        ("task_run.outcome = self.outcome", False),
    ],
)
def test_wiring_after_construction_is_detected(line: str, is_found: bool) -> None:
    source = f"class A:\n    def __init__(self, pool, hear):\n        {line}\n    def on_message(self): ..."
    assert bool(list(wired_later(ast.parse(source)))) is is_found
