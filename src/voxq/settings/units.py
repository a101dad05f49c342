"""Parsing of sizes and durations as people write them."""

from __future__ import annotations

import re
from datetime import timedelta

from voxq.locale import Message

_SIZE_UNITS = {"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}
_TIME_UNITS = ("second", "minute", "hour", "day", "week")


def parse_size(text: str) -> int:
    """Parse a size such as "10 MB" (1 MB = 1024 KB) to bytes. Raises ValueError unless it is positive."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMG]?B)\s*", text, re.IGNORECASE)
    size = int(float(match[1]) * _SIZE_UNITS[match[2].upper()]) if match else 0
    if size <= 0:
        raise ValueError(Message('must be a size such as "10 MB" (units: B, KB, MB, GB)'))
    return size


def parse_duration(text: str) -> timedelta:
    """Parse a duration such as "30 days". Raises ValueError unless it is positive and under 1000 years."""
    match = re.fullmatch(rf"\s*(\d{{1,9}})\s*({'|'.join(_TIME_UNITS)})s?\s*", text, re.IGNORECASE)
    try:
        time = timedelta(**{f"{match[2].lower()}s": int(match[1])}) if match else timedelta()
    except OverflowError:
        time = timedelta()
    if not timedelta() < time < timedelta(days=365_000):
        raise ValueError(
            Message('must be a time such as "30 days" (units: {units})', units=", ".join(_TIME_UNITS))
        )
    return time
