"""The dashboard and the alert rules: they ask for metrics and labels that exist, and the alerts fire on what they are for."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from kerbauth.core.codes.model import Stage
from kerbauth.core.outcome import Granted, Refused, Unavailable
from kerbauth.core.reasons import Reason
from kerbauth.observe.metrics import Metrics
from tests.observe.records import use

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "kerbauth-alerts.yml"
DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "kerbauth.json").read_text(encoding="utf-8"))

_NAME = re.compile(r"\b(?:kerbauth|process)_\w+")
_SELECTOR = re.compile(r"(?P<metric>\b(?:kerbauth|process)_\w+)\{(?P<matchers>[^}]*)\}")
_MATCHER = re.compile(r'(?P<label>\w+)(?:=~|!~|!=|=)"(?P<value>[^"]*)"')
_GROUPED = re.compile(r"\bby \((?P<labels>[^)]*)\)")
_SCRAPED = {"instance", "job", "le", "alertname"}  # given by Prometheus, or a bucket's bound


def expressions() -> Iterator[str]:
    for panel in DASHBOARD["panels"]:
        yield from (target["expr"] for target in panel["targets"])
    for variable in DASHBOARD["templating"]["list"]:
        yield variable.get("definition", "")
    rules = "\n".join(line for line in RULES.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#"))
    yield from re.findall(r"^ +expr: (.*?)^ +(?:for|labels):", rules, re.MULTILINE | re.DOTALL)


EXPRESSIONS = [*expressions()]


@pytest.fixture(scope="module")
def labels() -> dict[str, set[str]]:
    """The labels of every series there is, by its name."""
    metrics = Metrics(["CORP.EXAMPLE"])
    use(metrics)
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(metrics.render()[0].decode()):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def test_there_is_something_to_check() -> None:
    assert len(DASHBOARD["panels"]) >= 12
    assert len(EXPRESSIONS) >= 25


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_metric_that_is_asked_for_exists(expression: str, labels: dict[str, set[str]]) -> None:
    assert set(_NAME.findall(expression)) <= set(labels)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_label_that_is_asked_for_is_one_of_the_metrics(expression: str, labels: dict[str, set[str]]) -> None:
    known = {"verdict": {kind.__name__.lower() for kind in (Granted, Refused, Unavailable)}, "reason": set(Reason), "stage": set(Stage)}
    for selector in _SELECTOR.finditer(expression):
        for matcher in _MATCHER.finditer(selector["matchers"]):
            assert matcher["label"] in labels[selector["metric"]] | _SCRAPED
            assert matcher["value"] in known.get(matcher["label"], {matcher["value"]})
    here = set().union(*(labels[name] for name in _NAME.findall(expression)), _SCRAPED)
    for grouped in _GROUPED.finditer(expression):
        assert set(re.split(r",\s*", grouped["labels"])) <= here


def test_panels_have_numbers_and_places_of_their_own() -> None:
    panels: list[dict[str, Any]] = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = set()
    for place in (panel["gridPos"] for panel in panels):
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert place["x"] + place["w"] <= 24
        assert not cells & taken
        taken |= cells


def test_the_dashboard_is_tied_to_nobodys_data_source() -> None:
    assert {panel["datasource"]["uid"] for panel in DASHBOARD["panels"]} == {"${datasource}"}


def promtool(*arguments: str, folder: Path) -> str:
    done = subprocess.run(["promtool", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prometheus_takes_the_rules() -> None:
    assert "SUCCESS: 13 rules found" in promtool("check", "rules", str(RULES), folder=ROOT)


def test_the_alerts_fire_on_what_they_are_for_and_on_nothing_else(tmp_path: Path) -> None:
    shutil.copy(RULES, tmp_path)
    shutil.copy(Path(__file__).with_name("alerts-test.yml"), tmp_path)
    assert "SUCCESS" in promtool("test", "rules", "alerts-test.yml", folder=tmp_path)


def test_prometheus_can_read_what_we_tell(tmp_path: Path) -> None:
    metrics = Metrics(["CORP.EXAMPLE"])
    use(metrics)
    done = subprocess.run(["promtool", "check", "metrics"], input=metrics.render()[0], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
