"""What a kind of task is. The rest of the code asks the kind, and never which kind it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter

from voxq.core.options import Options


@dataclass(frozen=True)
class Kind:
    """One kind of task: `name` is the prefix of its Redis keys and part of its URLs."""

    name: str
    options: type[Options]

    def read_options(self, record: Mapping[str, Any]) -> Options:
        """The options in a record of this or an earlier version; unknown fields are ignored.

        Raises ValueError.
        """
        return self._adapter.validate_python(record)

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.options)
