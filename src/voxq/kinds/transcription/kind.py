"""The kind itself: its steps, models and routes."""

from __future__ import annotations

from voxq.core.options import Options
from voxq.kinds import rewritten
from voxq.kinds.base import Kind, StepSpec
from voxq.kinds.rewritten import REWRITE
from voxq.kinds.steps import SPEAKERS
from voxq.kinds.transcription.options import TranscriptionOptions
from voxq.kinds.transcription.recognition import RECOGNISE
from voxq.kinds.transcription.run import TranscriptionRun
from voxq.kinds.work import Model, ModelUnavailable, Work
from voxq.locale import Message
from voxq.rewriting.request import Mode


class _Transcription(Kind):
    def audio_track(self, options: Options) -> str | None:
        assert isinstance(options, TranscriptionOptions)
        return options.audio_track

    def wants(self, step: str, options: Options) -> bool:
        assert isinstance(options, TranscriptionOptions)
        if step == SPEAKERS:
            return options.speakers is not None
        return step == REWRITE and options.rewrite is not None

    def model_name(self, step: str, options: Options) -> str | None:
        assert isinstance(options, TranscriptionOptions)
        if step == REWRITE:
            return rewritten.model_for(Mode(options.rewrite), options.rewrite_provider)
        if step == SPEAKERS:
            return None
        return options.model

    def check_model(self, step: str, options: Options, model: Model) -> None:
        assert isinstance(options, TranscriptionOptions)
        if step == RECOGNISE and options.translate and not model.traits.translates:
            raise ModelUnavailable(Message("The model {model} cannot translate.", model=model.name))

    def begin(self, work: Work) -> TranscriptionRun:
        return TranscriptionRun(work)


TRANSCRIPTION = _Transcription(
    name="asr",
    options=TranscriptionOptions,
    noun=Message("recording"),
    steps=(
        StepSpec(RECOGNISE, capability="recognise"),
        StepSpec(
            SPEAKERS,
            capability="embed",
            source=RECOGNISE,
            optional=True,
            has_closing=True,
            reads_sound=True,
        ),
        StepSpec(REWRITE, capability="rewrite", source=RECOGNISE, is_last=True, optional=True),
    ),
    preparation=Message("Decoding"),
    preparer=Message("decoder"),
    queue_setting="rq_queue_name",
    takes_recording=True,
    revision="",
    settings=("asr_language", "asr_chinese_script", "asr_batch_size"),
    routes=(
        "voxq.api.kinds.transcription.submission",
        "voxq.api.kinds.transcription.speakers",
        "voxq.api.kinds.transcription.webservice.routes",
        "voxq.api.kinds.transcription.openai.routes",
        "voxq.api.kinds.transcription.ququ.routes",
    ),
)
