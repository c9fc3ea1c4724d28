"""What a run of the tests must leave behind nowhere: passwords, keys and tickets, in every form in which something could write them."""

import base64
from collections.abc import Iterable, Iterator
from pathlib import Path

import krb5

_CCACHE, _KEYTAB = b"\x05\x04", b"\x05\x02"  # how a user's credential cache and a keytab begin: they hold tickets and keys by purpose
_WINDOW = 24  # bytes: a piece that long is there by no chance, and something that cuts what it logs may leave no more

made_tokens: list[bytes] = []
"""Every token that a test had made for a user."""


def keys_of(keytab: Path) -> list[bytes]:
    """The keys in a keytab."""
    return [bytes(entry.key.data) for entry in krb5.kt_resolve(krb5.init_context(), b"FILE:" + bytes(keytab))]


def written_forms(secret: bytes) -> Iterator[bytes]:
    """A secret as it is, in hexadecimal, and in base64 at each of the three places it can begin at."""
    yield secret
    yield secret.hex().encode()
    for before in range(3):
        text = base64.b64encode(bytes(before) + secret)
        yield text[4:-4]  # without what depends on the neighbours


def ticket_pieces(tokens: Iterable[bytes]) -> Iterator[bytes]:
    """From each token a piece of the ticket's encrypted part, as it is and in base64: what comes before it is the same for everybody."""
    for token in tokens:
        for start in (200, len(token) // 2, len(token) - 2 * _WINDOW):
            yield from written_forms(token[start : start + _WINDOW])


def found_in(places: Iterable[Path], secrets: Iterable[bytes], *, also_client_files: bool = False) -> list[str]:
    """The files that hold one of the secrets."""
    wanted = [secret for secret in set(secrets) if len(secret) >= 12]
    told = []
    for place in places:
        if place.is_file() and not place.is_symlink():
            content = place.read_bytes()
            if (also_client_files or not content.startswith((_CCACHE, _KEYTAB))) and any(secret in content for secret in wanted):
                told.append(str(place))
    return told
