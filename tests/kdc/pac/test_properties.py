"""Any PAC is read as it was written; any bytes are read or refused."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kerbauth.core.principal import Principal
from kerbauth.core.sid import compose
from kerbauth.kdc.pac.agreement import Agrees, Disagrees, agreement
from kerbauth.kdc.pac.reader import Pac, PacProblem, read_pac
from kerbauth.kdc.pac.upn import Account, DirectoryNames
from tests.kdc.pac.reading import read
from tests.kdc.pac.real import LZHU, WINDOWS_2003_MACHINE, WINDOWS_2008_ENTERPRISE, WINDOWS_2022
from tests.kdc.pac.writer import Logon, SidParts, Written, pac, sid, upn_dns_info

ENABLED, DENY_ONLY = 0x4, 0x10
WORD = st.integers(0, 2**32 - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
NAME = TEXT.filter(bool)
SIDS = st.tuples(st.integers(0, 2**48 - 1), st.lists(WORD, min_size=1, max_size=15).map(tuple))
DOMAINS = st.tuples(st.integers(0, 2**48 - 1), st.lists(WORD, min_size=1, max_size=14).map(tuple))
MEMBERSHIPS = st.lists(st.tuples(WORD, WORD), max_size=40).map(tuple)
EXTRA = st.lists(st.tuples(SIDS, WORD), max_size=20).map(tuple)
LOGONS = st.builds(
    Logon,
    user=NAME,
    domain=NAME,
    domain_sid=DOMAINS,
    rid=st.integers(1, 2**32 - 1),
    primary=WORD,
    groups=st.none() | MEMBERSHIPS,
    extra=EXTRA,
    resource_domain=DOMAINS,
    resources=st.none() | MEMBERSHIPS,
    user_flags=st.none() | WORD,
    account_control=WORD,
    full_name=st.none() | TEXT,
    server=TEXT,
    times=st.tuples(*[st.integers(0, 2**64 - 1)] * 6),
)
REAL = st.sampled_from([LZHU, WINDOWS_2003_MACHINE, WINDOWS_2008_ENTERPRISE, WINDOWS_2022])
PRINCIPAL = Principal(("administrator",), "W2022-L7.BASE")


def members(domain: SidParts, groups: tuple[tuple[int, int], ...]) -> list[tuple[SidParts, int]]:
    return [((domain[0], (*domain[1], rid)), attributes) for rid, attributes in groups]


def granting(logon: Logon) -> set[str]:
    """The rule once more, over what was written: no group for denying only, and else every one that is enabled anywhere."""
    assert logon.domain_sid is not None
    assert logon.resource_domain is not None
    flags = (0x20 if logon.extra else 0) | (0x200 if logon.resources else 0) if logon.user_flags is None else logon.user_flags
    listed = members(logon.domain_sid, logon.groups or ())
    listed += logon.extra if flags & 0x20 else ()
    listed += members(logon.resource_domain, logon.resources or ()) if flags & 0x200 else ()
    primary = (logon.domain_sid[0], (*logon.domain_sid[1], logon.primary))
    if primary not in [parts for parts, _ in listed]:
        listed.append((primary, ENABLED))
    denied = [parts for parts, attributes in listed if attributes & DENY_ONLY]
    return {compose(*parts) for parts, attributes in listed if attributes & ENABLED and parts not in denied}


@given(LOGONS, TEXT)
def test_any_account_is_read_as_it_was_written(logon: Logon, client: str) -> None:
    found = read(Written(logon=logon, client=client).write())
    assert (found.user, found.domain, found.logon.logon_server) == (logon.user, logon.domain, logon.server)
    assert logon.domain_sid is not None
    assert found.logon.domain_sid == compose(*logon.domain_sid)
    assert found.user_sid == f"{compose(*logon.domain_sid)}-{logon.rid}"
    assert found.logon.account_control == logon.account_control
    assert found.client.name == client
    assert found.groups == granting(logon)


@given(NAME, NAME, st.booleans(), st.none() | st.tuples(NAME, SIDS))
def test_any_names_in_the_directory_are_read_as_they_were_written(upn: str, dns: str, made_up: bool, account: Any) -> None:
    written = upn_dns_info(upn, dns, made_up=made_up, account=None if account is None else (account[0], sid(account[1])))
    expected = None if account is None else Account(account[0], compose(*account[1]))
    found = read(Written(changes={12: written}).write()).names
    assert found == DirectoryNames(upn, upn_is_made_up=made_up, dns_domain=dns, account=expected)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    assert isinstance(read_pac(data), Pac | PacProblem)


@given(st.sampled_from([1, 10, 12, 17, 18]), st.binary(max_size=300))
def test_any_bytes_in_a_buffer_are_read_or_refused(kind: int, content: bytes) -> None:
    assert isinstance(read_pac(Written(changes={kind: content}).write()), Pac | PacProblem)


@given(REAL, st.data())
def test_any_damage_to_a_real_pac_is_read_or_refused(data: bytes, draw: st.DataObject) -> None:
    damaged = bytearray(data)
    for _ in range(draw.draw(st.integers(1, 6))):
        place = draw.draw(st.integers(0, len(damaged) - 4))
        damaged[place : place + draw.draw(st.integers(0, 4))] = draw.draw(
            st.binary(max_size=4) | WORD.map(lambda word: word.to_bytes(4, "little"))
        )
    found = read_pac(bytes(damaged))
    assert isinstance(found, PacProblem) or isinstance(agreement(found, PRINCIPAL), Agrees | Disagrees)


@given(REAL, st.data())
def test_a_real_pac_that_is_cut_short_is_refused(data: bytes, draw: st.DataObject) -> None:
    # The last four bytes may be missing: they only fill up to a multiple of 8.
    assert isinstance(read_pac(data[: draw.draw(st.integers(0, len(data) - 5))]), PacProblem)


@given(st.lists(st.tuples(st.integers(0, 20), st.binary(max_size=60)), max_size=40))
def test_any_set_of_buffers_is_read_or_refused(buffers: list[tuple[int, bytes]]) -> None:
    assert isinstance(read_pac(pac(buffers)), Pac | PacProblem)
