"""The pages on the audit file and the metrics say what the code does."""

import dataclasses
import io
import json
import logging
import re
import tomllib
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from prometheus_client.parser import text_string_to_metric_families

from kerbauth.core.audit import Action, AuditRecord, Door
from kerbauth.core.audit_chain import START, Anchor, anchor_body
from kerbauth.core.audit_verify import Kind
from kerbauth.core.codes.model import Stage
from kerbauth.core.reasons import Reason
from kerbauth.observe.logs import LOGIN_LOGGER, JsonFormatter, LoginLog
from kerbauth.observe.metrics import BUCKETS, Metrics
from kerbauth.settings import AlarmSettings, TracingSettings
from kerbauth.web.connections import Ended
from tests.observe.records import granted, refused, use
from tests.observe.sealed import KEY

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
METRICS = (REFERENCE / "metrics.md").read_text(encoding="utf-8")
MONITOR = (REFERENCE.parent / "how-to" / "monitor.md").read_text(encoding="utf-8")
AUDIT = (REFERENCE / "audit.md").read_text(encoding="utf-8")


def table(page: str, heading: str) -> dict[str, list[str]]:
    """The rows of the table whose first column has this heading: first cell without backquotes, and the other cells."""
    rows: dict[str, list[str]] = {}
    lines = iter(page.splitlines())
    for line in lines:
        if line.startswith(f"| {heading} |"):
            next(lines)
            break
    for line in lines:
        if not line.startswith("|"):
            break
        first, *others = (cell.strip() for cell in line.strip("|").split("|"))
        rows[first.strip("`")] = others
    return rows


def words(cell: str) -> list[str]:
    return re.findall(r"`([^`]*)`", cell)


@pytest.fixture
def families() -> dict[str, tuple[str, set[str]]]:
    """Every metric there is: its name as PromQL knows it, its type, its labels."""
    metrics = Metrics(["CORP.EXAMPLE"])
    use(metrics)
    found = {}
    for family in text_string_to_metric_families(metrics.render()[0].decode()):
        name = family.name + ("_total" if family.type == "counter" else "")
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        found[name] = (family.type, labels)
    return found


def test_the_page_has_every_metric_and_no_other(families: dict[str, tuple[str, set[str]]]) -> None:
    documented = {name: (kind, set(words(labels))) for name, (kind, labels, _) in table(METRICS, "metric").items()}
    assert documented == families


def test_the_page_has_every_label_with_its_values(families: dict[str, tuple[str, set[str]]]) -> None:
    labels = {name: words(values) for name, (values,) in table(METRICS, "label").items()}
    assert set(labels) == set().union(*(labels for _, labels in families.values()))
    assert labels["door"] == [door.value for door in Door]
    assert labels["stage"] == [stage.value for stage in Stage]
    assert labels["cause"] == [ended.value for ended in Ended]
    assert labels["verdict"] == ["granted", "refused", "unavailable", "changed"]


def test_the_page_has_the_buckets() -> None:
    told = re.findall(r"buckets end at (.*?)\s+seconds", METRICS, re.DOTALL)
    assert [float(number) for number in re.findall(r"[\d.]+\d|\d", told[0])] == list(BUCKETS)


def test_the_examples_use_what_there_is(families: dict[str, tuple[str, set[str]]]) -> None:
    examples = "".join(re.findall(r"```promql\n(.*?)```", MONITOR, re.DOTALL))
    names = {name.removesuffix("_bucket") for name in re.findall(r"kerbauth_\w+", examples)}
    assert names
    assert names <= set(families)
    reasons = {word for words in re.findall(r'reason=~?"(.*?)"', examples) for word in words.split("|")}
    assert reasons <= {reason.value for reason in Reason}


def test_the_settings_that_the_page_on_monitoring_shows_are_taken() -> None:
    blocks = [tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", MONITOR, re.DOTALL)]
    assert [list(block) for block in blocks] == [["alarm"], ["tracing"]]
    assert AlarmSettings(**blocks[0]["alarm"]).failures > 0
    assert TracingSettings(**blocks[1]["tracing"]).enabled


def test_the_log_line_that_the_page_on_monitoring_shows_is_one() -> None:
    (example,) = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", MONITOR, re.DOTALL))
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    with_handler = logging.getLogger(LOGIN_LOGGER)
    with_handler.addHandler(handler)
    with_handler.setLevel(logging.INFO)
    try:
        LoginLog().observe(refused(origin=dataclasses.replace(granted().origin, client=None)))
    finally:
        with_handler.removeHandler(handler)
        with_handler.setLevel(logging.NOTSET)
    written = json.loads(stream.getvalue())
    assert list(example) == list(written)
    assert {name: type(value) for name, value in example.items()} == {name: type(value) for name, value in written.items()}


def test_the_page_has_every_field_in_order() -> None:
    assert list(table(AUDIT, "field")) == ["kind", *granted().as_json(), "chain"]


def test_the_page_has_every_field_of_anchors_and_of_the_chain() -> None:
    line, _ = KEY.seal(START, anchor_body(Anchor.BREAK, "", KEY, "gone"))
    written = json.loads(line)
    assert list(table(AUDIT, "field of an anchor")) == list(written)
    assert list(table(AUDIT, "member")) == list(written["chain"])
    assert set(table(AUDIT, "reason of an anchor")) == set(Anchor)


def test_the_page_has_every_finding() -> None:
    assert list(table(AUDIT, "finding")) == list(Kind)


def test_a_field_that_may_be_null_says_so() -> None:
    record = AuditRecord("", granted().origin, "granted", None, None).as_json() | {"client": None}
    documented = {name for name, (kind, _) in table(AUDIT, "field").items() if kind.endswith("or null")}
    assert documented == {name for name, value in record.items() if value is None}
    assert type(None) in get_args(get_type_hints(type(granted().origin))["client"])


def test_the_example_is_a_record() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", AUDIT, re.DOTALL)
    line = json.loads(example)
    assert list(line) == ["kind", *granted().as_json(), "chain"]
    assert list(line["chain"]) == ["seq", "prev", "mac"]
    kinds = {name: type(value) for name, value in refused().as_json().items() if value is not None and line[name] is not None}
    assert {name: type(line[name]) for name in kinds} == kinds
    assert line["codes"] == refused().as_json()["codes"]
    assert line["reason"] in set(Reason)
    assert line["stage"] in set(Stage)


def test_the_page_names_every_kind_of_attempt() -> None:
    assert set(words(table(AUDIT, "field")["kind"][1])) == set(Action)


@pytest.mark.parametrize("door", Door)
def test_the_page_names_every_door(door: Door) -> None:
    assert door.value in words(table(AUDIT, "field")["door"][1])
