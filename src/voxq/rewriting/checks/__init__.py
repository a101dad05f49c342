"""Comparison of a model's answer with the transcript: faithful, or the reason why not.

Numbers, dates, names and negations, the length, the amount of edits and the language; for `punctuate` the
letters themselves; for `summary` whether the transcript supports it. `table.TABLE` says what is compared in
which mode.
"""

from voxq.rewriting.checks.table import TABLE, check
from voxq.rewriting.checks.verdict import Verdict

__all__ = ["TABLE", "Verdict", "check"]
