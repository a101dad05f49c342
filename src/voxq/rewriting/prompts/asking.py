"""Making of the messages of one call."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template
from typing import Literal

from voxq.rewriting.prompts.languages import TARGETS
from voxq.rewriting.request import NEEDS_MODEL, Mode, Rewrite, primary
from voxq.rewriting.times import clock


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a chat, as OpenAI-compatible servers take it."""

    role: Literal["system", "user"]
    content: str


def messages(rewrite: Rewrite, failed: Iterable[str] = ()) -> tuple[Message, ...]:
    """Return what a model is asked, in the language of the text: Chinese, else English.

    `failed` has the names of checks (see `checks`) that the model's last answer failed. Raises ValueError for
    a mode without a model, and for a translation without a known target language.
    """
    if rewrite.mode not in NEEDS_MODEL:
        raise ValueError(f"no model is asked in mode {rewrite.mode}")
    task = "summary_with_times" if rewrite.mode is Mode.SUMMARY and rewrite.segments else rewrite.mode.value
    blocks = [("transcript", shown(rewrite))]
    if rewrite.mode is Mode.CUSTOM:
        blocks.append(("wish", rewrite.prompt))
    return _asked(rewrite, task, blocks, failed)


def merging(rewrite: Rewrite, summaries: Sequence[str], failed: Iterable[str] = ()) -> tuple[Message, ...]:
    """Return what a model is asked that makes one summary of those of consecutive parts."""
    return _asked(rewrite, "merge", [("transcript", "\n".join(summaries))], failed)


def shown(rewrite: Rewrite) -> str:
    """Return the text as a model sees it: for a summary, each segment with its time, such as "[1:05] ..."."""
    if rewrite.mode is not Mode.SUMMARY or not rewrite.segments:
        return rewrite.text
    return "\n".join(f"[{clock(start)}] {' '.join(text.split())}" for start, _, text in rewrite.segments)


def _asked(
    rewrite: Rewrite, task: str, blocks: Sequence[tuple[str, str]], failed: Iterable[str]
) -> tuple[Message, ...]:
    language = "zh" if rewrite.written_in == "zh" else "en"
    marker = _marker("".join(text for _, text in blocks))
    names = {"marker": marker, "target": _target(rewrite, language)}
    refused = _refusals(language)
    rules = [_file(language, "rules"), _file(language, task)]
    if again := [refused[name] for name in failed if name in refused]:
        rules.append("\n".join([refused["again"], *(f"- {each}" for each in again)]))
    system = Template("\n\n".join(rules)).substitute(names)
    data = (f"<{name} {marker}>\n{text}\n</{name} {marker}>" for name, text in blocks)
    user = "\n\n".join([*data, Template(_file(language, "end")).substitute(names)])
    return Message("system", system), Message("user", user)


def _target(rewrite: Rewrite, language: str) -> str:
    if rewrite.mode is not Mode.TRANSLATE:
        return ""
    target = TARGETS.get(primary(rewrite.target or ""))
    if target is None:
        raise ValueError(f"cannot translate into {rewrite.target!r}")
    return target[language]


def _marker(data: str) -> str:
    """Return a word that the data does not contain, the same each time it is asked for."""
    marker = hashlib.sha256(data.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    while marker in data:
        marker = hashlib.sha256(marker.encode()).hexdigest()[:16]
    return marker


@cache
def _refusals(language: str) -> dict[str, str]:
    """Read what a model is told of each check that its answer failed."""
    lines = _file(language, "failed").splitlines()
    return {name: text.strip() for name, _, text in (line.partition(":") for line in lines)}


@cache
def _file(language: str, name: str) -> str:
    return files("voxq.rewriting.prompts").joinpath(language, f"{name}.txt").read_text("utf-8").strip()
