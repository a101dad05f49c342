import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
from _pip_config import parse, translate


def test_environment_overrides_command_settings_which_override_global_ones() -> None:
    listing = (
        ":env:.index-url='https://env.test/simple'\n"
        "global.index-url='https://global.test/simple'\n"
        "global.timeout='60'\n"
        "install.index-url='https://install.test/simple'\n"
        "install.timeout='90'\n"
    )
    assert parse(listing) == {"index-url": "https://env.test/simple", "timeout": "90"}


def test_values_keep_their_equals_signs_and_quotes() -> None:
    assert parse('global.index-url="https://u:p\'x@host.test/simple?a=b"\n') == {
        "index-url": "https://u:p'x@host.test/simple?a=b"
    }


def test_a_machine_without_configuration_needs_nothing() -> None:
    assert translate(parse("")) == {}


def test_missing_paths_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "a b").mkdir()
    here, gone = (tmp_path / "a b").as_uri(), (tmp_path / "gone").as_uri()
    assert translate({"extra-index-url": f"{gone} {here} https://mirror.test/simple"}) == {
        "UV_INDEX": f"{here} https://mirror.test/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }
    assert translate({"find-links": f"{tmp_path} {tmp_path / 'gone'}"}) == {"UV_FIND_LINKS": str(tmp_path)}
    assert translate({"extra-index-url": gone, "cert": str(tmp_path / "gone.pem")}) == {}


@pytest.mark.parametrize(("value", "expected"), [("true", {"UV_NO_INDEX": "true"}), ("0", {})])
def test_no_index(value: str, expected: dict[str, str]) -> None:
    assert translate({"no-index": value}) == expected
