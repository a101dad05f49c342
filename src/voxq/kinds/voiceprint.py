"""Voiceprints: a recording of one speaker becomes a vector, and perhaps part of a voiceprint that is kept."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Annotated, Any

from pydantic import Field

from voxq.core.inputs import AUDIO, Blob
from voxq.core.options import Mark, Options, SetBy
from voxq.kinds.base import Kind, StepSpec
from voxq.kinds.pieces import Span
from voxq.kinds.steps import KindStep, RunInSteps
from voxq.kinds.tracks import AudioTrack
from voxq.kinds.work import Joined, Work
from voxq.locale import Message
from voxq.processes.media.protocol import Prepare
from voxq.processes.model.protocol import Embedded, SpanRef
from voxq.speech.chunking import Chunking
from voxq.speech.sound_measures import SoundMeasures
from voxq.storage.voiceprints import NoVoiceprint
from voxq.voiceprints.comparing import SAME_SPEAKER, similarity
from voxq.voiceprints.quality import Part, Refused, judged, refusal
from voxq.voiceprints.voiceprint import Quality, Sample, Vector, Voiceprint, mean

EMBED = "embed"
"""Name of the step, and the capability that it needs."""
LONGEST_SECONDS = 600
"""Seconds of a recording: a voice is known long before."""

_CHUNKING = Chunking(maximum=3.2, target=2.4, max_gap=1.0)
"""Parts that are short enough for a second speaker to show, and long enough for vectors to be reliable."""


@dataclass(frozen=True, slots=True)
class VoiceprintOptions(Options):
    """Options of a task that makes a vector of a recording."""

    audio_track: AudioTrack = None
    voiceprint_id: Annotated[
        str, Field(description="Voiceprint that the recording is for."), Mark(set_by=SetBy.SERVICE)
    ] = ""
    """Empty: the vector is the result, and nothing is kept."""
    version: Annotated[
        int, Field(ge=0, description="Version of it that the recording is for."), Mark(set_by=SetBy.SERVICE)
    ] = 0


class _VoiceprintKind(Kind):
    def audio_track(self, options: Options) -> str | None:
        assert isinstance(options, VoiceprintOptions)
        return options.audio_track

    def begin(self, work: Work) -> VoiceprintRun:
        return VoiceprintRun(work)


class VoiceprintRun(RunInSteps):
    """Run of a task whose chunks are parts of the speech of one recording."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        assert isinstance(self.asked, VoiceprintOptions)
        self._asked = self.asked
        self.steps = {EMBED: _Embedding(self)}

    @property
    def request(self) -> Prepare:
        return Prepare(
            self.task.id,
            self.work.recording,
            self.work.directory.pcm,
            min(self.work.defaults.max_seconds, LONGEST_SECONDS),
            _CHUNKING,
            audio_track=self._asked.audio_track,
        )

    @property
    def seconds(self) -> float:
        return self.task.seconds

    @property
    def text(self) -> str:
        return ""

    def conclude(self) -> tuple[str, str] | None:
        refused = refusal(self._judged[1]) or self._unfit()
        if refused is None and self._asked.voiceprint_id:
            refused = self._keep()
        return (refused.code, refused.message) if refused else None

    def done(self, duration: float, joined: Joined | None) -> dict[str, Any]:
        vector, quality = self._judged
        kept = {"voiceprint_id": self._asked.voiceprint_id, "version": self._asked.version}
        # The vector of a voiceprint lies with the voiceprint alone, so that nothing of it outlives that.
        own = kept if self._asked.voiceprint_id else {"vector": list(vector)}
        return {
            "embedding": {
                "model": self._model,
                "revision": self._revision,
                "speech_seconds": quality.speech_seconds,
                "quality": asdict(quality),
                **own,
            }
        }

    @property
    def _embedded(self) -> list[Embedded]:
        return [result for _, result in self.work.results[EMBED].finished()]

    @cached_property
    def _judged(self) -> tuple[Vector, Quality]:
        """Vector and quality, once every part has a result."""
        return judged([Part(each.vector, each.sound) for each in self._embedded])

    @property
    def _model(self) -> str:
        return self.work.models[EMBED].name

    @property
    def _revision(self) -> str:
        return next((each.revision for each in self._embedded), "")

    def _unfit(self) -> Refused | None:
        """Return why there is no vector although there is speech enough, which is next to impossible."""
        if self._judged[0]:
            return None
        return Refused("several_speakers", Message("No voice is heard throughout: record one person alone."))

    def _keep(self) -> Refused | None:
        """Add the recording to its voiceprint. Once more after a crash changes nothing."""
        store = self.voiceprints
        assert store is not None
        try:
            store.change(self.task.owner, self._asked.voiceprint_id, self._with_sample)
        except NoVoiceprint:
            return Refused("voiceprint_deleted", Message("The voiceprint has been deleted meanwhile."))
        except _Unlike as unlike:
            return unlike.refused
        return None

    def _with_sample(self, found: Voiceprint) -> Voiceprint:
        """Return the voiceprint with this recording. Raises _Unlike for another voice or model."""
        if any(sample.task_id == self.task.id for sample in found.samples):
            return found
        recording = self.task.inputs[AUDIO]
        assert isinstance(recording, Blob)
        vector, quality = self._judged
        others = found.of_version(self._asked.version)
        if any(other.revision != self._revision for other in others):
            message = Message("The voiceprint was made with another model: replace it by a new version.")
            raise _Unlike(Refused("other_model", message))
        if others:
            known = mean([(other.vector, other.quality.speech_seconds) for other in others])
            if similarity(known, vector) < SAME_SPEAKER:
                message = Message(
                    "This is another voice than in the other recordings: record the same person, or replace"
                    " the voiceprint by a new version."
                )
                raise _Unlike(Refused("other_speaker", message))
        sample = Sample(
            self._asked.version,
            self.task.id,
            recording.sha256,
            self._model,
            self._revision,
            vector,
            quality,
            time.time(),
        )
        return replace(
            found,
            samples=(*found.samples, sample),
            tasks=tuple(dict.fromkeys((*found.tasks, self.task.id))),
        )


class _Unlike(Exception):
    """A recording cannot be added to a voiceprint."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.message)
        self.refused = refused


class _Embedding(KindStep):
    """Its only step: each part of the speech becomes a vector."""

    def __init__(self, run: VoiceprintRun) -> None:
        self._run = run

    def batch_key(self) -> str:
        return EMBED

    def ref(self, index: int) -> SpanRef:
        span: Span = self._run.work.results[EMBED][index]
        return SpanRef(self._run.work.directory.pcm, span.start, span.end, {})

    def conditions(self, revision: str) -> Sequence[str]:
        return (self._run.condition(revision),)

    def record(self, result: Embedded) -> dict[str, Any]:
        return asdict(result)

    def recorded(self, piece: Any, record: dict[str, Any]) -> Embedded:
        vector = tuple(map(float, record["vector"]))
        return Embedded(vector, SoundMeasures(**record["sound"]), str(record["revision"]))


VOICEPRINT = _VoiceprintKind(
    name="voiceprint",
    options=VoiceprintOptions,
    noun=Message("recording"),
    steps=(StepSpec(EMBED, capability="embed"),),
    preparation=Message("Decoding"),
    preparer=Message("decoder"),
    takes_recording=True,
    routes=(
        "voxq.api.kinds.voiceprint.submission",
        "voxq.api.kinds.voiceprint.extraction",
        "voxq.api.kinds.voiceprint.comparison",
        "voxq.api.kinds.voiceprint.routes",
    ),
)
