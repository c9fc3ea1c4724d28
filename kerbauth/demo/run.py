"""`kerbauth demo`: a throw-away realm, sample data and the service, in the foreground; nothing is left at the end."""

import secrets
import signal
from collections.abc import Callable
from pathlib import Path

from kerbauth import service
from kerbauth.assembly import configure_logging
from kerbauth.demo import data
from kerbauth.demo.principals import RealmDescription
from kerbauth.demo.realm import ThrowawayRealm
from kerbauth.service import Source


def run(port: int, show: Callable[[str], None]) -> None:
    """Run the demonstration until SIGINT or SIGTERM. `show` is given what to try.

    Raises RealmError if no KDC can be started here, StartError if the port is taken, NoWorkerError if the service ends by itself.
    """
    description = RealmDescription(data.REALM, tuple(exhibit.user for exhibit in data.EXHIBITS), data.SERVICES, kpasswd=True)
    # SIGTERM while the realm is being made must also remove it: as an exception it passes through the context manager.
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
    with ThrowawayRealm(description) as realm:
        token = secrets.token_urlsafe(32)
        source = Source(_write(realm, port, token), {})
        settings = source.load()
        configure_logging(settings.server.log_level)
        service.run(source, settings, ready=lambda url: show(_instructions(realm, url, token)))


def _write(realm: ThrowawayRealm, port: int, token: str) -> Path:
    """Write the configuration and what it names into the realm's folder."""
    folder = realm.folder
    (folder / "permissions.toml").write_text(data.permission_file(), encoding="utf-8")
    token_file = folder / "trusted.token"
    token_file.touch(mode=0o600)
    token_file.write_text(token + "\n", encoding="ascii")
    config = folder / "kerbauth.toml"
    keytab = realm.keytab(data.SERVICE)
    config.write_text(data.configuration(f"127.0.0.1:{port}", realm.kdc, str(keytab), realm.kpasswd), encoding="utf-8")
    return config


def _instructions(realm: ThrowawayRealm, url: str, token: str) -> str:
    address = url.replace("127.0.0.1", "localhost")
    lines = [
        f"kerbauth runs at {address}; realm {realm.name}, KDC {realm.kdc}.",
        f"Every user's password is {data.PASSWORD}",
        f"Configuration, permission file, audit and KDC log: {realm.folder}",
        "",
        "One login per state, as a trusted client that is told the exact reason:",
    ]
    for exhibit in data.EXHIBITS:
        lines += [
            "",
            f"# {exhibit.name}: {exhibit.about} -> {exhibit.reason or 'granted'}",
            _curl(address, exhibit.name, data.PASSWORD, token),
        ]
    lines += [
        "",
        "The same two failures, as a stranger: what tells accounts apart is not told, so both read alike:",
        "",
        "# dora: disabled in Kerberos",
        _curl(address, "dora", data.PASSWORD),
        "",
        "# alice with a wrong password",
        _curl(address, "alice", "wrong"),
        "",
        "A password that has expired, or must be changed, can be changed; then mike is let in with the new one:",
        "",
        _curl_change(address, "mike", data.PASSWORD, data.NEW_PASSWORD, token),
        "",
        "Single sign-on, with a ticket instead of a password (kinit asks for it; type the one above):",
        "",
        f"export KRB5_CONFIG={realm.client_config}",
        "kinit alice",
        f"curl --negotiate -u : '{address}/v1/sso?application={data.APPLICATION}'",
        "",
        "Ctrl-C stops everything and removes it.",
    ]
    return "\n".join(lines)


def _curl(address: str, user: str, password: str, token: str | None = None) -> str:
    header = f"-H 'Authorization: Bearer {token}' " if token else ""
    body = f'{{"username":"{user}","password":"{password}","application":"{data.APPLICATION}"}}'
    return f"curl {address}/v1/login {header}--json '{body}'"


def _curl_change(address: str, user: str, old: str, new: str, token: str) -> str:
    body = f'{{"username":"{user}","old_password":"{old}","new_password":"{new}"}}'
    return f"curl {address}/v1/password -H 'Authorization: Bearer {token}' --json '{body}'"
