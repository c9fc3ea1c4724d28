"""Runs the logins of tests/scripts over the running service and a real KDC."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import CANARY
from tests.integration.kdc import LabRealm
from tests.integration.service import RunningService

SCRIPTS = sorted((Path(__file__).parents[1] / "scripts").glob("*.toml"))
KIND_OF = {  # what a script asks for, and the pool of users that has it
    (None, None, None, "granted"): "good",
    (None, None, None, "no-grant"): "nogrant",
    (None, None, None, "unknown"): "ghost",
    (None, None, None, "disabled"): "disabled",
    ("+needchange", None, None, "granted"): "mustchange",
    ("-allow_tix", None, None, "granted"): "revoked",
    (None, "yesterday", None, "granted"): "expired",
    (None, "3 days", None, "granted"): "soon",
    (None, None, "yesterday", "granted"): "gone",
}


def kind_of(user: dict[str, Any]) -> str:
    if "name" in user:
        return str(user["name"])
    attributes = user.get("attributes", [None])
    return KIND_OF[(attributes[0], user.get("password_expires"), user.get("expires"), user.get("genesys", "granted"))]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_login(path: Path, service: RunningService, realm: LabRealm, fresh: Any) -> None:
    script = tomllib.loads(path.read_text())
    login, expected = script["login"], script["expect"]
    user = fresh(kind_of(script["user"])) if "user" in script else ""
    right = script.get("user", {}).get("password")
    username = login["username"].replace("{user}", user).replace("{realm}", realm.name)
    password = CANARY if right and login["password"] == right else login["password"]
    before = realm.mark()
    reply = service.login(username, password, login.get("application", "desktop"))
    body = reply.json()
    assert (reply.status_code, body["verdict"], body.get("reason")) == (expected["status"], expected["verdict"], expected.get("reason"))
    assert service.audited(reply)["reason"] == expected.get("reason")
    if expected.get("kdc_requests") is False:
        assert realm.requests(before) == []
    if "failed_password_checks" in expected:
        assert realm.failed_password_checks(before, user) == expected["failed_password_checks"]
    if "stranger" in expected:
        stranger = service.login(username, password, login.get("application", "desktop"), token=None)
        assert stranger.json()["reason"] == expected["stranger"]
