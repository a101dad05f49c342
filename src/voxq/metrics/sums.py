"""The sums of all processes, in one hash in Redis: they outlive whoever counted.

A process tells what has come since it told last. So restarts of workers and of the API lose nothing and
reset nothing, and whichever process of the API is asked knows all.
"""

from __future__ import annotations

import json

from voxq.metrics.counters import Parcel
from voxq.queue.script import Command

_CONTEXT = json.dumps({"kind": "voxq", "lanes": []})
_REMEMBERED = 86400
"""Seconds for which a parcel is recognised that comes a second time, because its receipt was lost."""


def tell(parcel: Parcel) -> Command[bool]:
    """Add what a parcel holds, once. False: it was known already."""
    args = {
        "sender": parcel.sender,
        "number": parcel.number,
        "amounts": dict(parcel.amounts),
        "ttl": _REMEMBERED,
    }
    return Command("count", _CONTEXT, args, lambda a: a == 1)
