"""The running service with TLS of its own."""

import http.client
import os
import re
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from cryptography.x509 import DNSName, load_der_x509_certificate

from kerbauth.demo.principals import User
from tests.certificates import DAY, Authority, key_pem
from tests.integration.conftest import CANARY, entry
from tests.integration.kdc import LabRealm, curl
from tests.integration.service import RunningService, Setup

Start = Callable[..., RunningService]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def user(realm: LabRealm) -> str:
    realm.add(User("encrypted", CANARY))
    return "encrypted"


def setup(realm: LabRealm, server: str) -> Setup:
    return Setup((entry(realm, settings="default = true"),), server=server)


def test_a_login(realm: LabRealm, start: Start, authority: Authority, user: str) -> None:
    running = start(setup(realm, authority.issue("server").toml))
    running.trusted = str(authority.file)
    assert running.url.startswith("https://")
    reply = running.login(user, CANARY, None)
    assert (reply.status_code, reply.json()["user"]) == (200, user)
    assert reply.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_curl_with_a_ticket(realm: LabRealm, start: Start, authority: Authority, user: str, tmp_path: Path) -> None:
    running = start(setup(realm, authority.issue("server").toml))
    url = running.url.replace("127.0.0.1", "localhost")
    environment = realm.kinit(user, CANARY, tmp_path / "ccache")
    done = curl(environment, "--cacert", str(authority.file), "--negotiate", "-u", ":", f"{url}/v1/sso")
    assert f'"user":"{user}"' in done.stdout, done.stdout + done.stderr


def test_a_password_in_plain_http_is_not_answered_and_not_written_down(realm: LabRealm, start: Start, authority: Authority) -> None:
    running = start(setup(realm, f'log_level = "debug"\n{authority.issue("server").toml}'))
    body = '{"username":"a","password":"' + CANARY + '"}'
    plain = running.url.replace("https://", "http://")
    done = curl(dict(os.environ), plain + "/v1/login", "--json", body)
    assert (done.returncode in {52, 56}, done.stdout) == (True, ""), done.stderr  # curl(1): no reply, or the connection was reset
    running.trusted = str(authority.file)
    assert running.login("nobody", CANARY, None).status_code == 401  # the service goes on
    assert CANARY not in running.log()
    assert len(running.audit()) == 1


def test_without_a_client_certificate_nobody_is_turned_away_at_the_handshake(
    realm: LabRealm, start: Start, authority: Authority, user: str
) -> None:
    pair = authority.issue("server")
    running = start(setup(realm, f'{pair.toml}\nclient_ca = "{authority.file}"'))
    running.trusted = str(authority.file)
    assert running.login(user, CANARY, None).status_code == 200
    running.session.cert = authority.issue("client").files
    assert running.login(user, CANARY, None).status_code == 200


def test_a_client_is_known_by_its_certificate(realm: LabRealm, start: Start, authority: Authority, user: str) -> None:
    server = f'{authority.issue("server").toml}\nclient_ca = "{authority.file}"\nrequire_client = true'
    extra = '[clients."gax"]\ncertificate = "gax.corp.example"\ndisclosure = "full"'
    running = start(Setup((entry(realm, settings="default = true"),), server=server, extra=extra))
    running.trusted = str(authority.file)
    named = {name: authority.issue(name, names=(DNSName(f"{name}.corp.example"),)).files for name in ("gax", "other")}
    answers = {}
    for name, files in ({"none": None} | named).items():
        with requests.Session() as running.session:
            running.session.cert = files
            reply = running.login(user, CANARY, None, token=None)
        answers[name] = reply.status_code, reply.json().get("reason"), running.audited(reply)["client"]
    assert answers["gax"] == (200, None, "gax")
    assert answers["none"] == answers["other"] == (401, "client-not-allowed", None)


def test_an_expired_certificate_is_said_at_the_start_and_does_not_stop_it(realm: LabRealm, start: Start, authority: Authority) -> None:
    running = start(setup(realm, authority.issue("expired", time=(-2 * DAY, -DAY)).toml))
    assert re.search(r"the certificate ended on \d{4}-\d\d-\d\d \d\d:\d\d UTC, and clients refuse it", running.log())


def test_certificates_that_cannot_be_used_stop_the_start_with_every_problem(realm: LabRealm, authority: Authority, tmp_path: Path) -> None:
    pair, other = authority.issue("server"), authority.issue("other")
    written = f'tls_certificate = "{pair.certificate_file}"\ntls_key = "{other.key_file}"\nclient_ca = "none.pem"'
    config = setup(realm, written).write(tmp_path)
    for command in (["serve"], ["config", "check"]):
        done = subprocess.run(
            [sys.executable, "-m", "kerbauth", *command, "--config", str(config)], capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 2
        assert "server.tls_key" in done.stderr + done.stdout
        assert "server.client_ca" in done.stderr + done.stdout
        assert key_pem(other.key).decode().splitlines()[1] not in done.stderr + done.stdout


def serial_shown(running: RunningService, authority: Authority) -> int:
    """The serial number of the certificate that a new connection is shown."""
    context = ssl.create_default_context(cafile=str(authority.file))
    host, port = running.url.removeprefix("https://").split(":")
    with socket.create_connection((host, int(port)), 10) as plain, context.wrap_socket(plain, server_hostname=host) as tls:
        shown = tls.getpeercert(binary_form=True)
    assert shown is not None
    return load_der_x509_certificate(shown).serial_number


def test_a_renewed_certificate_is_taken_up_by_every_worker_and_closes_nothing(
    realm: LabRealm, start: Start, authority: Authority, user: str
) -> None:
    old = authority.issue("renewed")
    running = start(setup(realm, f"{old.toml}\nworkers = 2"))
    running.trusted = str(authority.file)
    host, port = running.url.removeprefix("https://").split(":")
    kept = http.client.HTTPSConnection(host, int(port), context=ssl.create_default_context(cafile=str(authority.file)), timeout=10)
    kept.request("GET", "/healthz")
    kept.getresponse().read()
    connection = kept.sock
    new = authority.issue("renewed")
    assert str(new.certificate_file) in running.reload()
    assert {serial_shown(running, authority) for _ in range(12)} == {new.certificate.serial_number}
    kept.request("GET", "/healthz")
    assert (kept.getresponse().status, kept.sock) == (200, connection), "the open connection goes on"
    kept.close()
    assert running.login(user, CANARY, None).status_code == 200


def test_a_certificate_whose_key_is_anothers_changes_nothing(realm: LabRealm, start: Start, authority: Authority, user: str) -> None:
    good = authority.issue("mismatched")
    running = start(setup(realm, good.toml))
    running.trusted = str(authority.file)
    good.key_file.write_bytes(key_pem(authority.issue("somebody-elses").key))
    assert "refused" in running.reload()
    assert serial_shown(running, authority) == good.certificate.serial_number
    assert running.login(user, CANARY, None).status_code == 200
