"""Uploads of many kinds: concurrent, cut off, too large, repeated, and not forms at all."""

from __future__ import annotations

import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import pytest
from api_server import NOTE, ApiServer, tone
from task_lab import Lab
from worker_lab import wait_for

from voxq.api.submission.form import MAX_PARTS, OVERHEAD_BYTES

SUBMIT = "/api/v1/asr/submit"
FORM = {"Content-Type": "multipart/form-data; boundary=xyz"}


def part(name: str, content: bytes, filename: str | None = None) -> bytes:
    file = f'; filename="{filename}"' if filename else ""
    head = f'--xyz\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
    return head.encode() + content + b"\r\n"


def post(api: ApiServer, *parts: bytes) -> httpx.Response:
    return api.http.post(SUBMIT, content=b"".join(parts) + b"--xyz--\r\n", headers=FORM)


def wait_until_no_part_is_left(api: ApiServer) -> None:
    wait_for(lambda: not api.parts_left(), "the end of the parts of uploads", 30)


def test_a_hundred_concurrent_uploads_become_a_hundred_tasks(api: ApiServer, lab: Lab) -> None:
    with (
        httpx.Client(base_url=api.url, trust_env=False, timeout=100, limits=httpx.Limits()) as http,
        ThreadPoolExecutor(100) as pool,
    ):
        form = {"audio": ("note.wav", tone(1))}
        answers = list(pool.map(lambda _: http.post(SUBMIT, files=form), range(100)))

    assert Counter(answer.status_code for answer in answers) == {200: 100}
    ids = {answer.json()["task_id"] for answer in answers}
    assert len(ids) == 100
    assert {task_id for task_id in lab.journal.open_ids() if lab.store.task_key(task_id) in lab.client} >= ids
    assert api.http.get("/api/v1/asr/queue/status").json()["queued_seconds"] == 100.0
    assert sorted(answer.json()["position"] for answer in answers) == list(range(1, 101))


def test_concurrent_uploads_never_exceed_the_queue_limit(api: ApiServer) -> None:
    """With recordings of 10.28 s and a limit of 200 s, the twentieth is the first to reach the limit."""
    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda _: api.submit(), range(30)))

    assert Counter(answer.status_code for answer in answers) == {200: 20, 429: 10}
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["code"] == "queue_full"
    assert refused.json()["queued_seconds"] == 206
    assert 1 <= int(refused.headers["retry-after"]) <= 3600
    wait_until_no_part_is_left(api)


class TestForms:
    def test_the_clients_file_name_is_not_used(self, api: ApiServer) -> None:
        name = "../../../../tmp/evil\x01.exe"
        answer = post(api, part("audio", NOTE, name))
        assert answer.status_code == 200
        assert (api.storage / "recordings" / f"{answer.json()['task_id']}.ogg").exists()
        assert "evil" not in api.log()

    def test_a_part_without_a_file_name_is_accepted_as_the_recording(self, api: ApiServer) -> None:
        assert post(api, part("audio", NOTE)).status_code == 200

    @pytest.mark.parametrize("is_first", [True, False])
    def test_an_unknown_field_is_refused_with_the_known_ones(self, api: ApiServer, is_first: bool) -> None:
        parts = [part("comment", b"hello"), part("audio", NOTE, "a.ogg")]
        answer = post(api, *(parts if is_first else reversed(parts)))
        assert answer.status_code == 422
        assert answer.json() == {
            "error": answer.json()["error"],
            "code": "invalid_option",
            "field": "comment",
            "fields": answer.json()["fields"],
        }
        assert {"audio", "language", "hotwords", "timestamps", "priority"} <= set(answer.json()["fields"])
        assert "comment; there are: audio, model, language" in answer.json()["error"]
        assert api.parts_left() == []

    @pytest.mark.parametrize(
        ("parts", "code"),
        [
            ((), "missing_audio"),
            ((part("language", b"en"),), "missing_audio"),
            ((part("audio", NOTE), part("audio", NOTE)), "bad_form"),
            ((part("hotwords", b"x" * 20_000), part("audio", NOTE)), "bad_form"),
            ((*(part(f"field{n}", b"x") for n in range(MAX_PARTS)), part("audio", NOTE)), "bad_form"),
            ((part("", b"nameless"), part("audio", NOTE)), "bad_form"),
            ((b"--xyz\r\nX: " + b"y" * 10_000 + b"\r\n\r\n\r\n",), "bad_form"),
            ((b"--abc\r\n\r\n\r\n--abc--",), "bad_form"),
        ],
    )
    def test_malformed_forms_are_refused(self, api: ApiServer, parts: tuple[bytes, ...], code: str) -> None:
        answer = post(api, *parts)
        assert (answer.status_code, answer.json()["code"]) == (400, code)
        assert api.parts_left() == []

    @pytest.mark.parametrize(
        "content_type",
        [
            "",
            "application/json",
            "multipart/form-data",
            "multipart/form-data; boundary=",
            f"multipart/form-data; boundary={'x' * 5000}",
            "multipart/form-data; boundary*=utf-8''xyz",
        ],
    )
    def test_a_body_that_is_not_a_form_is_refused(self, api: ApiServer, content_type: str) -> None:
        answer = api.http.post(SUBMIT, content=b"hello", headers={"Content-Type": content_type})
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_form")

    def test_a_truncated_form_is_refused(self, api: ApiServer) -> None:
        answer = api.http.post(SUBMIT, content=part("audio", NOTE), headers=FORM)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_form")
        assert api.parts_left() == []


class TestSize:
    """Uploads of about 1 MB, which is MAX_UPLOAD_MB."""

    def test_an_upload_announced_as_too_large_is_refused(self, api: ApiServer) -> None:
        answer = api.submit(b"x" * (3 << 20))
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")

    def test_an_upload_of_unannounced_length_is_refused_at_the_limit(self, api: ApiServer) -> None:
        body = part("audio", b"x" * (1 << 20) + b"y", "a.wav") + b"--xyz--\r\n"
        chunks = (body[start : start + 10_000] for start in range(0, len(body), 10_000))
        answer = api.http.post(SUBMIT, content=chunks, headers=FORM)
        assert (answer.status_code, answer.json()["max_upload_mb"]) == (413, 1)
        wait_until_no_part_is_left(api)

    def test_an_upload_of_exactly_the_limit_is_accepted(self, api: ApiServer) -> None:
        assert api.submit(b"x" * (1 << 20)).json()["code"] == "undecodable"

    def test_endless_data_after_the_form_is_cut_off(self, api: ApiServer) -> None:
        def body():
            yield part("audio", NOTE) + b"--xyz--\r\n"
            yield from (b"x" * 100_000 for _ in range(OVERHEAD_BYTES // 50_000))

        assert api.http.post(SUBMIT, content=body(), headers=FORM).status_code == 413
        wait_until_no_part_is_left(api)


class TestCutOff:
    @pytest.mark.parametrize("close_hard", [False, True])
    def test_an_upload_that_breaks_off_leaves_nothing(self, api: ApiServer, close_hard: bool) -> None:
        address = urlsplit(api.url)
        with socket.create_connection((address.hostname, address.port)) as connection:
            head = f"POST {SUBMIT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM['Content-Type']}\r\n"
            connection.sendall(head.encode() + b"Content-Length: 900000\r\n\r\n")
            connection.sendall(part("audio", b"x" * 600_000))
            wait_for(api.parts_left, "the part of the upload", 30)
            assert len(api.parts_left()) == 1
            if close_hard:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        wait_until_no_part_is_left(api)

    def test_slow_uploads_do_not_delay_other_clients(self, api: ApiServer) -> None:
        address = urlsplit(api.url)
        head = f"POST {SUBMIT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM['Content-Type']}\r\n"
        dawdlers = [socket.create_connection((address.hostname, address.port)) for _ in range(100)]
        try:
            for connection in dawdlers:
                connection.sendall(head.encode() + b"Content-Length: 900000\r\n\r\n--xyz\r\nContent-")
            started = time.monotonic()
            assert api.submit(tone(1)).status_code == 200
            assert time.monotonic() - started < 20
        finally:
            for connection in dawdlers:
                connection.close()


class TestIdempotency:
    def test_a_repeated_request_gets_the_same_task(self, api: ApiServer) -> None:
        first, again = (api.submit(key="note-1", language="zh") for _ in range(2))
        assert first.json() == again.json()
        assert api.http.get("/api/v1/asr/queue/status").json()["queued"] == 1

    def test_concurrent_identical_requests_get_one_task(self, api: ApiServer) -> None:
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: api.submit(tone(1), key="note-2"), range(20)))

        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.json()["task_id"] for answer in answers}) == 1
        assert api.http.get("/api/v1/asr/queue/status").json()["queued"] == 1
        wait_until_no_part_is_left(api)

    def test_a_different_request_with_the_same_key_is_a_conflict(self, api: ApiServer) -> None:
        api.submit(key="note-3")
        assert api.submit(key="note-3", language="en").status_code == 409
        assert api.submit(tone(1), key="note-3").json()["code"] == "idempotency_conflict"

    def test_a_repeated_request_reports_the_current_status(self, api: ApiServer, lab: Lab) -> None:
        task_id = api.submit(key="note-4").json()["task_id"]
        assert lab.control.cancel(task_id)
        assert api.submit(key="note-4").json() == {
            "task_id": task_id,
            "status": "cancelled",
            "position": 0,
            "estimated_wait": 0,
        }

    @pytest.mark.parametrize("key", ["x" * 201, "", "schlüssel"])
    def test_idempotency_keys_must_be_short_and_printable(self, api: ApiServer, key: str) -> None:
        headers = {b"Idempotency-Key": key.encode()}
        answer = api.http.post(SUBMIT, files={"audio": NOTE}, headers=headers)
        assert (answer.status_code, answer.json()["field"]) == (422, "Idempotency-Key")
