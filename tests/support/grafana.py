"""What a Grafana dashboard asks Prometheus for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DASHBOARD = Path(__file__).parents[2] / "deploy" / "grafana" / "voxq.json"

_WORDS = frozenset({"by", "histogram_quantile", "increase", "label_values", "max", "rate", "sum"})
"""Of PromQL, as far as they are used here: any other word is a metric or a label."""
_TARGET = frozenset({"instance"})
"""Labels that Prometheus adds to whatever it scrapes."""


def load() -> dict[str, Any]:
    return json.loads(DASHBOARD.read_text())


def panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    """Those that show something."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def expressions(dashboard: dict[str, Any]) -> Iterator[str]:
    for panel in panels(dashboard):
        yield from (target["expr"] for target in panel["targets"])
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["query"]["query"]


def metrics_in(expression: str) -> set[str]:
    bare = re.sub(r"\{[^}]*\}|\[[^]]*\]|\bby \([^)]*\)", " ", expression)
    bare = re.sub(r"(label_values\(\w+), \w+", r"\1", bare)
    return set(re.findall(r"[a-zA-Z_:][\w:]*", bare)) - _WORDS


def labels_in(expression: str) -> set[str]:
    """Those that its metrics must have; in these expressions all of them the same."""
    matched = re.findall(r"[{,](\w+)=~?\"", expression)
    grouped = [label for group in re.findall(r"\bby \(([^)]*)\)", expression) for label in group.split(", ")]
    listed = re.findall(r"label_values\(\w+, (\w+)\)", expression)
    return {*matched, *grouped, *listed} - _TARGET
