import json

from kerbauth.core.audit import AuditRecord, Door, Origin
from kerbauth.core.codes.catalogue import krb_error
from kerbauth.core.codes.model import Stage
from kerbauth.core.reasons import Reason

ORIGIN = Origin("0123456789abcdef", Door.HTTP, "127.0.0.1", "gax")


def test_a_refusal_is_written_with_reason_stage_and_codes() -> None:
    record = AuditRecord(
        "2026-01-01T00:00:00.000+00:00", ORIGIN, "refused", Reason.BAD_CREDENTIALS, Stage.AS, codes=(krb_error(24),),
        durations={"as": 5.12345},
    )  # fmt: skip
    written = json.loads(json.dumps(record.as_json()))
    assert (written["reason"], written["stage"], written["codes"]) == ("bad-credentials", "as", ["krb5:-1765328360"])
    assert written["duration_ms"] == {"as": 5.123}


def test_a_grant_has_every_field_and_no_reason() -> None:
    record = AuditRecord("2026-01-01T00:00:00.000+00:00", ORIGIN, "granted", None, None, user="alice")
    written = record.as_json()
    assert (written["verdict"], written["reason"], written["stage"]) == ("granted", None, None)
    assert set(written) >= {"time", "correlation_id", "door", "peer", "client", "principal", "realm", "user", "application"}
