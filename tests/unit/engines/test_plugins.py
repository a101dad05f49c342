"""Engines from other packages, found by their entry points, and only if the operator lists them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from voxq.cli.engine_checks import check_engines
from voxq.engines import plugins, registry
from voxq.engines.contract import Capability, EngineError
from voxq.model_catalogue import ModelCatalogue
from voxq.settings import Settings, SettingsError, load_settings
from voxq.worker.plan import WorkPlan

SOURCE = """
from voxq.engines.contract import Capability, EngineFamily, Traits
FAMILY = EngineFamily(
    name={name!r}, capability=Capability.RECOGNISE, summary="Of a test", load=lambda request, models: None,
    traits_for=lambda request: Traits(max_items=3), models=("parrot",), contract={contract},
)
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Factory of installed packages: `install("parrot")` provides an engine of this name."""
    packages = tmp_path / "packages"
    packages.mkdir()
    monkeypatch.syspath_prepend(str(packages))
    monkeypatch.setattr(registry, "_added", {})
    before = set(sys.modules)

    def make(
        name: str, source: str = SOURCE, *, inside: str = "", contract: int = 1, package: str = ""
    ) -> None:
        module = f"engine_of_a_test_{(package or name).replace('-', '_')}"
        (packages / f"{module}.py").write_text(source.format(name=inside or name, contract=contract))
        info = packages / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{plugins.GROUP}]\n{name} = {module}:FAMILY\n")

    yield make
    for module in set(sys.modules) - before:
        del sys.modules[module]


def test_a_listed_plugin_is_an_engine_like_any_other(install: Callable[..., None], tmp_path: Path) -> None:
    install("parrot")
    settings = Settings(storage_path=tmp_path, asr_model_path=tmp_path, engine_plugins=" parrot ,parrot")
    registry.use_plugins(settings.plugins)
    registry.use_plugins(settings.plugins)
    assert registry.find("parrot", Capability.RECOGNISE).summary == "Of a test"
    assert registry.is_plugin("parrot") and not registry.is_plugin("noop")
    catalogue = ModelCatalogue.of(settings)
    assert catalogue.find("parrot").engine == "parrot"
    assert catalogue.engine_of("parrot") == "parrot"
    plan = WorkPlan.of(settings.model_copy(update={"asr_model": "parrot"}), "cpu")
    assert (plan.default.name, plan.default.traits.max_items) == ("parrot", 3)


def test_an_unlisted_plugin_is_not_imported(install: Callable[..., None], tmp_path: Path) -> None:
    install("wild", "raise SystemExit('imported')")
    settings = Settings(storage_path=tmp_path, asr_model_path=tmp_path)
    (finding,) = [each for each in check_engines(settings) if "wild" in each.says]
    assert (finding.state, "ENGINE_PLUGINS" in finding.says) == ("ok", True)
    with pytest.raises(EngineError, match="Unknown engine 'wild'"):
        registry.find("wild")


@pytest.mark.parametrize(
    ("name", "offered", "message"),
    [
        ("absent", {}, r"No installed package offers an engine absent\. There are: .*broken"),
        (
            "broken",
            {"source": "import no_such_library"},
            "cannot be imported: ModuleNotFoundError",
        ),
        ("quits", {"source": "raise SystemExit(3)"}, "cannot be imported: SystemExit: 3"),
        ("empty", {"source": "x = 1"}, "cannot be imported: AttributeError"),
        ("other", {"source": "FAMILY = 3"}, "is not an EngineFamily but a int"),
        ("newer", {"contract": 99}, "version 99 of the contract.*version 1"),
        ("misnamed", {"inside": "another"}, "calls itself 'another'"),
        ("funasr", {}, "built in"),
    ],
)
def test_an_unusable_plugin_is_reported_and_the_others_work(
    install: Callable[..., None], tmp_path: Path, name: str, offered: dict[str, str], message: str
) -> None:
    install("parrot")
    if name != "broken":
        install("broken", "import no_such_library")
    if name != "absent":
        install(name, **offered)
    with pytest.raises(EngineError, match=message):
        registry.use_plugins([name])
    settings = Settings(storage_path=tmp_path, asr_model_path=tmp_path, engine_plugins=f"{name},parrot")
    failure, fine, *_ = check_engines(settings)
    assert (failure.state, fine.state) == ("failure", "ok")
    assert failure.fix is not None and "ENGINE_PLUGINS" in failure.fix


def test_a_name_offered_by_two_packages_is_refused(install: Callable[..., None]) -> None:
    install("parrot")
    install("parrot", package="copycat")
    with pytest.raises(EngineError, match=r"Several packages.*copycat.*parrot"):
        registry.use_plugins(["parrot"])


@pytest.mark.parametrize("names", ["../x", "A", "a b", "-a", "module:attribute"])
def test_plugin_names_are_plain_words(names: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="ENGINE_PLUGINS"):
        load_settings(tmp_path / "none", engine_plugins=names)
