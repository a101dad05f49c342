"""Metrics and labels that a Grafana dashboard queries from Prometheus."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DASHBOARD = Path(__file__).parents[2] / "deploy" / "grafana" / "voxq.json"

_WORDS = frozenset({"by", "histogram_quantile", "increase", "label_values", "max", "rate", "sum"})
"""PromQL keywords and functions used in the dashboard; any other word is a metric or a label."""
_TARGET = frozenset({"instance"})
"""Labels that Prometheus adds to every scraped metric."""


def load() -> dict[str, Any]:
    return json.loads(DASHBOARD.read_text())


def panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    """Panels that have queries."""
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
    """Labels that the metrics of an expression must have; here all of its metrics have the same."""
    matched = re.findall(r"[{,](\w+)=~?\"", expression)
    grouped = [label for group in re.findall(r"\bby \(([^)]*)\)", expression) for label in group.split(", ")]
    listed = re.findall(r"label_values\(\w+, (\w+)\)", expression)
    return {*matched, *grouped, *listed} - _TARGET
