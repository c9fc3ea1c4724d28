"""A KDC that issues what it is told to: an AS-REP at any time of any clock, with a ticket that is sealed with the service's own key."""

import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from cffi import FFI

from kerbauth.kdc.protocol.string_to_key import derived
from tests.kdc import wire
from tests.kdc.scripted import Behaviour, Exchange

_TICKET, _AS_REP_PART = 2, 3  # key usage numbers: RFC 4120 7.5.1
_FLAGS: Final = wire.tlv(3, b"\0\0\x60\0\0")
_ITERATIONS: Final = 4096

_DECLARATIONS: Final = """
typedef struct { int magic; unsigned int length; char *data; } krb5_data;
typedef struct { int magic; int enctype; unsigned int length; unsigned char *contents; } krb5_keyblock;
typedef struct { int magic; int enctype; unsigned int kvno; krb5_data ciphertext; } krb5_enc_data;
int krb5_init_context(void **);
void krb5_free_context(void *);
int krb5_c_encrypt(void *, krb5_keyblock *, int, void *, krb5_data *, krb5_enc_data *);
int krb5_c_encrypt_length(void *, int, size_t, size_t *);
"""


def sealed(key: bytes, usage: int, plain: bytes) -> bytes:
    """What libkrb5 makes of it with this AES-256 key."""
    ffi = FFI()
    ffi.cdef(_DECLARATIONS)
    lib: Any = ffi.dlopen("libkrb5.so.3")
    context, length = ffi.new("void **"), ffi.new("size_t *")
    assert lib.krb5_init_context(context) == 0
    assert lib.krb5_c_encrypt_length(context[0], wire.AES256, len(plain), length) == 0
    contents, content, out = ffi.new("unsigned char[]", key), ffi.new("char[]", plain), ffi.new("char[]", length[0])
    block = ffi.new("krb5_keyblock *", {"enctype": wire.AES256, "length": len(key), "contents": contents})
    given = ffi.new("krb5_data *", {"length": len(plain), "data": content})
    made = ffi.new("krb5_enc_data *", {"ciphertext": {"length": length[0], "data": out}})
    assert lib.krb5_c_encrypt(context[0], block, usage, ffi.NULL, given, made) == 0
    lib.krb5_free_context(context[0])
    return bytes(ffi.buffer(out, length[0]))


def _time(at: datetime) -> bytes:
    return wire.tlv(0x18, at.strftime("%Y%m%d%H%M%SZ").encode())


def _sequence(*members: bytes) -> bytes:
    return wire.tlv(0x30, *members)


def _fields(*members: bytes) -> bytes:
    """A SEQUENCE of fields that are numbered from 0."""
    return _sequence(*(wire.field(number, member) for number, member in enumerate(members)))


def _key(key: bytes) -> bytes:
    return _fields(wire.integer(wire.AES256), wire.tlv(4, key))


@dataclass(frozen=True)
class Issuer:
    """Gives `client` a ticket of `issued` for `service`, whatever is asked for, with a reply of that time for the password `password`."""

    realm: str
    client: str
    service: tuple[str, str]
    service_key: bytes = field(repr=False)
    password: bytes = field(repr=False)
    issued: datetime
    lifetime: timedelta = timedelta(hours=10)

    def behaviour(self) -> Behaviour:
        session = os.urandom(32)
        ticket = self._ticket(session)

        async def behave(exchange: Exchange) -> None:
            exchange.reply(self._reply(ticket, session, wire.nonce_of(exchange.asked.message)))

        return behave

    @property
    def _times(self) -> tuple[bytes, bytes, bytes]:
        return _time(self.issued), _time(self.issued), _time(self.issued + self.lifetime)

    def _ticket(self, session: bytes) -> bytes:
        auth, start, end = self._times
        transited = _fields(wire.integer(0), wire.tlv(4, b""))
        part = wire.tlv(0x63, _fields(_FLAGS, _key(session), wire.text(self.realm), wire.name(1, self.client), transited, auth, start, end))
        encrypted = _fields(wire.integer(wire.AES256), wire.integer(1), wire.tlv(4, sealed(self.service_key, _TICKET, part)))
        return wire.tlv(0x61, _fields(wire.integer(5), wire.text(self.realm), wire.name(2, *self.service), encrypted))

    def _reply(self, ticket: bytes, session: bytes, nonce: bytes) -> bytes:
        auth, start, end = self._times
        last_request = _sequence(_fields(wire.integer(0), auth))
        part = wire.tlv(
            0x79,
            _sequence(
                wire.field(0, _key(session)),
                wire.field(1, last_request),
                wire.field(2, nonce),
                *(wire.field(number, member) for number, member in enumerate((_FLAGS, auth, start, end), 4)),
                wire.field(9, wire.text(self.realm)),
                wire.field(10, wire.name(2, *self.service)),
            ),
        )
        salt = self.realm + self.client
        key = derived(wire.AES256, self.password, salt.encode(), _ITERATIONS)
        assert key is not None
        encrypted = _sequence(wire.field(0, wire.integer(wire.AES256)), wire.field(2, wire.tlv(4, sealed(key, _AS_REP_PART, part))))
        padata = _sequence(wire.pa_data(19, wire.etype_info2(wire.AES256, salt)))
        return wire.tlv(
            0x6B,
            _fields(wire.integer(5), wire.integer(11), padata, wire.text(self.realm), wire.name(1, self.client), ticket, encrypted),
        )
