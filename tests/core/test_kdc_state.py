"""What is known of a KDC, as JSON has it."""

import json
from datetime import UTC, datetime

from kerbauth.core.kdc_state import KdcState, Standing

SINCE = datetime(2026, 1, 1, 12, 0, 0, 250_999, tzinfo=UTC)


def test_a_kdc_that_never_answered_has_neither_latency_nor_clock() -> None:
    state = KdcState("KA.TEST", "kdc1.ka.test", "192.0.2.1:88", Standing.SILENT, False, None, None, None, SINCE, "no answer")
    assert state.as_json() == {
        "kdc": "kdc1.ka.test",
        "address": "192.0.2.1:88",
        "standing": "silent",
        "active": False,
        "latency_seconds": None,
        "clock_offset_seconds": None,
        "last_answer": None,
        "since": "2026-01-01T12:00:00.250+00:00",
        "detail": "no answer",
    }


def test_what_is_measured_is_told_to_the_microsecond() -> None:
    state = KdcState("KA.TEST", "kdc1", "192.0.2.1:88", Standing.ANSWERS, True, 0.00123456, -12.34567891, SINCE, SINCE)
    told = json.loads(json.dumps(state.as_json()))
    assert (told["latency_seconds"], told["clock_offset_seconds"], told["last_answer"]) == (0.001235, -12.345679, told["since"])
