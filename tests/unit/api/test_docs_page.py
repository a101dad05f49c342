"""Documentation page without access to a CDN."""

import base64
import hashlib
import re

import pytest
from fastapi.testclient import TestClient

from voxq.api.app import create_app


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_docs_page_loads_everything_from_this_service(path: str) -> None:
    client = TestClient(create_app())
    page = client.get(path)
    assert page.status_code == 200
    linked = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert linked
    for link in linked:
        assert link.startswith("/docs/assets/")
        assert client.get(link).status_code == 200


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_a_documentation_page_runs_no_script_but_its_own(path: str) -> None:
    """It shows texts of errors, which clients can influence."""
    page = TestClient(create_app()).get(path)
    policy = dict(
        part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";") if part
    )
    inline = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in inline]
    assert policy["script-src"].split() == ["'self'", *(f"'sha256-{each}'" for each in digests)]
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["connect-src"] == "'self'"
