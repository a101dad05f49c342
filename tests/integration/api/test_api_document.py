"""The OpenAPI document: complete, and correct about the API's responses to generated requests."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import schemathesis
from api_server import ApiServer, tone
from hypothesis import HealthCheck, Phase, given, settings, strategies
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance
from task_lab import Lab, cancelled, done, failed, make_worker

from voxq.api import errors, openapi
from voxq.queue import claiming

FIELDS = (
    "cache",
    "speakers",
    "min_speakers",
    "max_speakers",
    "model",
    "language",
    "chinese_script",
    "batch_size",
    "hotwords",
    "priority",
    "callback",
    "timestamps",
    "use_vad",
    "use_punc",
    "use_itn",
    "audio_track",
    "channels",
    "rewrite",
    "rewrite_provider",
    "rewrite_target",
    "rewrite_prompt",
)
ENDED = 3
"""Number of ended tasks of each kind, which come before the others."""
WAITING = ("/v1/audio/speech", "/asr", "/detect-language")
"""Paths where a 504 is expected: some of the texts can be spoken, any bytes can be samples, but there is no
worker."""
UPLOADS = (
    *("/submit", "/batch", "/transcriptions", "/translations", "/speech", *WAITING),
    *("/asr/transcribe", "/asr/transcribe-and-optimize", "/llm/optimize"),
    *("/synthesize-with-embedding", "/batch-synthesize", "/extract-embedding"),
    *("/voiceprints", "/identify", "/verify", "/recordings", "/versions"),
)
HEAVY = ("torch", "ctranslate2", "onnxruntime", "faster_whisper", "av", "numpy")


def check(operation: Any, mode: GenerationMode, task_ids: Sequence[str] = ()) -> None:
    """Send requests that the document allows, or forbids; with `task_ids`, if given."""

    @given(case=operation.as_strategy(generation_mode=mode), data=strategies.data())
    @settings(
        max_examples=15,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def answers_as_described(case: Case, data: strategies.DataObject) -> None:
        # Keys are optional, and this service has none. Generated content is neither a recording nor a text or
        # a vector of a voice, and a generated cursor is none that an answer contained, so requests of the
        # right form may be refused.
        may_be_refused = case.path.endswith(UPLOADS) or "cursor" in case.query
        excluded = [ignored_auth, *([positive_data_acceptance] if may_be_refused else [])]
        if case.path in WAITING:
            excluded.append(not_a_server_error)
        if case.path.endswith("/{name}/sample"):
            case.path_parameters["name"] = "nobody"  # the sample of a real voice waits for a worker
        if task_ids:
            if "wait" in case.query:
                case.query["wait"] /= 1000  # some of these tasks will not end
            case.path_parameters["task_id"] = data.draw(strategies.sampled_from(task_ids))
        case.call_and_validate(excluded_checks=excluded)

    answers_as_described()


def test_responses_match_the_document_for_generated_requests(api: ApiServer, lab: Lab) -> None:
    schema = schemathesis.openapi.from_url(f"{api.url}/openapi.json")
    worker = make_worker()
    facts = {"id": 1, "state": "ready", "engine": "e", "model": "m", "device": "cpu", "held": 0}
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) >= 16
    for operation in operations:
        lab.run(claiming.beat(lab.store, worker, [], time.time(), 30, {**facts, "beat": time.time()}))
        check(operation, GenerationMode.POSITIVE)
        # without parameters there is nothing to make invalid
        if list(operation.query) or list(operation.body):
            check(operation, GenerationMode.NEGATIVE)
        if "{task_id}" in operation.path:
            ids = tasks_of_every_kind(api, lab)
            # The events of an open task do not end.
            check(operation, GenerationMode.POSITIVE, ids[:ENDED] if "/events/" in operation.path else ids)
    assert "Traceback" not in api.log()


def tasks_of_every_kind(api: ApiServer, lab: Lab) -> list[str]:
    ids = [api.submitted(tone(1)) for _ in range(5)]
    words = ({"t": "guten Tag", "s": 0.0, "e": 1.0, "w": [["guten", 0.0, 0.5], ["Tag", 0.5, 1.0]]},)
    outcomes = [done(segments=words), failed(), cancelled()]
    for task_id, outcome in zip(ids, outcomes, strict=False):
        task = lab.journal.open_task(task_id)
        assert task is not None
        lab.ending.end(task, outcome)
    lab.take(make_worker())
    return ids


def test_every_field_and_every_error_is_described(api: ApiServer) -> None:
    document = api.http.get("/openapi.json").json()

    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], (method, path)
            for parameter in operation.get("parameters", []):
                assert parameter.get("description") or parameter["name"] == "task_id", (path, parameter)
            for status, answer in operation["responses"].items():
                assert answer["description"], (path, status)
    form = document["paths"]["/api/v1/asr/submit"]["post"]["requestBody"]["content"]["multipart/form-data"]
    fields = form["schema"]["properties"]
    assert set(fields) == {"audio", *FIELDS}
    assert all(field["description"] for field in fields.values())
    assert {"400", "401", "404", "409", "413", "422", "429", "503", "507"} <= set(
        document["paths"]["/api/v1/asr/submit"]["post"]["responses"]
    )


def sent_by_the_page(schema: dict[str, Any]) -> dict[str, str]:
    """Return the fields that Swagger UI sends for a form that nobody has changed."""
    values = {}
    for name, each in schema["properties"].items():
        if each.get("example") == []:
            continue
        each = each.get("items", each)
        type_name = each["anyOf"][0]["type"] if "anyOf" in each else each["type"]
        usual = {"string": "string", "integer": 0, "number": 0, "boolean": True}[type_name]
        choices = each.get("enum") or each.get("examples") or [usual]
        value = each.get("example", each.get("default", choices[0]))
        values[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return values


def test_requests_work_as_the_page_suggests_them(api: ApiServer, lab: Lab) -> None:
    paths = api.http.get("/openapi.json").json()["paths"]
    forms = {"/api/v1/asr/submit": ("audio", 200), "/v1/audio/transcriptions": ("file", 504)}
    for path, (file, status) in forms.items():
        (content,) = paths[path]["post"]["requestBody"]["content"].values()
        fields = sent_by_the_page(content["schema"])
        del fields[file]
        answer = api.http.post(path, data=fields, files={file: ("note.wav", tone(1))})
        assert answer.status_code == status, (fields, answer.text)  # no worker is there
    for path in ("/api/v1/tts/submit", "/api/v1/tts/batch"):
        (content,) = paths[path]["post"]["requestBody"]["content"].values()
        assert api.http.post(path, json=content["example"]).status_code == 200, path


def test_every_property_is_described_and_every_error_has_an_example(api: ApiServer) -> None:
    document = api.http.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    assert not {"HTTPValidationError", "ValidationError"} & schemas.keys()
    assert "HTTPValidationError" not in str(document["paths"])
    assert not [
        f"{name}.{field}"
        for name, schema in schemas.items()
        for field, each in schema.get("properties", {}).items()
        if not each.get("description")
    ]
    assert not [
        (path, status)
        for path, operations in document["paths"].items()
        for operation in operations.values()
        for status, answer in operation["responses"].items()
        if status.isdecimal() and int(status) >= 400
        for content in answer.get("content", {}).values()
        if not content.get("examples") and path != "/api/v1/health"
    ]
    assert errors.STATUS.keys() <= openapi._SENTENCES.keys()
    names = [each["operationId"] for operations in document["paths"].values() for each in operations.values()]
    assert len(set(names)) == len(names)
    assert {"post_asr_submit", "get_tts_result", "get_tasks", "get_openai_model", "get_openai_models"} < set(
        names
    )
    assert document["servers"] == [{"url": "/", "description": "This service"}]


def test_the_api_loads_no_inference_library() -> None:
    code = f"import sys, voxq.api.app; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr
