"""Documentation page without access to a CDN."""

import re

from fastapi.testclient import TestClient

from voxq.api.app import create_app


def test_docs_page_loads_everything_from_this_service() -> None:
    client = TestClient(create_app())
    page = client.get("/docs")
    assert page.status_code == 200
    linked = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert linked
    for link in linked:
        assert link.startswith("/docs/assets/")
        assert client.get(link).status_code == 200
