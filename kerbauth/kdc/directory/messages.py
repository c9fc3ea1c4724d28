"""LDAP messages (RFC 4511) of one connection, without I/O: a bind by SASL, and searches, one at a time.

sansldap packs and reads them. A filter is made of objects and goes out in BER, where a value is its bytes: nothing is escaped, and nothing
in a value can become a part of the filter.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sansldap import (
    BindResponse,
    FilterAnd,
    FilterEquality,
    FilterPresent,
    LDAPClient,
    LDAPMessage,
    LDAPResult,
    LDAPResultCode,
    SearchResultDone,
    SearchResultEntry,
    SearchScope,
)

from kerbauth.core.text import shown
from kerbauth.kdc.directory.trouble import DirectoryError

ENTRIES: Final = 2
"""Entries that a search may give: one name has one, and whether there is a second is all that anybody wants to know beyond that."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An object of the directory: its attributes' values, by their names in lower case."""

    attributes: Mapping[str, tuple[bytes, ...]]

    def one(self, name: str) -> bytes:
        """The one value of an attribute. Raises DirectoryError if there is none, or more."""
        values = self.attributes.get(name.lower(), ())
        if len(values) != 1:
            msg = f"the directory gives {len(values)} values of {name}, where there is one"
            raise DirectoryError(msg)
        return values[0]

    def text(self, name: str) -> str:
        """The same, as text. Raises DirectoryError if it is none."""
        try:
            return self.one(name).decode()
        except UnicodeDecodeError:
            msg = f"the directory's value of {name} is no UTF-8"
            raise DirectoryError(msg) from None


@dataclass(frozen=True, slots=True)
class BindStep:
    """A server's answer to a step of a bind. `done` says that it was the last."""

    done: bool
    token: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Found:
    """What a search has found, at most `ENTRIES`."""

    entries: tuple[Entry, ...]


class Messages:
    """Makes the requests, and reads what comes. After a DirectoryError the connection is of no use."""

    def __init__(self) -> None:
        self._client = LDAPClient()
        self._asked = 0
        self._entries: list[Entry] = []

    def bind(self, token: bytes) -> bytes:
        """A step of a bind with GSSAPI (RFC 4752)."""
        self._asked = self._client.bind_sasl("GSSAPI", cred=token)
        return self._client.data_to_send()

    def read_root(self, *attributes: str) -> bytes:
        """The request for attributes of the root DSE (RFC 4512 5.1), which also tells them to whom has not bound."""
        return self._search("", SearchScope.BASE, FilterPresent("objectClass"), attributes)

    def find_group(self, base: str, name: str, *attributes: str) -> bytes:
        """The request for the group below `base` whose sAMAccountName is this."""
        wanted = FilterAnd([FilterEquality("objectClass", b"group"), FilterEquality("sAMAccountName", name.encode())])
        return self._search(base, SearchScope.SUBTREE, wanted, attributes)

    def _search(self, base: str, scope: SearchScope, wanted: FilterPresent | FilterAnd, attributes: tuple[str, ...]) -> bytes:
        self._entries = []
        self._asked = self._client.search_request(base, scope, size_limit=ENTRIES, filter=wanted, attributes=list(attributes))
        return self._client.data_to_send()

    def take(self, received: bytes) -> BindStep | Found | None:
        """Read what came. None: more has to come. Raises DirectoryError for what is no answer to the request, and for a no."""
        try:
            messages = self._client.receive(received)
        except Exception as error:  # noqa: BLE001 -- another package's parser over bytes that anybody may have sent
            # By its name only: sansldap's own text repeats what came, unbounded.
            msg = f"what came is not LDAP, or not an answer to what was asked ({type(error).__name__})"
            raise DirectoryError(msg) from None
        answer: BindStep | Found | None = None
        for message in messages:
            if answer is not None or message.message_id != self._asked:
                msg = "the directory server answers more than was asked"
                raise DirectoryError(msg)
            answer = self._read(message)
        return answer

    def _read(self, message: LDAPMessage) -> BindStep | Found | None:
        match message:
            case BindResponse(result=result, server_sasl_creds=token):
                if result.result_code not in {LDAPResultCode.SUCCESS, LDAPResultCode.SASL_BIND_IN_PROGRESS}:
                    raise _no("takes no bind from us", result)
                return BindStep(result.result_code == LDAPResultCode.SUCCESS, token or b"")
            case SearchResultEntry(attributes=attributes):
                if len(self._entries) < ENTRIES:
                    self._entries.append(Entry({each.name.lower(): tuple(each.values) for each in attributes}))
                return None
            case SearchResultDone(result=result):
                # More than the limit is no answer, but it says enough: whoever asked for one object looks at how many there are.
                if result.result_code not in {LDAPResultCode.SUCCESS, LDAPResultCode.SIZE_LIMIT_EXCEEDED}:
                    raise _no("does not search", result)
                return Found(tuple(self._entries))
        return None  # a reference to another partition of the directory (RFC 4511 4.5.3), which is not followed


def _no(what: str, result: LDAPResult) -> DirectoryError:
    said = shown(result.diagnostics_message)
    return DirectoryError(f"the directory server {what}: {int(result.result_code)} {result.result_code.name}{f', {said}' if said else ''}")
