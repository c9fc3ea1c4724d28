"""The interface as an OpenAPI 3.1 document, built from the same tables that the replies are built from."""

from typing import Any, Final

from kerbauth import __version__
from kerbauth.web.reply import JSON, PROBLEM, RETRY_AFTER
from kerbauth.web.schemas import NO_CONTROLS, Schema, problem_at, ref, schemas
from kerbauth.web.wire import NAME_LIMIT

WHEN: Final = {
    400: "The request was not understood.",
    401: "Refused: the credentials, the account, the ticket, or the caller's token.",
    403: "Refused: the identity is proved, but the user may not enter, or the caller may not ask for this.",
    404: "There is nothing at this address.",
    405: "This address does not take this method; Allow names the ones it takes.",
    413: "The body is larger than 64 kB.",
    415: "The body is not application/json in UTF-8, or it is compressed.",
    422: "A member or parameter is missing, unknown or wrong.",
    429: "Too many attempts; see Retry-After.",
    431: "A header field is larger than 128 kB.",
    500: "An unforeseen error.",
    503: "We could not find out, or could not do it: neither a grant nor a refusal. See Retry-After.",
}
"""Every status of a problem document, and when it is the answer. 404 belongs to no path."""

_ALWAYS: Final = (400, 405, 431, 500, 503)
_TEXT: Final = {"type": "string"}
_TRACE: Final = {"$ref": "#/components/parameters/traceparent"}


def document() -> dict[str, Any]:
    """The OpenAPI document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "kerbauth",
            "version": __version__,
            "summary": "External authentication for Genesys applications against a Kerberos KDC.",
            "description": "Every reply carries X-Correlation-ID. Accept-Language picks the language of texts. "
            "Every path that takes GET also takes HEAD.",
        },
        "paths": {
            "/v1/login": {"post": _with_body("login", "Log in with a user name and a password.", "LoginRequest", "Granted", "Granted.")},
            "/v1/password": {"post": _with_body("password", "Change a password.", "PasswordChange", "Changed", "It is changed.")},
            "/v1/sso": {"get": _sso("ssoGet"), "post": _sso("ssoPost")},
            "/healthz": {"get": _operation("healthz", "The process lives.", _ok({JSON: ref("Health")}, "It lives."))},
            "/readyz": {"get": _readyz()},
            "/metrics": {"get": _operators("metrics", "Counters and histograms.", _ok({"text/plain": _TEXT}, "Prometheus text format."))},
            "/openapi.json": {"get": _operation("openapi", "This document.", _ok({JSON: {"type": "object"}}, "The OpenAPI document."))},
            "/docs": {
                "get": _operators(
                    "docs", "This document, readable.", _ok({"text/html": _TEXT}, "One page, in English.", "Content-Language")
                )
            },
        },
        "components": {
            "schemas": schemas(),
            "headers": _headers(),
            "parameters": _parameters(),
            "securitySchemes": _security_schemes(),
        },
    }


def _with_body(operation_id: str, summary: str, takes: str, gives: str, when: str) -> Schema:
    """An operation that takes a JSON body with a password in it."""
    return {
        "operationId": operation_id,
        "summary": summary,
        "parameters": [*_common_parameters(), _TRACE],
        "requestBody": {"required": True, "content": {JSON: {"schema": ref(takes)}}},
        "security": [{}, {"clientBearer": []}, {"clientToken": []}],
        "responses": {
            **_ok({JSON: ref(gives)}, when, "Content-Language", "Vary"),
            **_problems(400, 401, 403, 405, 413, 415, 422, 429, 431, 500, 503),
        },
    }


def _sso(operation_id: str) -> Schema:
    return {
        "operationId": operation_id,
        "summary": "Log in with a Kerberos ticket (SPNEGO, RFC 4559); without one, 401 and a Negotiate challenge.",
        "parameters": [*_common_parameters(), _TRACE, _query("application"), _query("tenant")],
        "security": [{}, {"negotiate": []}, {"negotiate": [], "clientToken": []}],
        "responses": {
            **_ok({JSON: ref("Granted")}, "Granted.", "Content-Language", "Vary", "WWW-Authenticate"),
            **_problems(400, 401, 403, 405, 422, 429, 431, 500, 503),
        },
    }


def _readyz() -> Schema:
    readiness = {JSON: ref("Readiness")}
    operation = _operators(
        "readyz", "Whether logins can be answered, per realm and for the permission source.", _ok(readiness, "They can.")
    )
    not_ready = operation["responses"]["503"]  # a problem document where it did not come to the question
    not_ready["description"] = f"No realm works, or the permission source does not. Or: {not_ready['description']}"
    not_ready["content"][JSON] = {"schema": ref("Readiness")}
    return operation


def _operators(operation_id: str, summary: str, ok: Schema) -> Schema:
    """An operation for this machine and clients with `operations`."""
    operation = _operation(
        operation_id, f"{summary} For loopback peers and clients that may ask for it only; 404 here where it has a listener of its own.", ok
    )
    operation["security"] = [{}, {"clientBearer": []}, {"clientToken": []}]
    operation["responses"].update(_problems(403))
    return operation


def _operation(operation_id: str, summary: str, ok: Schema) -> Schema:
    return {
        "operationId": operation_id,
        "summary": summary,
        "parameters": _common_parameters(),
        "responses": {**ok, **_problems(*_ALWAYS)},
    }


def _problems(*statuses: int) -> Schema:
    return {
        str(status): {
            "description": WHEN[status],
            "headers": _reply_headers("Content-Language", "Vary", *_EXTRA_HEADERS.get(status, ())),
            "content": {PROBLEM: {"schema": problem_at(status)}},
        }
        for status in statuses
    }


_EXTRA_HEADERS: Final = {
    401: ("WWW-Authenticate",),
    403: ("WWW-Authenticate",),
    405: ("Allow",),
    415: ("Accept", "Accept-Encoding"),
    429: ("Retry-After", "WWW-Authenticate"),
    503: ("Retry-After", "WWW-Authenticate"),
}


def _ok(content: dict[str, Schema], description: str, *headers: str) -> Schema:
    """The reply of status 200."""
    return {
        "200": {
            "description": description,
            "headers": _reply_headers(*headers),
            "content": {media_type: {"schema": schema} for media_type, schema in content.items()},
        }
    }


def _reply_headers(*names: str) -> Schema:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Correlation-ID", *names)}


def _common_parameters() -> list[Schema]:
    return [{"$ref": f"#/components/parameters/{name}"} for name in ("Accept-Language", "X-Correlation-ID")]


def _headers() -> Schema:
    described = {
        "X-Correlation-ID": "One id per request: the caller's own if it is well-formed. The log and the audit record have it, too.",
        "Content-Language": "The language of the texts.",
        "Vary": "Accept-Language: the texts depend on it.",
        "WWW-Authenticate": "For /v1/sso a reply token (on any status) or a challenge; for /v1/login and /v1/password "
        "Bearer, where the caller's token is missing or wrong.",
        "Retry-After": f"Seconds until it is worth trying again: what the throttle says, else {RETRY_AFTER}.",
        "Allow": "The methods of this address.",
        "Accept": "The media type to use.",
        "Accept-Encoding": "The content coding to use.",
    }
    return {name: {"description": text, "schema": {"type": "string"}} for name, text in described.items()}


def _parameters() -> Schema:
    def header(name: str, text: str, schema: Schema) -> Schema:
        return {"name": name, "in": "header", "required": False, "description": text, "schema": schema}

    trace = "The trace your request belongs to (W3C Trace Context). Overlooked unless you are a registered client."
    own_id = "An id of your own: 8 to 64 of A-Z a-z 0-9 . _ -. Any other is replaced by a fresh one."
    return {
        "Accept-Language": header("Accept-Language", "The languages you can read (RFC 9110 12.5.4).", {"type": "string"}),
        "X-Correlation-ID": header("X-Correlation-ID", own_id, {"type": "string"}),
        "traceparent": header("traceparent", trace, {"type": "string"}),
    }


def _query(name: str) -> Schema:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "schema": {"type": "string", "minLength": 1, "maxLength": NAME_LIMIT, "pattern": NO_CONTROLS},
    }


def _security_schemes() -> Schema:
    return {
        "clientBearer": {"type": "http", "scheme": "bearer", "description": "A registered client's token."},
        "clientToken": {
            "type": "apiKey",
            "in": "header",
            "name": "X-Kerbauth-Client",
            "description": "A registered client's token, where Authorization is taken by Negotiate.",
        },
        "negotiate": {
            "type": "http",
            "scheme": "negotiate",
            "description": "A SPNEGO or raw Kerberos token in base64.",
        },
    }
