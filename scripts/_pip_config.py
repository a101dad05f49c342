"""Translate pip's configuration to uv's variables, so that a machine set up for pip needs no further set-up.

Prints NAME=value lines; variables that are already set keep their values. Needs only Python.
"""

import ast
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

# In increasing precedence: the section of a command overrides [global], the environment overrides files.
_SECTIONS = ("global.", "install.", ":env:.")


def parse(listing: str) -> dict[str, str]:
    """Parse the output of `pip config list` to options without their sections."""
    options: dict[str, str] = {}
    lines = [line.partition("=") for line in listing.splitlines() if "=" in line]
    for section in _SECTIONS:
        for key, _, value in lines:
            if key.startswith(section):
                options[key.removeprefix(section)] = str(ast.literal_eval(value))
    return options


def translate(options: Mapping[str, str]) -> dict[str, str]:
    """Variables of uv for pip's options, without missing directories, which pip ignores, too."""
    extra = [url for url in options.get("extra-index-url", "").split() if _is_usable(url)]
    links = [link for link in options.get("find-links", "").split() if _is_usable(link)]
    cert = options.get("cert", "")
    variables = {
        "UV_DEFAULT_INDEX": options.get("index-url", ""),
        "UV_INDEX": " ".join(extra),
        # pip takes the best version of all indexes; uv by default stops at the first that has the package.
        "UV_INDEX_STRATEGY": "unsafe-best-match" if extra else "",
        "UV_FIND_LINKS": ",".join(links),
        "UV_NO_INDEX": "true" if options.get("no-index", "").lower() in ("1", "true", "yes", "on") else "",
        "UV_INSECURE_HOST": options.get("trusted-host", ""),
        "UV_HTTP_TIMEOUT": options.get("timeout", options.get("default-timeout", "")),
        "SSL_CERT_FILE": cert if Path(cert).is_file() else "",
    }
    return {name: value for name, value in variables.items() if value}


def _is_usable(place: str) -> bool:
    url = urlsplit(place)
    if url.scheme == "file":
        return Path(unquote(url.path)).exists()
    return bool(url.scheme) or Path(place).exists()


def main() -> None:
    listing = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, timeout=60
    ).stdout
    for name, value in translate(parse(listing)).items():
        if name not in os.environ:
            print(f"{name}={value}")


if __name__ == "__main__":
    main()
