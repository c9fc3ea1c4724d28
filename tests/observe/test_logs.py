import asyncio
import io
import json
import logging
import re
from collections.abc import Iterator

import pytest
from hypothesis import given

from kerbauth import correlation
from kerbauth.core.audit import AuditRecord, Door, Origin
from kerbauth.core.text import is_control
from kerbauth.observe.logs import ANCHOR_LOGGER, NOISY, JsonFormatter, LoginLog, OneLineFormatter, announce, configure_logging, log_event
from tests.contracts.audit_sinks import RECORDS
from tests.observe.records import changed, granted, refused, unavailable


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    libraries = {name: logging.getLogger(name).level for name in NOISY}
    yield io.StringIO()
    root.setLevel(level)
    for name, before in libraries.items():
        logging.getLogger(name).setLevel(before)
    for handler in set(root.handlers) - set(handlers):
        root.removeHandler(handler)


def observed(record: AuditRecord, stream: io.StringIO) -> str:
    configure_logging("info", stream)
    LoginLog().observe(record)
    (line,) = stream.getvalue().splitlines()
    return line


def test_a_line_has_time_in_utc_level_logger_and_message(stream: io.StringIO) -> None:
    configure_logging("info", stream)
    logger = logging.getLogger("kerbauth.test")
    entry = logger.makeRecord(logger.name, logging.WARNING, "", 0, "%d of %s", (3, "four"), None)
    entry.created = 1_767_225_600.25
    logger.handle(entry)
    assert stream.getvalue() == "2026-01-01T00:00:00.250+00:00 WARNING kerbauth.test: 3 of four\n"


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_entries_below_the_level_are_left_out(level: str, stream: io.StringIO) -> None:
    configure_logging(level, stream)
    for number in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
        logging.getLogger("kerbauth.test").log(number, "x")
    kept = {"debug": 4, "info": 3, "warning": 2, "error": 1}
    assert len(stream.getvalue().splitlines()) == kept[level]


def test_another_level_is_an_error() -> None:
    with pytest.raises(ValueError, match="LOUD"):
        configure_logging("loud", io.StringIO())


def test_the_default_is_standard_error(stream: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info")
    logging.getLogger("kerbauth.test").info("hello")
    assert capsys.readouterr().err.endswith("kerbauth.test: hello\n")


def test_configuring_again_replaces_what_was_there_and_nothing_else(stream: io.StringIO) -> None:
    others = io.StringIO()
    other = logging.StreamHandler(others)
    logging.getLogger().addHandler(other)
    again = io.StringIO()
    configure_logging("info", stream)
    configure_logging("info", again)
    logging.getLogger("kerbauth.test").info("hello")
    assert stream.getvalue() == ""
    assert again.getvalue().count("hello") == 1
    assert others.getvalue() == "hello\n"


def test_a_traceback_stays_on_the_line(stream: io.StringIO) -> None:
    configure_logging("info", stream)
    try:
        int("two\nlines")
    except ValueError:
        logging.getLogger("kerbauth.test").exception("it failed")
    (line,) = stream.getvalue().splitlines()
    assert r"kerbauth.test: it failed\nTraceback (most recent call last):\n" in line
    assert line.endswith(r"ValueError: invalid literal for int() with base 10: 'two\nlines'")


@pytest.mark.parametrize(
    "disturbing", [c for c in map(chr, range(0x110000)) if (is_control(c) and ord(c) < 0x3000) or ord(c) in {0xD800, 0xFEFF}]
)
def test_control_characters_become_escapes(disturbing: str) -> None:
    entry = logging.LogRecord("kerbauth", logging.INFO, "", 0, "a%sb", (disturbing,), None)
    line = OneLineFormatter().format(entry)
    assert line.endswith(f": a{disturbing.encode('unicode_escape').decode()}b")
    assert line.isprintable()


def test_other_scripts_stay_readable() -> None:
    entry = logging.LogRecord("kerbauth", logging.INFO, "", 0, "Zo\u00eb \u540d\u524d\x07", (), None)
    assert OneLineFormatter().format(entry).endswith(": Zo\u00eb \u540d\u524d\\x07")


def test_a_grant_is_one_line_with_who_where_and_how_long(stream: io.StringIO) -> None:
    line = observed(granted(), stream)
    assert line.partition("+00:00 ")[2] == (
        "INFO kerbauth.login: granted correlation_id=0123456789abcdef door=http peer=192.0.2.7 client=gax realm=CORP.EXAMPLE "
        "principal=alice@CORP.EXAMPLE user=alice application=desktop ms=13.8"
    )


def test_a_refusal_has_its_reason_stage_and_codes(stream: io.StringIO) -> None:
    line = observed(refused(), stream)
    assert "INFO kerbauth.login: refused" in line
    assert line.endswith(
        "principal=alice@CORP.EXAMPLE application=desktop reason=bad-credentials stage=as codes=krb5:-1765328360 ms=13.8 "
        'diagnostic="Preauthentication failed"'
    )


def test_a_change_of_a_password_says_that_it_is_one(stream: io.StringIO) -> None:
    assert " INFO kerbauth.login: password change: changed correlation_id=" in observed(changed(), stream)


def test_could_not_find_out_is_a_warning(stream: io.StringIO) -> None:
    assert " WARNING kerbauth.login: unavailable " in observed(unavailable(alarm=False), stream)


def test_an_alarm_is_critical_and_says_so(stream: io.StringIO) -> None:
    assert " CRITICAL kerbauth.login: ALARM unavailable " in observed(unavailable(), stream)


@pytest.mark.parametrize(
    "name",
    ["a b", "a user=root", 'a" user="root', "a\nb", "a=b", "\u202ea", "-", "a\u00a0b", "{}", "%s", "\\"],
)
def test_a_hostile_name_stays_one_field_of_one_line(name: str, stream: io.StringIO) -> None:
    line = observed(granted(user=name), stream)
    fields = dict(re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|\S+)', line))
    assert list(fields) == ["correlation_id", "door", "peer", "client", "realm", "principal", "user", "application", "ms"]
    user = fields["user"]
    assert (json.loads(user) if user.startswith('"') else user) == name


@given(record=RECORDS)
def test_any_record_is_one_printable_line(record: AuditRecord) -> None:
    stream = io.StringIO()
    logger = logging.getLogger("kerbauth.login")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(OneLineFormatter())
    logger.addHandler(handler)
    before = logger.level
    logger.setLevel("INFO")
    try:
        LoginLog().observe(record)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
    assert stream.getvalue().endswith("\n")
    assert len(stream.getvalue().splitlines()) == 1
    assert not any(map(is_control, stream.getvalue()[:-1]))


def test_an_attempt_of_which_little_is_known_is_a_line_too(stream: io.StringIO) -> None:
    line = observed(AuditRecord("", Origin("1", Door.SPNEGO), "refused", None, None), stream)
    assert line.endswith("kerbauth.login: refused correlation_id=1 door=spnego ms=0.0")


def entries(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_another_form_is_an_error() -> None:
    with pytest.raises(ValueError, match="xml"):
        configure_logging("info", io.StringIO(), form="xml")


def test_json_has_time_level_logger_and_message_in_this_order(stream: io.StringIO) -> None:
    configure_logging("info", stream, form="json")
    logger = logging.getLogger("kerbauth.test")
    entry = logger.makeRecord(logger.name, logging.WARNING, "", 0, "%d of %s", (3, "four"), None)
    entry.created = 1_767_225_600.25
    logger.handle(entry)
    assert stream.getvalue() == (
        '{"time": "2026-01-01T00:00:00.250+00:00", "level": "WARNING", "logger": "kerbauth.test", "message": "3 of four"}\n'
    )


def test_a_login_in_json_has_members_of_its_own(stream: io.StringIO) -> None:
    configure_logging("info", stream, form="json")
    LoginLog().observe(refused())
    (entry,) = entries(stream)
    entry.pop("time")
    assert entry == {
        "level": "INFO",
        "logger": "kerbauth.login",
        "message": "refused",
        "correlation_id": "0123456789abcdef",
        "door": "http",
        "peer": "192.0.2.7",
        "client": "gax",
        "realm": "CORP.EXAMPLE",
        "principal": "alice@CORP.EXAMPLE",
        "application": "desktop",
        "reason": "bad-credentials",
        "stage": "as",
        "codes": ["krb5:-1765328360"],
        "ms": 13.8,
        "diagnostic": "Preauthentication failed",
    }


def test_a_traceback_in_json_is_a_member(stream: io.StringIO) -> None:
    configure_logging("info", stream, form="json")
    try:
        int("two\nlines")
    except ValueError:
        logging.getLogger("kerbauth.test").exception("it failed")
    (entry,) = entries(stream)
    assert entry["message"] == "it failed"
    assert str(entry["exception"]).startswith("Traceback (most recent call last):\n")


def test_a_member_cannot_take_a_fixed_ones_place(stream: io.StringIO) -> None:
    configure_logging("info", stream, form="json")
    log_event(logging.getLogger("kerbauth.test"), logging.INFO, "hello", {"level": "CRITICAL", "message": "no", "own": 1})
    (entry,) = entries(stream)
    assert (entry["level"], entry["message"], entry["own"]) == ("INFO", "hello", 1)


@given(record=RECORDS)
def test_any_record_in_json_is_one_line_of_printable_ascii(record: AuditRecord) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("kerbauth.login")
    logger.addHandler(handler)
    before = logger.level
    logger.setLevel("INFO")
    try:
        LoginLog().observe(record)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
    line = stream.getvalue()
    assert line.endswith("\n")
    assert line[:-1].isascii()
    assert line[:-1].isprintable()
    assert json.loads(line).get("user", "") == (record.user or "")


@pytest.mark.parametrize("form", ["console", "json"])
async def test_lines_of_a_request_carry_its_correlation_id(form: str, stream: io.StringIO) -> None:
    configure_logging("info", stream, form=form)

    async def request(number: int) -> None:
        correlation.begin(f"request-{number}")
        await asyncio.sleep(0)
        logging.getLogger("kerbauth.test").info("hello %d", number)

    await asyncio.gather(*map(request, range(3)))
    logging.getLogger("kerbauth.test").info("outside")
    *inside, outside = stream.getvalue().splitlines()
    assert len(inside) == 3
    for number, line in enumerate(inside):
        assert f"hello {number}" in line
        assert f"request-{number}" in line
    assert "request-" not in outside


async def test_the_correlation_id_is_not_said_twice(stream: io.StringIO) -> None:
    correlation.begin("0123456789abcdef")
    assert observed(granted(), stream).count("0123456789abcdef") == 1


def test_libraries_speak_from_warning_on_even_at_debug(stream: io.StringIO) -> None:
    configure_logging("debug", stream)
    for name in ("asyncio", "aiohttp.server", "urllib3.connectionpool"):
        logging.getLogger(name).info("using selector")
        logging.getLogger(name).warning("something is wrong")
    logging.getLogger("kerbauth.test").debug("ours")
    assert stream.getvalue().count("using selector") == 0
    assert stream.getvalue().count("something is wrong") == 3
    assert stream.getvalue().count("ours") == 1


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_flood_of_one_kind_is_cut_off_and_others_are_not(form: str, stream: io.StringIO) -> None:
    configure_logging("info", stream, form=form)
    for number in range(1000):
        logging.getLogger("kerbauth.test").warning("%d: not understood", number)
    logging.getLogger("kerbauth.test").warning("another")
    assert stream.getvalue().count("not understood") == 60
    assert stream.getvalue().count("another") == 1


def test_what_was_left_out_is_told_when_the_minute_is_over(stream: io.StringIO) -> None:
    configure_logging("info", stream, form="json")
    (handler,) = [each for each in logging.getLogger().handlers if hasattr(each, "_flood")]
    handler._flood.seconds = 0.0  # the minute is over at once
    handler._flood._limit = 0
    for _ in range(2):
        logging.getLogger("kerbauth.test").warning("%s: not understood", "x")
    (entry,) = entries(stream)
    assert entry["logger"] == "kerbauth.test"
    assert entry["message"] == "1 more lines like this were left out within 0 seconds"
    assert (entry["left_out"], entry["template"]) == (1, "%s: not understood")


def test_logins_and_alarms_are_never_left_out(stream: io.StringIO) -> None:
    configure_logging("info", stream)
    for _ in range(200):
        LoginLog().observe(refused())
        logging.getLogger("kerbauth.alarm").critical("ALARM")
    assert len(stream.getvalue().splitlines()) == 400


START = {
    "doors": ["http://127.0.0.1:8080"],
    "workers": 2,
    "realms": {"A.EXAMPLE": "mit", "B.EXAMPLE": "mit"},
    "permissions": "static",
    "libraries": {"gssapi": "1.12", "libkrb5": "1.20.1"},
    "warnings": ["server.insecure_http = true: unsafe", "the keytab is old"],
}


def test_a_start_is_one_line_with_all_that_runs_and_one_more_for_each_warning(stream: io.StringIO) -> None:
    configure_logging("info", stream)
    announce(logging.getLogger("kerbauth"), "0.1.0", **START)  # type: ignore[arg-type]  # keyword arguments of several types
    first, *others = [line.partition("+00:00 ")[2] for line in stream.getvalue().splitlines()]
    assert first == (
        "INFO kerbauth: kerbauth 0.1.0 on http://127.0.0.1:8080; workers: 2; realms: A.EXAMPLE (mit), B.EXAMPLE (mit); "
        "permissions: static; gssapi 1.12, libkrb5 1.20.1; unsafe: server.insecure_http = true: unsafe; unsafe: the keytab is old"
    )
    assert others == ["WARNING kerbauth: server.insecure_http = true: unsafe", "WARNING kerbauth: the keytab is old"]


def test_a_start_in_json_has_its_parts_as_members(stream: io.StringIO) -> None:
    configure_logging("info", stream, form="json")
    announce(logging.getLogger("kerbauth"), "0.1.0", **START)  # type: ignore[arg-type]  # keyword arguments of several types
    first, *_ = entries(stream)
    assert {name: first[name] for name in START} == START
    assert (first["message"], first["version"]) == ("kerbauth 0.1.0 starts", "0.1.0")


def test_anchors_of_the_audit_are_never_left_out(stream: io.StringIO) -> None:
    configure_logging("info", stream)
    for number in range(1000):
        logging.getLogger(ANCHOR_LOGGER).info("audit anchor seq=%d mac=%s", number, "ab" * 32)
    assert len(stream.getvalue().splitlines()) == 1000
