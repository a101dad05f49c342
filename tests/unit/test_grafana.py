"""Structure of the dashboard; `tests/integration/api/test_metrics.py` shows that its metrics exist."""

from __future__ import annotations

import re

import grafana


def test_every_panel_has_its_own_place() -> None:
    dashboard = grafana.load()
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_every_panel_follows_the_choices_of_its_reader() -> None:
    dashboard = grafana.load()
    variables = {variable["name"] for variable in dashboard["templating"]["list"]}
    for panel in grafana.panels(dashboard):
        assert panel["datasource"]["uid"] == "${datasource}"
        for target in panel["targets"]:
            used = set(re.findall(r"\$(\w+)", target["expr"])) - {"__rate_interval"}
            assert "instance" in used <= variables, panel["title"]
            legend = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            assert legend <= grafana.labels_in(target["expr"]) or " by " not in target["expr"], panel["title"]


def test_only_counters_have_a_rate() -> None:
    for expression in grafana.expressions(grafana.load()):
        for metric in re.findall(r"(?:rate|increase)\((\w+)", expression):
            assert metric.endswith(("_total", "_bucket", "_sum", "_count")), expression
        for labels in re.findall(r"sum by \(([^)]*)\) \(rate\(\w+_bucket", expression):
            assert "le" in labels.split(", "), expression
        assert expression.count("(") == expression.count(")"), expression


def test_the_parser_sees_names_and_labels() -> None:
    expression = 'sum by (le, a) (rate(voxq_x_bucket{b="$b",c=~".*/d"}[$__rate_interval])) / voxq_y'
    assert grafana.metrics_in(expression) == {"voxq_x_bucket", "voxq_y"}
    assert grafana.labels_in(expression) == {"le", "a", "b", "c"}
    assert grafana.metrics_in("label_values(voxq_z, kind)") == {"voxq_z"}
