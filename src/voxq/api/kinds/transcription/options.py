"""Options of a transcription: checks against the available models, and the hotwords in a prompt. Unchecked
values never reach a model.

Types and ranges have been checked before, by the reader derived from the declared options.
"""

from __future__ import annotations

import re
from dataclasses import replace

from voxq.api import rewriters
from voxq.api.available import AvailableModels
from voxq.api.rewriters import Wish
from voxq.core.refusal import invalid
from voxq.engines.languages import LANGUAGES, code_of, script_of
from voxq.kinds.hotwords import hotwords_in
from voxq.kinds.transcription import TranscriptionOptions
from voxq.locale import Message
from voxq.rewriting.request import Mode

_MOST_WORDS_OF_A_TERM = 3
_BETWEEN_TERMS = re.compile(r"[,;，；、\n]+")


def for_models(asked: TranscriptionOptions, models: AvailableModels) -> TranscriptionOptions:
    """Return the options with the model's canonical name, the codes of languages, and the script that a
    language such as zh-TW implies.

    Raises Refusal ("invalid_option", with the field's name; "model_not_found"; "unsupported_value").
    """
    model = models.choose(asked.model or "")
    language = _language(asked.language or "", model or models.default, models)
    script = asked.chinese_script or script_of(asked.language or "")
    target = _rewriting(asked, models)
    _check_speakers(asked)
    return replace(asked, model=model, language=language, chinese_script=script, rewrite_target=target)


def prompted(prompt: str) -> tuple[str, ...]:
    """Return the hotwords in Whisper's prompt: the parts between commas that are as short as a name.

    A prompt in whole sentences is not a list of hotwords, and no engine here continues a text.
    """
    terms = (term for term in _BETWEEN_TERMS.split(prompt) if len(term.split()) <= _MOST_WORDS_OF_A_TERM)
    return hotwords_in(" ".join(terms))


def _rewriting(asked: TranscriptionOptions, models: AvailableModels) -> str | None:
    """Check what is to be made of the text, and return the code of the language to translate it into."""
    if asked.rewrite is None:
        for name in ("rewrite_provider", "rewrite_target", "rewrite_prompt"):
            if getattr(asked, name):
                raise invalid(name, Message("has no effect without rewrite"))
        return None
    wish = Wish(
        Mode(asked.rewrite),
        asked.rewrite_provider,
        asked.rewrite_target,
        asked.rewrite_prompt,
        prefix="rewrite_",
        mode_field="rewrite",
    )
    return rewriters.checked(wish, models.providers).target


def _check_speakers(asked: TranscriptionOptions) -> None:
    """Check what is asked about speakers. Raises Refusal ("invalid_option")."""
    least, most = asked.min_speakers, asked.max_speakers
    for name, limit in (("min_speakers", least), ("max_speakers", most)):
        if limit is not None and asked.speakers != 0:
            raise invalid(name, Message("has no effect without speakers=true"))
    if least is not None and most is not None and least > most:
        raise invalid("min_speakers", Message("must not exceed max_speakers"))
    if asked.speakers is not None and asked.separate_channels:
        raise invalid("speakers", Message("has no effect with channels=separate, which tells them apart"))


def _language(text: str, model: str, models: AvailableModels) -> str | None:
    language = code_of(text)
    if language in ("", "auto"):
        return None
    known = models.languages_of(model)
    if language in known:
        return language
    if language in LANGUAGES:
        raise invalid(
            "language",
            Message(
                "must be auto or one of {known}: {model} supports no other",
                known=", ".join(known),
                model=model,
            ),
        )
    raise invalid("language", Message("must be auto, an ISO 639-1 code such as en or zh, or an English name"))
