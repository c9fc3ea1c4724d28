"""The private krb5.conf (krb5.conf(5)). The machine's own file is never read.

It names no realm and no KDC, and lets nobody look for one: libkrb5 makes and reads messages, and has nobody to send them to. Every
principal is handed to it with its realm.
"""

import re
from pathlib import Path
from typing import Final

# The file format has no quoting for values: what does not fit this cannot be written safely.
_PATH: Final = re.compile(r"/[^\s{}#;=\"]*")

_LIBDEFAULTS: Final = (
    ("dns_lookup_kdc", "false"),
    ("dns_lookup_realm", "false"),  # a realm comes from our own allow-list, never from DNS
    ("dns_uri_lookup", "false"),
    ("dns_canonicalize_hostname", "false"),  # our service principals are configured, not guessed from DNS
    ("rdns", "false"),
    ("qualify_shortname", '""'),
    ("canonicalize", "true"),  # the KDC's canonical client name decides (RFC 6806 section 5)
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


def render(plugins: Path) -> str:
    """The text of the file. `plugins` becomes plugin_base_dir. Raises ValueError for a folder that the format cannot hold."""
    if not _PATH.fullmatch(str(plugins)):
        msg = f"{str(plugins)!r} is no folder that a krb5.conf can hold"
        raise ValueError(msg)
    lines = (f"    {key} = {value}" for key, value in (*_LIBDEFAULTS, ("plugin_base_dir", plugins)))
    return "\n".join(("[libdefaults]", *lines)) + "\n"
