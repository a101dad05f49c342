"""Documentation page without access to a CDN."""

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
