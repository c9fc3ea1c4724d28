"""What asks a scripted KDC: MIT's own client, and bare sockets."""

import os
import socket
import struct
import subprocess
from pathlib import Path

from spnego._asn1 import unpack_asn1
from spnego._kerberos import KerberosV5Msg, KrbError

from kerbauth.demo.principals import RealmDescription, User
from kerbauth.demo.realm import LISTEN, client_configuration
from tests.kdc.scripted import ScriptedKdc

PASSWORD = "of-the-scripted-kdc"
NAME = "LAB.TEST"
DESCRIPTION = RealmDescription(NAME, (User("user", PASSWORD), User("unproved", PASSWORD, ("-requires_preauth",))))


def kinit(kdc: ScriptedKdc, folder: Path, *, udp: bool = False, user: str = "user") -> tuple[int, str]:
    """kinit's status, and what it traced and said."""
    configuration = client_configuration(DESCRIPTION, kdc.address, folder / "ccache")
    (folder / "krb5.conf").write_text(configuration.replace("udp_preference_limit = 1", f"udp_preference_limit = {65000 if udp else 1}"))
    environment = {**os.environ, "KRB5_CONFIG": str(folder / "krb5.conf"), "KRB5_TRACE": "/dev/stderr", "LC_ALL": "C"}
    done = subprocess.run(["kinit", user], input=f"{PASSWORD}\n".encode(), env=environment, capture_output=True, check=False, timeout=60)
    return done.returncode, done.stderr.decode()


def decoded(message: bytes) -> KrbError:
    """A KRB-ERROR as pyspnego reads it, which wants what is inside the application tag."""
    read = KerberosV5Msg.unpack(unpack_asn1(unpack_asn1(message)[0].b_data)[0])
    assert isinstance(read, KrbError)
    return read


class Client:
    """Sends bytes and takes what comes, by either transport, on one socket."""

    def __init__(self, kdc: ScriptedKdc, kind: socket.SocketKind) -> None:
        self.socket = socket.socket(type=kind)
        self.socket.settimeout(10)
        if kind is socket.SOCK_STREAM:
            self.socket.connect((LISTEN, kdc.port))
        self._address = (LISTEN, kdc.port)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *error: object) -> None:
        self.socket.close()

    def send(self, message: bytes) -> None:
        if self.socket.type is socket.SOCK_STREAM:
            self.socket.sendall(struct.pack("!I", len(message)) + message)
        else:
            self.socket.sendto(message, self._address)

    def take(self) -> bytes:
        """A datagram, or as much of the stream as is a message."""
        if self.socket.type is socket.SOCK_DGRAM:
            return self.socket.recv(65536)
        (length,) = struct.unpack("!I", self.exactly(4))
        return self.exactly(length)

    def exactly(self, count: int) -> bytes:
        got = b""
        while len(got) < count and (more := self.socket.recv(count - len(got))):
            got += more
        return got


def by_udp(kdc: ScriptedKdc) -> Client:
    return Client(kdc, socket.SOCK_DGRAM)


def by_tcp(kdc: ScriptedKdc) -> Client:
    return Client(kdc, socket.SOCK_STREAM)
