"""The JSON documents of the interface, as JSON Schemas (2020-12) for the OpenAPI document."""

from typing import Any, Final

from kerbauth.core import names
from kerbauth.core.kdc_state import Standing
from kerbauth.core.outcome import Severity
from kerbauth.core.reason_table import REASONS
from kerbauth.core.reasons import Kind, Reason
from kerbauth.web.wire import NAME_LIMIT

Schema = dict[str, Any]

NO_CONTROLS: Final = r"^[^\u0000-\u001f\u007f-\u009f]*$"
"""What a name holds, as far as a pattern that every reader understands can say it; the service refuses formatting characters, too."""

OUTSIDE_THE_TABLE: Final = {404: Reason.MALFORMED_REQUEST, 405: Reason.MALFORMED_REQUEST}
"""Statuses that say something of the address, not of a login, with the reason they carry."""


def reasons_at(status: int) -> list[str]:
    """The reasons a problem document of this status can carry."""
    if status in OUTSIDE_THE_TABLE:
        return [OUTSIDE_THE_TABLE[status].value]
    return [info.reason.value for info in REASONS.values() if info.kind is not Kind.WARNING and status in info.statuses]


def problem_at(status: int) -> Schema:
    """The schema of a problem document with this status."""
    narrowed = {"status": {"const": status}, "reason": {"enum": reasons_at(status)}}
    return {"allOf": [ref("Problem"), {"properties": narrowed}]}


def ref(name: str) -> Schema:
    """A reference to one of the schemas below."""
    return {"$ref": f"#/components/schemas/{name}"}


def schemas() -> dict[str, Schema]:
    """Every named schema."""
    return {
        "LoginRequest": _object(
            {
                "username": _USERNAME,
                "password": _PASSWORD,
                "application": {**_NAME, "description": "The Genesys Application object the user wants to log in to."},
                "tenant": {**_NAME, "description": "The tenant, where the permission source knows several."},
            },
            optional=("application", "tenant"),
        ),
        "Granted": _object(
            {
                "verdict": {"const": "granted"},
                "user": {**_TEXT, "description": "The Genesys User Name."},
                "principal": {**_TEXT, "description": "What the KDC vouched for."},
                "realm": _TEXT,
                "application": {
                    "oneOf": [ref("Application"), {"type": "null"}],
                    "description": "null where no permission question was asked.",
                },
                "messages": {"type": "array", "items": ref("Message")},
                "correlation_id": _CORRELATION_ID,
            }
        ),
        "PasswordChange": _object(
            {
                "username": _USERNAME,
                "old_password": {**_PASSWORD, "description": f"The password of now. {_PASSWORD['description']}"},
                "new_password": {**_PASSWORD, "description": f"Another one. {_PASSWORD['description']}"},
            }
        ),
        "Changed": _object(
            {
                "changed": {"const": True},
                "principal": {**_TEXT, "description": "Whose password was changed."},
                "messages": {"type": "array", "items": ref("Message")},
                "correlation_id": _CORRELATION_ID,
            }
        ),
        "Application": _object(
            {
                "name": _TEXT,
                "type": {"type": ["string", "null"]},
                "permissions": {"type": "array", "items": _TEXT},
            }
        ),
        "Message": _object(
            {
                "severity": {"enum": [severity.value for severity in Severity]},
                "reason": ref("Reason"),
                "text": {**_TEXT, "description": "For a person, in the language of Content-Language."},
            }
        ),
        "Reason": {"type": "string", "enum": [reason.value for reason in Reason], "description": "A closed list."},
        "Problem": _problem(),
        "Health": _object({"status": {"const": "ok"}}),
        "Kdc": _kdc(),
        "Readiness": _readiness(),
    }


def _kdc() -> Schema:
    return _object(
        {
            "kdc": {**_TEXT, "description": "As it is configured or as DNS names it."},
            "address": _TEXT,
            "standing": {"enum": [standing.value for standing in Standing]},
            "active": {"type": "boolean", "description": "Whether it is asked first."},
            "latency_seconds": {"type": ["number", "null"], "description": "A moving average; null before its first answer."},
            "clock_offset_seconds": {"type": ["number", "null"], "description": "Its clock minus ours, as it was told last."},
            "last_answer": {"type": ["string", "null"], "format": "date-time"},
            "since": {"type": "string", "format": "date-time", "description": "When the present standing began."},
            "detail": {"type": "string", "description": "Why it does not answer."},
        }
    )


def _readiness() -> Schema:
    return _object(
        {
            "ready": {"type": "boolean"},
            "realms": {
                "type": "array",
                "items": _object(
                    {
                        "realm": _TEXT,
                        "ready": {"type": "boolean"},
                        "problem": {"type": "string"},
                        "kdcs": {"type": "array", "items": ref("Kdc"), "description": "As the worker that answers knows them."},
                    }
                ),
                "description": "Empty if their state was not known in time.",
            },
            "permissions": _object({"ready": {"type": "boolean"}, "problem": {"type": "string"}}),
        }
    )


def _problem() -> Schema:
    return {
        **_object(
            {
                "type": {"type": "string", "pattern": "^urn:kerbauth:reason:[a-z-]+$"},
                "title": _TEXT,
                "status": {"type": "integer", "minimum": 400, "maximum": 599},
                "detail": {**_TEXT, "description": "The message for the user."},
                "verdict": {"enum": ["refused", "unavailable"]},
                "reason": ref("Reason"),
                "retryable": {"type": "boolean", "description": "Whether the same request may succeed later."},
                "messages": {
                    "type": "array",
                    "items": ref("Message"),
                    "minItems": 1,
                    "description": "First the detail again, with severity error; then whatever else there is to say.",
                },
                "correlation_id": _CORRELATION_ID,
                "place": {
                    "type": "string",
                    "minLength": 1,
                    "description": "What was not understood: a JSON pointer into the body, ?parameter, or a header's name.",
                },
            },
            optional=("place",),
        ),
        "description": "RFC 9457.",
    }


_TEXT: Final[Schema] = {"type": "string", "minLength": 1}
_USERNAME: Final[Schema] = {
    **_TEXT,
    "maxLength": names.NAME_LIMIT,
    "description": "As typed: alice, alice@realm, DOMAIN\\alice or alice@REALM.",
}
_PASSWORD: Final[Schema] = {
    **_TEXT,
    "maxLength": names.PASSWORD_LIMIT,
    "format": "password",
    "writeOnly": True,
    "description": f"At most {names.PASSWORD_LIMIT} bytes in UTF-8, and no NUL.",
}
_NAME: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": NAME_LIMIT, "pattern": NO_CONTROLS}
_CORRELATION_ID: Final[Schema] = {"type": "string", "pattern": "^[A-Za-z0-9._-]{8,64}$"}


def _object(properties: dict[str, Schema], optional: tuple[str, ...] = ()) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }
