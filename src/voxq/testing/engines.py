"""Conformance of engine families: tries, with a real model, all that VoxQ relies on.

An author calls `check_engine` in a test of their own package; VoxQ's own families pass it, too.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from voxq.engines import warmup
from voxq.engines.contract import (
    CONTRACT_VERSION,
    SAMPLE_RATE,
    UNCHANGED,
    AnyEngine,
    AudioItem,
    Capability,
    ChunkError,
    EngineFamily,
    EngineRequest,
    Recognised,
    Reference,
    Rewritten,
    Samples,
    Spoken,
    TextItem,
    Traits,
    Voice,
)
from voxq.engines.places import NAME
from voxq.processes.model.answers import checked_rewriting, checked_sound, checked_text
from voxq.testing.conforming import NotConforming, check, check_revision, only_answer
from voxq.testing.embedders import check_embedder

_SENTENCES = ("Good morning.", "The ships went by until the morning came.", "Thank you.")
_TRANSCRIPTS = (
    "Um, we meet on March 5 at 3 pm, and it must not cost more than 120 dollars.",
    "嗯，我们三月五日下午三点开会，费用不能超过 120 元。",
    "Thank you.",
)
_PLAIN: Mapping[str, Any] = {**UNCHANGED, "language": None, "normalise": True}
_TIMES_TOLERANCE = 0.05
"""Seconds: numerical libraries round differently in batches of another shape."""
_LOUDNESS_TOLERANCE = 1e-3


def check_engine(
    family: EngineFamily,
    model: str | None = None,
    *,
    paths: Mapping[str, Path] | None = None,
    clips: Sequence[Samples] | None = None,
) -> None:
    """Load a model of the family on the CPU and try all that VoxQ relies on. Raises NotConforming.

    `model`: the first of the family's own if not given; `paths`: directories of its models by role; `clips`:
    recordings (float32, 16 kHz) in which a recogniser finds text, or somebody speaks, English speech if not
    given. The network is
    unreachable while it runs.
    """
    name = model or next(iter(family.models), None)
    check(name is not None, "the family offers no model by itself: name one")
    request = EngineRequest(family.name, str(name), threads=2)
    _check_description(family, request)
    with _no_network():
        load = lambda: family.load(request, dict(paths or {}))  # noqa: E731 - called twice
        match family.capability:
            case Capability.RECOGNISE:
                _check_recogniser(family, request, load, clips or [warmup.clip()])
            case Capability.SPEAK:
                _check_synthesiser(family, request, load)
            case Capability.REWRITE:
                _check_rewriter(family, request, load)
            case Capability.EMBED:
                check_embedder(load, clips or [warmup.clip()], family.traits_for(request).max_items)


def _check_description(family: EngineFamily, request: EngineRequest) -> None:
    check(family.contract == CONTRACT_VERSION, f"it is written for version {family.contract} of the contract")
    is_name = NAME.fullmatch(family.name) is not None
    check(is_name, "its name must be lower-case letters, digits and hyphens")
    check(bool(family.summary) and "\n" not in family.summary, "its summary must be one line")
    check(bool(family.devices), "it needs at least one class of devices")
    check(set(family.devices) <= {"cuda", "cpu", "net"}, "devices are of the classes cuda, cpu and net")
    traits = family.traits_for(request)
    check(traits == family.traits_for(request), "its traits change from one call to the next")
    check(traits.max_items >= 1, "max_items must be at least 1")
    check(traits.calls >= 1, "calls must be at least 1")
    check(traits.per_call is None or set(traits.per_call) <= family.options, "per_call names unknown options")
    check(all(map(family.roles_for(request).get, family.roles_for(request))), "a role has no model")


# Recognisers.


def _check_recogniser(
    family: EngineFamily, request: EngineRequest, load: Callable[[], AnyEngine], clips: Sequence[Samples]
) -> None:
    engine = load()
    options: dict[str, Any] = {"language": None if family.traits_for(request).detects_language else "en"}
    silence = np.zeros(SAMPLE_RATE, np.float32)
    nothing = np.zeros(0, np.float32)
    check(list(engine.run([])) == [], "an empty batch has an answer")
    sounds = [silence, *clips, nothing, *reversed(clips)]
    single = [_recognised(engine, [sound], options)[0] for sound in sounds]
    together = _in_batches(engine, sounds, options, family.traits_for(request).max_items)
    for number, (alone, batched) in enumerate(zip(single, together, strict=True)):
        check(_same_text(alone, batched), f"item {number} has another text in a batch than alone")
    is_silent = all(not _text(single[i]) for i in (0, 1 + len(clips)))
    check(is_silent, "it finds text in silence, or in no sound at all")
    check(all(_text(each) for each in single[1 : 1 + len(clips)]), "it finds no text in a clip")
    again = [_recognised(engine, [sound], options)[0] for sound in sounds]
    check(all(map(_same_text, single, again)), "the same sound has another text the second time")
    _check_words(family, engine, clips[0], options)
    if family.traits_for(request).max_items > 2:
        _check_odd_sound(engine, clips[0], options)
    check_revision(engine, load)


def _check_words(family: EngineFamily, engine: AnyEngine, clip: Samples, options: Mapping[str, Any]) -> None:
    if "words" in family.options:
        (plain,) = _recognised(engine, [clip], {**options, "words": False})
        check(not any(segment.words for segment in plain.segments), "words come although nobody asked")
        (timed,) = _recognised(engine, [clip], {**options, "words": True})
        check(_text(timed) == _text(plain), "the text is another where words are asked for")


def _check_odd_sound(engine: AnyEngine, clip: Samples, options: Mapping[str, Any]) -> None:
    """Check that an item which is no valid sound does not change the results of the others in its batch."""
    odd = np.full(SAMPLE_RATE, np.nan, np.float32)
    answers = engine.run([AudioItem(sound, options) for sound in (clip, odd, clip)])
    check(len(answers) == 3, f"{len(answers)} answers to 3 items")
    (alone,) = _recognised(engine, [clip], options)
    for answer in (answers[0], answers[2]):
        is_same = isinstance(answer, Recognised) and _same_text(alone, answer)
        check(is_same, "an item suffers from another that is no sound")


def _in_batches(
    engine: AnyEngine, sounds: Sequence[Samples], options: Mapping[str, Any], most: int
) -> list[Recognised]:
    answers: list[Recognised] = []
    for first in range(0, len(sounds), most):
        answers += _recognised(engine, sounds[first : first + most], options)
    return answers


def _recognised(engine: AnyEngine, sounds: Sequence[Samples], options: Mapping[str, Any]) -> list[Recognised]:
    answers = engine.run([AudioItem(sound, options) for sound in sounds])
    check(len(answers) == len(sounds), f"{len(answers)} answers to {len(sounds)} items")
    texts: list[Recognised] = []
    for sound, answer in zip(sounds, answers, strict=True):
        checked = checked_text(answer, len(sound) / SAMPLE_RATE)
        if isinstance(checked, ChunkError):
            raise NotConforming(f"a recording cannot be recognised: {checked.code}: {checked.message}")
        check(checked == answer, "times outside of the sound, or control characters in a text")
        texts.append(checked)
    return texts


def _same_text(one: Recognised, other: Recognised) -> bool:
    if (_text(one), one.language) != (_text(other), other.language):
        return False
    pairs = zip(one.segments, other.segments, strict=False)
    return all(
        abs(a.start - b.start) <= _TIMES_TOLERANCE and abs(a.end - b.end) <= _TIMES_TOLERANCE
        for a, b in pairs
    )


def _text(result: Recognised) -> str:
    return "".join(segment.text for segment in result.segments)


# Synthesisers.


def _check_synthesiser(family: EngineFamily, request: EngineRequest, load: Callable[[], AnyEngine]) -> None:
    voices, traits = family.voices_for(request.model), family.traits_for(request)
    check(len({voice.name for voice in voices}) == len(voices), "two voices have the same name")
    _check_cloning(traits, voices)
    engine = load()
    check(list(engine.run([])) == [], "an empty batch has an answer")
    if voices:
        english = next((voice for voice in voices if voice.language == "en"), voices[0])
        speech = _Speech({**_PLAIN, "voice": english.name})
        _check_speech(family, request, engine, speech)
        _check_unknown_voice(engine, speech.options)
    if traits.clones == "samples":
        language = "en" if "en" in traits.cloned_languages else traits.cloned_languages[0]
        speech = _Speech({**_PLAIN, "language": language, "seed": 1}, warmup.reference())
        _check_speech(family, request, engine, speech)
    check_revision(engine, load)


def _check_cloning(traits: Traits, voices: Sequence[Voice]) -> None:
    check(traits.clones in ("none", "samples", "vector"), "it clones from samples, from a vector or not")
    is_clear = (traits.clones != "none") == bool(traits.cloned_languages)
    check(is_clear, "a model that clones voices names the languages it does so in, and no other does")
    check(bool(voices) or traits.clones == "samples", "the model has no voice")


def _check_speech(family: EngineFamily, request: EngineRequest, engine: AnyEngine, speech: _Speech) -> None:
    single = [_spoken(engine, [text], speech)[0] for text in _SENTENCES]
    most = family.traits_for(request).max_items
    together = [
        sound
        for first in range(0, len(_SENTENCES), most)
        for sound in _spoken(engine, _SENTENCES[first : first + most], speech)
    ]
    for number, (alone, batched) in enumerate(zip(single, together, strict=True)):
        check(_same_sound(alone, batched), f"sentence {number} sounds different in a batch than alone")
    again = _spoken(engine, [_SENTENCES[0]], speech)[0]
    check(_same_sound(single[0], again), "the same sentence sounds different the second time")
    check(len({sound.sample_rate for sound in single}) == 1, "its sample rate changes")
    if "speed" in family.options:
        slow = _spoken(engine, [_SENTENCES[1]], speech.but(speed=0.5))[0]
        longer = len(slow.samples) / len(single[1].samples)
        check(longer > 1.4, f"at half the speed a sentence takes {longer:.1f} times as long")
    if "pitch" in family.options:
        high = _spoken(engine, [_SENTENCES[1]], speech.but(pitch=4.0))[0]
        longer = len(high.samples) / len(single[1].samples)
        check(0.8 < longer < 1.25, f"at a higher pitch a sentence takes {longer:.1f} times as long")
        check(not _same_sound(high, single[1]), "at a higher pitch a sentence sounds the same")


def _check_unknown_voice(engine: AnyEngine, options: Mapping[str, Any]) -> None:
    unknown = TextItem(_SENTENCES[0], {**options, "voice": "../../nobody"})
    for item, is_known in ((unknown, False), (TextItem(_SENTENCES[0], options), True)):
        answer = only_answer(engine.run([item]))
        if is_known:
            check(isinstance(answer, Spoken), "a sentence fails after one with an unknown voice")
        else:
            is_refused = isinstance(answer, ChunkError) and answer.code == "unknown_voice"
            check(is_refused, 'an unknown voice must be the error "unknown_voice" of its item')


@dataclass(frozen=True, slots=True)
class _Speech:
    """How sentences are spoken."""

    options: dict[str, Any]
    reference: Reference | None = None

    def but(self, **changes: Any) -> _Speech:
        return _Speech({**self.options, **changes}, self.reference)


def _spoken(engine: AnyEngine, texts: Sequence[str], speech: _Speech) -> list[Spoken]:
    answers = engine.run([TextItem(text, speech.options, speech.reference) for text in texts])
    check(len(answers) == len(texts), f"{len(answers)} answers to {len(texts)} sentences")
    sounds: list[Spoken] = []
    for text, answer in zip(texts, answers, strict=True):
        checked = checked_sound(answer, text, speech.options["speed"])
        if isinstance(checked, ChunkError):
            raise NotConforming(f"{text!r} cannot be spoken: {checked.code}: {checked.message}")
        check(len(checked.samples) > 0, f"{text!r} has no sound")
        sounds.append(checked)
    return sounds


def _same_sound(one: Spoken, other: Spoken) -> bool:
    return len(one.samples) == len(other.samples) and bool(
        np.allclose(one.samples, other.samples, atol=_LOUDNESS_TOLERANCE)
    )


# Engines that rewrite.


def _check_rewriter(family: EngineFamily, request: EngineRequest, load: Callable[[], AnyEngine]) -> None:
    engine = load()
    options: dict[str, Any] = {"mode": "optimize", "language": None}
    check(list(engine.run([])) == [], "an empty batch has an answer")
    single = [_rewritten(engine, [text], options)[0] for text in _TRANSCRIPTS]
    most = family.traits_for(request).max_items
    together = [
        text
        for first in range(0, len(_TRANSCRIPTS), most)
        for text in _rewritten(engine, _TRANSCRIPTS[first : first + most], options)
    ]
    check(single == together, "a text is rewritten differently in a batch than alone")
    for text, written in zip(_TRANSCRIPTS, single, strict=True):
        for word in ("120", "not", "不"):
            check(word not in text or word in written, f"{word!r} is lost in rewriting")
    odd = [TextItem(_TRANSCRIPTS[0], {**options, "mode": "no-such-mode"}), TextItem(_TRANSCRIPTS[0], options)]
    answers = engine.run(odd)
    check(len(answers) == len(odd), f"{len(answers)} answers to {len(odd)} texts")
    check(isinstance(answers[0], ChunkError), "an unknown mode must be the error of its item")
    check(isinstance(answers[1], Rewritten), "a text suffers from another with an unknown mode")
    check_revision(engine, load)


def _rewritten(engine: AnyEngine, texts: Sequence[str], options: Mapping[str, Any]) -> list[str]:
    answers = engine.run([TextItem(text, options) for text in texts])
    check(len(answers) == len(texts), f"{len(answers)} answers to {len(texts)} texts")
    written: list[str] = []
    for text, answer in zip(texts, answers, strict=True):
        checked = checked_rewriting(answer, text)
        check(isinstance(checked, Rewritten), f"no text: {checked}")
        assert isinstance(checked, Rewritten)
        written.append(checked.text)
    return written


@contextmanager
def _no_network() -> Iterator[None]:
    """Prevent this process from opening connections to other machines within the context."""
    connect = socket.socket.connect

    def refuse(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX:
            raise NotConforming(f"it connects to {address!r}: models are resolved before an engine is loaded")
        connect(self, address)

    socket.socket.connect = refuse  # type: ignore[method-assign]
    try:
        yield
    finally:
        socket.socket.connect = connect  # type: ignore[method-assign]
