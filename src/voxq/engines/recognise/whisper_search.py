"""Parameters of Whisper's search for a text: the prompt, and the settings of the decoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from voxq.engines.contract import Options

if TYPE_CHECKING:
    from faster_whisper.tokenizer import Tokenizer
    from faster_whisper.transcribe import TranscriptionOptions

_HOTWORD_TOKENS = 100
PROMPTS = {"zh": "以下是普通话的句子。"}
"""Prompt for Mandarin; without it, Whisper mixes in traditional characters and omits punctuation."""


def prompt_for(tokenizer: Tokenizer, language: str, hotwords: Sequence[str]) -> str | None:
    """Build the prompt: a sentence in the style of the language, and as many hotwords as fit.

    The hotwords form a complete sentence: after a bare list, Whisper takes the first word for already said.
    """
    known: list[str] = []
    capacity = _HOTWORD_TOKENS
    for word in hotwords:
        plain = word.replace("<|", "").replace("|>", "")  # the tokenizer's marks of control tokens
        capacity -= len(tokenizer.encode(f" {plain},"))
        if capacity < 0:
            break
        known.append(plain)
    return PROMPTS.get(language, "") + (f"{', '.join(known)}." if known else "") or None


def task_of(options: Options) -> str:
    """Whisper's name of what is asked for."""
    return "translate" if options.get("translate") else "transcribe"


def written_in(language: str, options: Options) -> str:
    """Return the language in which the text is written."""
    return "en" if options.get("translate") else language


def settings_for(
    tokenizer: Tokenizer, prompt: str | None, seconds: float, beam: int, words: bool
) -> TranscriptionOptions:
    """Return the parameters of one deterministic search. faster-whisper's thresholds are off, because
    `Hypothesis` decides."""
    from faster_whisper.transcribe import TranscriptionOptions, get_suppressed_tokens

    return TranscriptionOptions(
        beam_size=beam,
        best_of=1,
        patience=1,
        length_penalty=1,
        repetition_penalty=1,
        no_repeat_ngram_size=0,
        log_prob_threshold=None,
        no_speech_threshold=None,
        compression_ratio_threshold=None,
        condition_on_previous_text=False,
        prompt_reset_on_temperature=0.5,
        temperatures=[0.0],
        initial_prompt=None,
        prefix=None,
        suppress_blank=True,
        suppress_tokens=get_suppressed_tokens(tokenizer, (-1,)),
        without_timestamps=False,
        max_initial_timestamp=1.0,
        word_timestamps=words,
        prepend_punctuations="\"'“¿([{-",
        append_punctuations="\"'.。,，!！?？:：”)]}、",
        multilingual=False,
        max_new_tokens=min(300, 32 + int(16 * seconds)),  # nobody speaks faster, and a loop ends sooner
        clip_timestamps="0",
        hallucination_silence_threshold=None,
        hotwords=prompt,
    )
