"""Checks of requests to rewrite a text, alone or after its transcription."""

from __future__ import annotations

from dataclasses import dataclass, replace

from voxq.core.refusal import Refusal, invalid
from voxq.engines.languages import LANGUAGES, code_of
from voxq.locale import Message
from voxq.rewriting.request import NEEDS_MODEL, Mode

_LONGEST_ECHO = 100


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client wants to be made of a text; `prefix` is what the names of its fields begin with."""

    mode: Mode
    provider: str | None
    target: str | None
    prompt: str
    prefix: str = ""
    mode_field: str = "mode"


def checked(wish: Wish, providers: tuple[str, ...]) -> Wish:
    """Return the wish with codes in place of the names of languages. `providers`: names of those there are.

    Raises Refusal ("invalid_option", with the field's name; "model_not_found", with the names of providers;
    "unsupported_value" where there is none).
    """
    _check_prompt(wish)
    target = _target(wish)
    if wish.mode in NEEDS_MODEL and not providers:
        raise Refusal(
            "unsupported_value",
            Message("{mode} needs a language model, and none is set up here (LLM_PROVIDERS)", mode=wish.mode),
            field=wish.mode_field,
        )
    if wish.provider is not None and wish.provider not in providers:
        raise Refusal(
            "model_not_found",
            Message("There is no provider of this name"),
            model=wish.provider[:_LONGEST_ECHO],
            models=list(providers),
        )
    return replace(wish, target=target)


def language_code(field: str, given: str | None) -> str | None:
    """Return the ISO 639-1 code of a language; None for none. Raises Refusal ("invalid_option")."""
    code = code_of(given or "")
    if code in ("", "auto"):
        return None
    if code not in LANGUAGES:
        raise invalid(field, Message("must be auto, an ISO 639-1 code such as en or zh, or an English name"))
    return code


def _check_prompt(wish: Wish) -> None:
    field = f"{wish.prefix}prompt"
    if wish.mode is Mode.CUSTOM and not wish.prompt.strip():
        raise invalid(field, Message("is what the mode custom needs"))
    if wish.mode is not Mode.CUSTOM and wish.prompt:
        raise invalid(field, Message("is for the mode custom"))


def _target(wish: Wish) -> str | None:
    field = f"{wish.prefix}target"
    target = language_code(field, wish.target)
    if wish.mode is Mode.TRANSLATE and target is None:
        raise invalid(field, Message("is what the mode translate needs: a language such as en or zh"))
    if wish.mode is not Mode.TRANSLATE and target is not None:
        raise invalid(field, Message("is for the mode translate"))
    return target
