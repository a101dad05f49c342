"""Voiceprints on disk: owners, changes by several processes, deletion, and writers that are killed."""

from __future__ import annotations

import multiprocessing
import os
import stat
import time
from dataclasses import replace
from pathlib import Path

import pytest

from voxq.storage.voiceprints import NoVoiceprint, Voiceprints
from voxq.voiceprints.voiceprint import Consent, Quality, Sample, Voiceprint, new_id

QUALITY = Quality(10.0, -25.0, 30.0, 0.0, 0.9)


def sample(number: int = 1) -> Sample:
    task = f"2026-12-01_{number:03d}_abcdefghijkl"
    return Sample(1, task, "0" * 64, "ge2e", "ge2e:1:x", (0.6, 0.8), QUALITY, 1.0)


def voiceprint(owner: str = "me", name: str = "Ada") -> Voiceprint:
    return Voiceprint(
        new_id(), owner, name, time.time(), Consent("Ada", "I agree.", 1.0), (sample(),), ("t",)
    )


@pytest.fixture
def store(tmp_path: Path) -> Voiceprints:
    return Voiceprints(tmp_path / "voiceprints")


def test_what_was_added_is_found_again(store: Voiceprints, tmp_path: Path) -> None:
    ada, bob = voiceprint(), voiceprint(name="Bob")
    store.add(ada)
    store.add(bob)
    assert store.of("me") == (ada, bob)
    assert Voiceprints(tmp_path / "voiceprints").get("me", ada.id) == ada


def test_another_owner_sees_nothing(store: Voiceprints) -> None:
    ada = voiceprint()
    store.add(ada)
    assert store.of("you") == ()
    for owner, id in (("you", ada.id), ("me", new_id()), ("me", "../" + ada.id), ("me", "")):
        with pytest.raises(NoVoiceprint):
            store.get(owner, id)
        with pytest.raises(NoVoiceprint):
            store.delete(owner, id)


def test_owners_become_no_paths(store: Voiceprints, tmp_path: Path) -> None:
    for owner in ("../../outside", "a/b", "名"):
        store.add(voiceprint(owner))
        assert len(store.of(owner)) == 1
    assert not (tmp_path / "outside").exists()
    assert all(len(each.name) == 32 for each in (tmp_path / "voiceprints").iterdir())


def test_files_are_private(store: Voiceprints, tmp_path: Path) -> None:
    store.add(voiceprint())
    for path in (tmp_path / "voiceprints").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def test_a_change_of_another_process_is_seen(store: Voiceprints, tmp_path: Path) -> None:
    ada = voiceprint()
    store.add(ada)
    time.sleep(0.15)
    assert store.of("me") == store.of("me") == (ada,)
    other = Voiceprints(tmp_path / "voiceprints")
    other.change("me", ada.id, lambda found: replace(found, name="Countess"))
    assert [each.name for each in store.of("me")] == ["Countess"]
    other.delete("me", ada.id)
    assert store.of("me") == ()


def test_id_and_owner_cannot_be_changed(store: Voiceprints) -> None:
    ada = voiceprint()
    store.add(ada)
    changed = store.change("me", ada.id, lambda found: replace(found, id=new_id(), owner="you"))
    assert (changed.id, changed.owner) == (ada.id, "me")


def test_a_deletion_erases_at_once_and_is_finished_later(store: Voiceprints, tmp_path: Path) -> None:
    ada = voiceprint()
    store.add(ada)
    deleted = store.delete("me", ada.id)
    assert deleted.tasks == ("t",)
    assert store.of("me") == ()
    with pytest.raises(NoVoiceprint):
        store.change("me", ada.id, lambda found: found)
    left = (tmp_path / "voiceprints").rglob("*.json")
    assert not any(word in path.read_text() for path in left for word in ("Ada", "agree", "0.6", "me"))
    again = Voiceprints(tmp_path / "voiceprints")  # after a crash
    assert list(again.deleted()) == [deleted]
    again.finish_deletion(deleted)
    again.finish_deletion(deleted)
    assert list(again.deleted()) == []


@pytest.mark.parametrize("content", ["", "{", "[]", '{"id": 1}', '{"deleted": true}', "\x00" * 100])
def test_damaged_files_are_passed_over(store: Voiceprints, tmp_path: Path, content: str) -> None:
    ada, bob = voiceprint(), voiceprint(name="Bob")
    store.add(ada)
    store.add(bob)
    (path,) = (tmp_path / "voiceprints").rglob(f"{ada.id}.json")
    path.write_text(content)
    assert store.of("me") == (bob,)
    with pytest.raises(NoVoiceprint):
        store.get("me", ada.id)
    assert list(store.deleted()) == []


def test_what_a_killed_writer_left_disturbs_nobody(store: Voiceprints, tmp_path: Path) -> None:
    ada = voiceprint()
    store.add(ada)
    (place,) = (tmp_path / "voiceprints").iterdir()
    (place / f".{ada.id}.json.tmp").write_text("{torn")
    assert store.of("me") == (ada,)
    assert store.change("me", ada.id, lambda found: replace(found, name="B")).name == "B"


def _add_samples(directory: Path, id: str, first: int) -> None:
    store = Voiceprints(directory)
    for number in range(first, first + 10):
        store.change(
            "me", id, lambda found, number=number: replace(found, samples=(*found.samples, sample(number)))
        )


def test_writers_take_turns(store: Voiceprints, tmp_path: Path) -> None:
    ada = replace(voiceprint(), samples=())
    store.add(ada)
    spawn = multiprocessing.get_context("fork")
    writers = [
        spawn.Process(target=_add_samples, args=(tmp_path / "voiceprints", ada.id, 100 * number))
        for number in (1, 2, 3)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    assert len(store.get("me", ada.id).samples) == 30


def test_the_lock_of_a_killed_writer_is_free(store: Voiceprints, tmp_path: Path) -> None:
    ada = voiceprint()
    store.add(ada)
    child = os.fork()
    if child == 0:
        with Voiceprints(tmp_path / "voiceprints")._turn("me"):
            os._exit(9)
    os.waitpid(child, 0)
    assert store.change("me", ada.id, lambda found: replace(found, name="B")).name == "B"
