"""OpenAI's SDK for JavaScript, installed with npm where possible, and a program that uses it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

_VERSION = "6"
_INSTALL_SECONDS = 60
_PROGRAM = Path(__file__).with_suffix(".mjs")


def speech_and_text(base_url: str, text: str, directory: Path) -> dict[str, Any]:
    """Speak the text into `directory`/speech.mp3 and recognise it again; returns the program's output.

    Skips the test if there is no Node.js or the package cannot be installed.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("there is no Node.js with npm")
    command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", f"openai@{_VERSION}"]
    try:
        installed = subprocess.run(command, cwd=directory, capture_output=True, timeout=_INSTALL_SECONDS)
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm takes longer than {_INSTALL_SECONDS} s")
    if installed.returncode != 0:
        pytest.skip("npm cannot install the package openai here")
    program = shutil.copy(_PROGRAM, directory)
    proxies = ("http_proxy", "https_proxy", "all_proxy")
    environ = {name: value for name, value in os.environ.items() if name.lower() not in proxies}
    done = subprocess.run(
        [node, program, base_url, text], cwd=directory, env=environ, capture_output=True, timeout=120
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)
