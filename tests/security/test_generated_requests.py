"""Requests that the OpenAPI document allows or forbids: with a key, without, and for another owner's task."""

from __future__ import annotations

import time
from typing import Any

import pytest
import schemathesis
from attacked import KEYS, OPEN, Attacked
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

SECONDS = 60.0
"""Maximum seconds for all operations; those not reached by then are skipped."""


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_request_gets_past_the_keys(
    service: Attacked, recording: str, speech: str, mode: GenerationMode
) -> None:
    schema = schemathesis.openapi.from_url(f"{service.api.url}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) >= 24
    deadline = time.monotonic() + SECONDS / 2
    for operation in operations:
        if mode is GenerationMode.NEGATIVE and not (list(operation.query) or list(operation.body)):
            continue  # there is nothing to make invalid
        hers = speech if "/tts/" in operation.path else recording
        _try(operation, mode, hers, deadline)


def _try(operation: Any, mode: GenerationMode, hers: str, deadline: float) -> None:
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=6,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def is_guarded(case: Case) -> None:
        if time.monotonic() > deadline:
            return
        case.headers.pop("Authorization", None)
        if "wait" in case.query:
            case.query["wait"] = 0
        for headers in ({}, bearer("wrong"), bearer(KEYS["ben"] + "x")):
            status = case.call(headers=headers).status_code
            # Anything that is not HTTP, or not a path of ours, is refused before authentication.
            assert status in (400, 401, 404, 405) or case.path in OPEN, (case.path, status)
        if "task_id" in case.path_parameters:
            case.path_parameters["task_id"] = hers
            assert case.call(headers=bearer(KEYS["ben"])).status_code in (404, 422)
            assert case.call().status_code == 401
            return
        case.call_and_validate(
            headers=bearer(KEYS["anna"]), excluded_checks=[ignored_auth, positive_data_acceptance]
        )

    is_guarded()
