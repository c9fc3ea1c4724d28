"""The private krb5.conf, rendered from the configured realms (krb5.conf(5)). The machine's own file is never read."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from kerbauth.kdc.realm import KerberosRealm

# The file format has no quoting for section names and values: what does not fit these cannot be written safely.
_REALM: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_KDC: Final = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9.])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")

_PATH: Final = re.compile(r"/[^\s{}#;=\"]*")

_LIBDEFAULTS: Final = (
    ("dns_lookup_realm", "false"),  # a realm comes from our own allow-list, never from DNS
    ("dns_uri_lookup", "false"),
    ("dns_canonicalize_hostname", "false"),  # our service principals are configured, not guessed from DNS
    ("rdns", "false"),
    ("qualify_shortname", '""'),
    ("canonicalize", "true"),  # the KDC's canonical client name decides (RFC 6806 section 5)
    (
        "udp_preference_limit",
        "1",
    ),  # TCP first: a UDP resend goes to the next KDC after 1 s, and both would count one wrong password
    (
        "permitted_enctypes",
        "aes256-cts-hmac-sha1-96 aes128-cts-hmac-sha1-96 aes256-cts-hmac-sha384-192 aes128-cts-hmac-sha256-128",
    ),
    ("noaddresses", "true"),
    ("forwardable", "false"),
    ("proxiable", "false"),
    ("ticket_lifetime", "300"),  # seconds; the tickets of a login are used at once and dropped
    ("clockskew", "300"),
    ("verify_ap_req_nofail", "true"),  # without it krb5_verify_init_creds calls a missing keytab a success
    # Every libkrb5 message ends in its signed com_err code. SPNEGO's mechglue renumbers minor codes (util_errmap.c), the message keeps it.
    ("err_fmt", "%M [krb5:%C]"),
)


# Nobody listens here (tcpmux, RFC 1078, is long gone): a primary KDC that refuses at once, so that the first KDC's error stands.
_NO_PRIMARY: Final = "127.0.0.1:1"


def render(realms: Sequence[KerberosRealm], default: str | None = None, plugins: Path | None = None) -> str:
    """The text of a krb5.conf for exactly these realms.

    DNS is asked for KDCs only if a realm names none. A realm's KDCs are also named as its primary KDCs: libkrb5 asks a "primary" once
    more after a wrong password (lib/krb5/krb/gic_pwd.c), which would count it twice, unless the KDC that answered is one already.
    A realm found by DNS gets a primary KDC that is not there, for the same end. `plugins` becomes plugin_base_dir (krb5.conf(5)).
    Raises ValueError for a realm or KDC name that the format cannot hold.
    """
    find_by_dns = any(not realm.kdcs for realm in realms)
    lines = ["[libdefaults]"]
    if default is not None:
        lines.append(f"    default_realm = {_checked(_REALM, default, 'realm name')}")
    lines += [f"    {key} = {value}" for key, value in (("dns_lookup_kdc", str(find_by_dns).lower()), *_LIBDEFAULTS)]
    if plugins is not None:
        lines.append(f"    plugin_base_dir = {_checked(_PATH, str(plugins), 'folder')}")
    lines += ["", "[realms]"]
    for realm in realms:
        lines.append(f"    {_checked(_REALM, realm.name, 'realm name')} = {{")
        for kdc in realm.kdcs:
            address = _checked(_KDC, kdc, "KDC address")
            lines += [f"        kdc = {address}", f"        primary_kdc = {address}"]
        if not realm.kdcs:
            lines.append(f"        primary_kdc = {_NO_PRIMARY}")
        lines.append("    }")
    return "\n".join(lines) + "\n"


def _checked(pattern: re.Pattern[str], text: str, what: str) -> str:
    if not pattern.fullmatch(text):
        msg = f"{text!r} is no {what} that a krb5.conf can hold"
        raise ValueError(msg)
    return text
