"""Rewriting of transcripts, without the model that writes: how it is asked, and if its answer is faithful.

`request` says what is to be done, `prompts` how a model is asked, `parts` how a text is cut to a model's
context, `answers` takes off what a model says around its answer, `checks` compares it with the transcript,
`differences` says word by word what changed, and `light` cleans up without any model. Pure: text in, text
out, in a time that grows no faster than the text. One call of a model, where `ask` makes it:

    rewrite = Rewrite(text, Mode.OPTIMIZE, language="zh")
    answer = cleaned(ask(messages(rewrite)), rewrite)
    verdict = check(rewrite, answer)  # .passed, .reason, .changes
    if not verdict.passed:
        answer = cleaned(ask(messages(rewrite, verdict.failed)), rewrite)
"""

from voxq.rewriting.request import NEEDS_MODEL, Mode, Rewrite

__all__ = ["NEEDS_MODEL", "Mode", "Rewrite"]
