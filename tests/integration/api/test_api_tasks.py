"""Tasks from submission to deletion, over HTTP, compared literally with the contract."""

from __future__ import annotations

import re
import time

import httpx
import pytest
from api_server import NOTE, ApiServer, tone
from task_lab import Lab, done, failed, make_worker

from voxq.core.outcome import Incident, Timings
from voxq.core.task import Task
from voxq.kinds.transcription import TranscriptionOptions
from voxq.queue import claiming, documents
from voxq.queue.workers import channel_of

UTC = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
SEGMENTS = (
    {"t": "Good morning.", "s": 0.5, "e": 1.5, "w": [["Good", 0.5, 0.9], ["morning.", 0.9, 1.5]]},
    {
        "t": "See you.",
        "s": 2.0,
        "e": 3.0,
        "w": [["See", 2.0, 2.4], ["you.", 2.4, 3.0]],
        "r": "see you",
        "m": "happy",
        "v": ["laughter"],
    },
)


def short(task_id: str) -> str:
    return task_id.rpartition("_")[2]


def result(api: ApiServer, task_id: str, **query: str | float) -> httpx.Response:
    return api.http.get(f"/api/v1/asr/result/{task_id}", params=query)


def open_task(lab: Lab, task_id: str) -> Task:
    task = lab.journal.open_task(task_id)
    assert task is not None
    return task


@pytest.fixture
def task_id(api: ApiServer) -> str:
    return api.submitted()


@pytest.fixture
def done_id(task_id: str, lab: Lab) -> str:
    """Return the id of a task that is done, with words."""
    outcome = done(
        "Good morning. See you.",
        raw_text="good morning see you",
        duration=10.281,
        language="en",
        model="sensevoice",
        segments=SEGMENTS,
        incidents=(Incident(1764583200.0, "worker_crashed", "The worker crashed."),),
        timings=Timings(queued=1.0, decode=0.1, vad=0.2, engine=0.5, total=2.0, rtf=0.05),
    )
    assert lab.ending.end(open_task(lab, task_id), outcome)
    return task_id


@pytest.fixture
def failed_id(task_id: str, lab: Lab) -> str:
    assert lab.ending.end(open_task(lab, task_id), failed())
    return task_id


class TestSubmit:
    def test_a_submission_returns_id_position_and_wait(self, api: ApiServer) -> None:
        first = api.submit().json()
        second = api.submit().json()

        assert re.fullmatch(r"\d{4}-\d\d-\d\d_\d{3,}_[a-z0-9]{12}", first["task_id"])
        assert first == {**first, "status": "queued", "position": 1, "estimated_wait": 1}
        assert second["position"] == 2
        assert second["estimated_wait"] == 11, "10.3 seconds are ahead, nothing is measured, no worker lives"

    def test_waits_are_estimated_from_measured_speed_and_living_workers(
        self, api: ApiServer, lab: Lab
    ) -> None:
        lab.client.hset("asr:stats", mapping={"engine_seconds": "20", "audio_seconds": "10"})
        for number in range(2):
            facts = {"id": number, "state": "ready", "engine": "e", "model": "m", "device": "cpu", "held": 0}
            worker = make_worker()
            lab.run(
                claiming.beat(
                    lab.store, worker, [], time.time(), 30, {**facts, "beat": time.time(), "rtf": 0.1}
                )
            )
        time.sleep(1.1)  # the API caches the workers' reports from other tests for a second

        api.submitted(tone(30))
        assert api.submit(tone(1)).json()["estimated_wait"] == 30, "30 s of audio, twice as long, two workers"

    def test_options_reach_the_task(self, api: ApiServer, lab: Lab) -> None:
        wanted = {
            "language": "ZH",
            "batch_size": "30",
            "hotwords": "VoxQ, 苏州；O'Brien",
            "timestamps": "word",
            "model": "Whisper-1",
            "use_vad": "no",
            "use_punc": "0",
            "use_itn": "TRUE",
        }
        task = open_task(lab, api.submitted(priority="high", **wanted))

        assert task.lane == "high"
        assert task.options == TranscriptionOptions(
            model="whisper-base",
            language="zh",
            hotwords=("VoxQ", "苏州", "O'Brien"),
            words=True,
            batch_size=30,
            use_vad=False,
            use_punc=False,
            use_itn=True,
        )

    def test_the_recording_is_stored_unchanged_under_a_generated_name(
        self, api: ApiServer, task_id: str
    ) -> None:
        assert (api.storage / "recordings" / f"{task_id}.ogg").read_bytes() == NOTE

    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({"language": "klingon"}, "language"),
            ({"batch_size": "many"}, "batch_size"),
            ({"hotwords": "../../etc/passwd"}, "hotwords"),
            ({"priority": "urgent"}, "priority"),
            ({"timestamps": "letter"}, "timestamps"),
            ({"use_vad": "perhaps"}, "use_vad"),
        ],
    )
    def test_a_wrong_option_is_named_and_the_upload_deleted(
        self, api: ApiServer, fields: dict[str, str], field: str
    ) -> None:
        before = set((api.storage / "recordings").iterdir())
        answer = api.submit(**fields)

        assert answer.status_code == 422
        assert answer.json()["field"] == field
        assert api.parts_left() == []
        assert set((api.storage / "recordings").iterdir()) == before

    @pytest.mark.parametrize(
        ("audio", "error"),
        [
            (b"this is no recording" * 100, "Invalid file format"),
            (b"", "The recording is empty."),
            (tone(0), "The file has no samples."),
        ],
    )
    def test_a_file_without_audio_is_refused_with_the_supported_formats(
        self, api: ApiServer, audio: bytes, error: str
    ) -> None:
        answer = api.submit(audio)

        assert (answer.status_code, answer.json()["error"]) == (400, error)
        assert {"wav", "mp3", "m4a", "flac"} <= set(answer.json()["supported_formats"])
        assert api.parts_left() == []

    def test_audio_over_the_limit_is_refused(self, api: ApiServer) -> None:
        answer = api.submit(tone(61))
        assert (answer.status_code, answer.json()["code"]) == (413, "too_long")


class TestResult:
    def test_queued(self, api: ApiServer, task_id: str) -> None:
        body = result(api, task_id).json()
        assert body == {**body, "task_id": task_id, "status": "queued", "position": 1, "estimated_wait": 1}

    def test_processing_shows_progress_and_partial_text(self, api: ApiServer, task_id: str, lab: Lab) -> None:
        worker = make_worker()
        held = lab.take(worker)
        document = documents.processing(held.task, progress=30, text="Good", started_at=time.time())
        assert lab.run(claiming.report(lab.store, worker, held.task, document))

        body = result(api, task_id).json()
        assert body == {**body, "task_id": task_id, "status": "processing", "progress": 30, "text": "Good"}
        assert re.fullmatch(UTC, body["started_at"])

    def test_done(self, api: ApiServer, done_id: str) -> None:
        body = result(api, done_id).json()

        assert re.fullmatch(UTC, body.pop("created_at"))
        assert re.fullmatch(UTC, body.pop("ended_at"))
        assert body == {
            "task_id": done_id,
            "status": "done",
            "text": "Good morning. See you.",
            "raw_text": "good morning see you",
            "language": "en",
            "model": "sensevoice",
            "duration": 10.281,
            "segments": [
                {"start": 0.5, "end": 1.5, "text": "Good morning."},
                {
                    "start": 2.0,
                    "end": 3.0,
                    "text": "See you.",
                    "raw_text": "see you",
                    "emotion": "happy",
                    "events": ["laughter"],
                },
            ],
            "words": [
                {"word": "Good", "start": 0.5, "end": 0.9},
                {"word": "morning.", "start": 0.9, "end": 1.5},
                {"word": "See", "start": 2.0, "end": 2.4},
                {"word": "you.", "start": 2.4, "end": 3.0},
            ],
            "timings": {"queued": 1.0, "decode": 0.1, "vad": 0.2, "engine": 0.5, "total": 2.0, "rtf": 0.05},
            "attempts": 1,
            "incidents": [
                {"at": "2025-12-01T10:00:00Z", "code": "worker_crashed", "message": "The worker crashed."}
            ],
            "audio_url": f"/api/v1/asr/audio/{short(done_id)}",
        }

    def test_unknown_fields_are_left_out_of_a_result(self, api: ApiServer, task_id: str, lab: Lab) -> None:
        lab.ending.end(open_task(lab, task_id), done())
        body = result(api, task_id).json()
        assert not {"words", "model"} & set(body)
        assert set(body["segments"][0]) == {"start", "end", "text"}

    def test_a_failed_task_can_be_retried_while_its_recording_exists(
        self, api: ApiServer, failed_id: str, lab: Lab
    ) -> None:
        body = result(api, failed_id).json()
        assert body["status"] == "failed"
        assert body["error"] == "Processing timeout (600s exceeded)"
        assert body["code"] == "timeout"
        assert body["retry_url"] == f"/api/v1/asr/retry/{short(failed_id)}"

        lab.parts.blobs.remove(f"{failed_id}.ogg")
        assert result(api, failed_id).json()["retry_url"] is None
        assert api.http.post(body["retry_url"]).status_code == 410

    def test_a_short_id_is_accepted_and_other_ids_are_unknown(self, api: ApiServer, task_id: str) -> None:
        assert result(api, short(task_id)).json()["task_id"] == task_id
        for unknown in ("2025-12-01_001_abc123", "abc123", "..%2f..%2fetc", "a" * 5000, "%00", "*"):
            answer = result(api, unknown)
            assert answer.status_code == 404, unknown
            assert answer.json()["code"] == "not_found"

    @pytest.mark.parametrize(
        ("format", "content_type", "part"),
        [
            ("text", "text/plain; charset=utf-8", "Good morning. See you.\n"),
            ("srt", "application/x-subrip; charset=utf-8", "00:00:00,500 --> 00:00:01,500\nGood morning."),
            ("vtt", "text/vtt; charset=utf-8", "WEBVTT\n\n00:00:00.500 --> 00:00:01.500\nGood morning."),
            ("verbose_json", "application/json", '"task": "transcribe"'),
        ],
    )
    def test_formats(self, api: ApiServer, done_id: str, format: str, content_type: str, part: str) -> None:
        answer = result(api, done_id, format=format)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == content_type
        assert part in answer.text

    def test_no_transcript_before_the_end(self, api: ApiServer, task_id: str) -> None:
        answer = result(api, task_id, format="srt")
        assert answer.status_code == 409
        assert answer.json()["status"] == "queued"


class TestRetry:
    def test_a_retried_task_keeps_its_id(self, api: ApiServer, failed_id: str, lab: Lab) -> None:
        answer = api.http.post(f"/api/v1/asr/retry/{short(failed_id)}")

        assert answer.json() == {
            "task_id": failed_id,
            "status": "queued",
            "position": 1,
            "estimated_wait": 1,
        }
        assert result(api, failed_id).json()["status"] == "queued"
        assert open_task(lab, failed_id).run == 2

    def test_only_failed_tasks_are_retried(self, api: ApiServer, task_id: str, lab: Lab) -> None:
        assert api.http.post(f"/api/v1/asr/retry/{task_id}").status_code == 409
        lab.ending.end(open_task(lab, task_id), done())
        assert api.http.post(f"/api/v1/asr/retry/{task_id}").status_code == 409
        assert api.http.post("/api/v1/asr/retry/2025-12-01_001_abc123").status_code == 404


class TestRemove:
    def test_a_waiting_task_is_cancelled_and_then_deleted(
        self, api: ApiServer, task_id: str, lab: Lab
    ) -> None:
        url = f"/api/v1/asr/task/{short(task_id)}"

        assert api.http.delete(url).json() == {"task_id": task_id, "status": "cancelled"}
        assert result(api, task_id).json()["status"] == "cancelled"
        assert lab.claim(make_worker()) == []
        assert api.http.delete(url).json() == {"task_id": task_id, "status": "deleted"}
        assert api.http.delete(url).status_code == 404

    def test_deleting_an_ended_task_leaves_nothing(self, api: ApiServer, done_id: str, lab: Lab) -> None:
        assert api.http.delete(f"/api/v1/asr/task/{done_id}").json()["status"] == "deleted"

        assert result(api, done_id).status_code == 404
        assert api.http.get(f"/api/v1/asr/audio/{done_id}").status_code == 404
        assert api.http.get("/api/v1/asr/history").json()["records"] == []
        assert not (api.storage / "recordings" / f"{done_id}.ogg").exists()
        lines = [line for line in lab.log_lines() if done_id.encode() in line]
        assert len(lines) == 1
        assert b"Good morning" not in lines[0]

    def test_a_task_can_be_deleted_after_its_result_has_expired(
        self, api: ApiServer, done_id: str, lab: Lab
    ) -> None:
        lab.client.delete(lab.store.task_key(done_id))
        lab.journal.forget(done_id, 1)
        assert result(api, done_id).status_code == 404
        assert api.http.delete(f"/api/v1/asr/task/{done_id}").json()["status"] == "deleted"
        assert api.http.get("/api/v1/asr/history").json()["records"] == []


class TestHistory:
    def test_history_is_newest_first_with_the_fields_of_the_contract(self, api: ApiServer, lab: Lab) -> None:
        ids = [api.submitted(tone(1)) for _ in range(3)]
        lab.ending.end(open_task(lab, ids[0]), done("eins", model="whisper-base"))
        lab.ending.end(open_task(lab, ids[1]), failed())

        body = api.http.get("/api/v1/asr/history", params={"limit": 10}).json()
        failure, success = body["records"]
        assert body["total"] == 2
        assert failure["status"] == "failed"
        assert failure["error"] == "Processing timeout (600s exceeded)"
        assert re.fullmatch(UTC, success.pop("created_at"))
        assert success == {
            "task_id": ids[0],
            "filename": f"{ids[0]}.wav",
            "text": "eins",
            "model": "whisper-base",
            "duration": 10.0,
            "status": "success",
            "audio_url": f"/api/v1/asr/audio/{short(ids[0])}",
        }
        assert api.http.get("/api/v1/asr/history", params={"limit": 1}).json()["records"] == [failure]

    @pytest.mark.parametrize("limit", ["0", "101", "x", "-1", "9" * 50])
    def test_a_limit_out_of_range_is_refused(self, api: ApiServer, limit: str) -> None:
        answer = api.http.get("/api/v1/asr/history", params={"limit": limit})
        assert (answer.status_code, answer.json()["field"]) == (422, "limit")

    def test_the_failed_list_contains_the_tasks_that_can_be_retried(self, api: ApiServer, lab: Lab) -> None:
        ids = [api.submitted(tone(1), priority=priority) for priority in ("low", "high", "normal")]
        for task_id in ids[:2]:
            lab.ending.end(open_task(lab, task_id), failed())
            time.sleep(0.01)  # the later failure comes first
        lab.ending.end(open_task(lab, ids[2]), done())

        records = api.http.get("/api/v1/asr/history", params={"status": "failed"}).json()["records"]
        assert [record["task_id"] for record in records] == [ids[1], ids[0]]
        assert records[0]["code"] == "timeout"
        assert records[0]["retry_url"] == f"/api/v1/asr/retry/{short(ids[1])}"


class TestAudio:
    def test_bytes_type_and_name(self, api: ApiServer, task_id: str) -> None:
        answer = api.http.get(f"/api/v1/asr/audio/{short(task_id)}")

        assert answer.content == NOTE
        assert answer.headers["content-type"] == "audio/ogg"
        assert answer.headers["content-disposition"] == f'inline; filename="{task_id}.ogg"'
        assert answer.headers["x-content-type-options"] == "nosniff"

    def test_ranges(self, api: ApiServer, task_id: str) -> None:
        url = f"/api/v1/asr/audio/{task_id}"

        head = api.http.head(url)
        assert (head.status_code, head.headers["content-length"], head.content) == (200, str(len(NOTE)), b"")
        part = api.http.get(url, headers={"Range": "bytes=100-199"})
        assert (part.status_code, part.content) == (206, NOTE[100:200])
        assert part.headers["content-range"] == f"bytes 100-199/{len(NOTE)}"
        assert api.http.get(url, headers={"Range": "bytes=-10"}).content == NOTE[-10:]

        beyond = api.http.get(url, headers={"Range": f"bytes={len(NOTE)}-"})
        assert (beyond.status_code, beyond.json()["code"]) == (416, "range_not_satisfiable")
        assert beyond.headers["content-range"] == f"bytes */{len(NOTE)}"
        wrong = api.http.get(url, headers={"Range": "bytes=x"})
        assert (wrong.status_code, wrong.json()["code"]) == (400, "bad_range")

    def test_a_recording_outlives_its_result_and_then_gives_410(
        self, api: ApiServer, done_id: str, lab: Lab
    ) -> None:
        url = f"/api/v1/asr/audio/{done_id}"
        lab.client.delete(lab.store.task_key(done_id))
        assert api.http.get(url).content == NOTE

        lab.parts.blobs.remove(f"{done_id}.ogg")
        gone = api.http.get(url)
        assert (gone.status_code, gone.json()["code"]) == (410, "recording_gone")


class TestFigures:
    def test_queue_status(self, api: ApiServer, lab: Lab) -> None:
        for priority in ("high", "normal", "normal", "low"):
            api.submitted(tone(2), priority=priority)
        lab.ending.end(lab.take(make_worker()).task, failed())
        worker = make_worker()
        held = lab.take(worker)
        facts = {"id": 1, "state": "ready", "engine": "e", "model": "m", "device": "cpu", "held": 1}
        lab.run(claiming.beat(lab.store, worker, [held], time.time(), 30, {**facts, "beat": time.time()}))
        lab.run(
            claiming.beat(lab.store, make_worker(), [], time.time(), 30, {**facts, "beat": time.time() - 16})
        )

        assert api.http.get("/api/v1/asr/queue/status").json() == {
            "queued": 2,
            "processing": 1,
            "failed": 1,
            "workers": 1,
            "workers_busy": 1,
            "queued_seconds": 4.0,
            "lanes": {"high": 0, "short": 1, "long": 1},
        }

    def test_stats(self, api: ApiServer, done_id: str, lab: Lab) -> None:
        api.submitted(tone(1))
        assert api.http.post("/api/v1/tts/submit", json={"text": "Hello there."}).status_code == 200
        body = api.http.get("/api/v1/stats").json()

        kinds = body["kinds"]
        assert kinds["asr"] == {name: body[name] for name in ("tasks", "since_start", "last_hour")}
        assert (kinds["tts"]["tasks"]["queued"], kinds["tts"]["since_start"]["done"]) == (1, 0)
        assert body["tasks"] == {"queued": 1, "processing": 0, "done": 1, "failed": 0, "cancelled": 0}
        assert body["last_hour"]["done"] == 1
        assert body["last_hour"]["audio_seconds"] == 10.3
        assert body["last_hour"]["queue_wait"] == {"mean": 1.0, "p95": 1.0}
        assert body["since_start"]["real_time_factor"]["mean"] == pytest.approx(0.5 / 10.281, abs=1e-4)
        assert body["since_start"]["real_time_factor"]["p95"] == pytest.approx(0.05, rel=0.11)

    def test_health_follows_the_workers(self, api: ApiServer, lab: Lab) -> None:
        facts = {"id": 1, "engine": "e", "model": "m", "device": "cpu", "held": 0, "beat": time.time()}
        worker = make_worker()

        said = api.log().count("status=no_workers")
        for path in ("/health", "/api/v1/health"):
            nobody = api.http.get(path)
            assert (nobody.status_code, nobody.json()["reasons"]) == (503, ["no_workers"])
        assert api.http.head("/health").status_code == 503
        assert api.http.head("/livez").status_code == 200
        assert api.log().count("status=no_workers") <= said + 1, "who polls must not fill the log"

        lab.run(claiming.beat(lab.store, worker, [], time.time(), 30, {**facts, "state": "loading"}))
        loading = api.http.get("/health")
        assert loading.status_code == 503
        assert loading.json() == {
            **loading.json(),
            "status": "unavailable",
            "model_loaded": False,
            "error": "Models are still loading...",
        }

        lab.run(claiming.beat(lab.store, worker, [], time.time(), 30, {**facts, "state": "ready"}))
        ready = api.http.get("/health")
        assert ready.status_code == 200
        body = ready.json()
        assert re.fullmatch(r"(\d+ (day|hour|minute|second)s? ?){1,2}", body.pop("uptime"))
        assert body == {
            "status": "ready",
            "model_loaded": True,
            "redis_connected": True,
            "workers_active": 1,
        }

    def test_a_worker_that_is_killed_does_not_count_any_more(self, api: ApiServer, lab: Lab) -> None:
        """Its last report is a second old and says that it is ready; its connection tells the truth."""
        worker = make_worker()
        facts = {"id": 1, "state": "ready", "engine": "e", "model": "m", "device": "cpu", "held": 0}
        told = {**facts, "beat": time.time(), "channel": channel_of(worker.name)}
        with lab.client.pubsub() as listening:
            listening.subscribe(told["channel"])
            listening.get_message(timeout=5)
            lab.run(claiming.beat(lab.store, worker, [], time.time(), 30, told))
            assert api.http.get("/health").status_code == 200
            assert api.http.get("/api/v1/asr/queue/status").json()["workers"] == 1
        gone = api.http.get("/health")
        assert (gone.status_code, gone.json()["reasons"]) == (503, ["no_workers"])
        assert gone.json()["model_loaded"] is False
        assert api.http.get("/api/v1/asr/queue/status").json()["workers"] == 0

    def test_a_worker_that_loads_on_demand_is_ready_without_a_model(self, api: ApiServer, lab: Lab) -> None:
        facts = {"id": 1, "state": "ready", "engine": "e", "model": "m", "device": "cpu", "held": 0}
        told = {**facts, "beat": time.time(), "is_loaded": False}
        lab.run(claiming.beat(lab.store, make_worker(), [], time.time(), 30, told))
        answer = api.http.get("/health")
        assert (answer.status_code, answer.json()["model_loaded"]) == (200, False)


class TestEverywhere:
    def test_unknown_paths_and_methods_answer_in_the_same_shape(self, api: ApiServer) -> None:
        assert api.http.get("/nothing/here").json()["code"] == "not_found"
        wrong = api.http.put("/api/v1/asr/submit")
        assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
        assert wrong.headers["allow"] == "POST"

    def test_the_log_has_the_lines_of_the_contract_and_no_text(self, api: ApiServer, done_id: str) -> None:
        result(api, done_id)
        result(api, done_id, format="text")
        log = api.log()

        line = rf"\[[\d-]+ [\d:]+\] INFO POST /api/v1/asr/submit - task={short(done_id)} file={done_id}.ogg"
        assert re.search(line + r" size=28.7KB status=queued", log)
        assert f"INFO GET /api/v1/asr/result/{done_id} - status=done" in log
        assert "Good morning" not in log

    def test_no_client_can_forge_a_log_line(self, api: ApiServer) -> None:
        errors = api.storage / "logs" / "asr_error.log"
        before = errors.read_text()
        api.http.get("/x%0a[2025-12-01 00:00:00] ERROR forged")
        assert not [line for line in api.log().splitlines() if line.endswith("forged") and "GET" not in line]
        assert errors.read_text() == before


def test_a_task_is_found_while_redis_is_being_restored(api: ApiServer, lab: Lab, done_id: str) -> None:
    waiting_id = api.submitted()
    before = result(api, done_id).json()
    lab.client.flushall()
    assert result(api, done_id).json() == before
    assert result(api, waiting_id).json()["status"] == "queued"
    assert api.http.delete(f"/api/v1/asr/task/{waiting_id}").json()["status"] == "cancelled"
    assert result(api, waiting_id).json()["status"] == "cancelled"
