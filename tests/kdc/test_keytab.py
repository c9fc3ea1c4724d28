import grp
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import krb5
import pytest

from kerbauth.kdc import keytab
from kerbauth.kdc.accept import load_acceptor
from kerbauth.kdc.keytab import KeytabError, MemoryKeytab
from kerbauth.kdc.realm import KerberosRealm

SERVICE = "HTTP/localhost@KA.TEST"
ACCOUNT = "svc-kerbauth@KA.TEST"


@pytest.fixture(autouse=True)
def private_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "krb5.conf").write_text("[libdefaults]\n default_realm = KA.TEST\n")
    monkeypatch.setenv("KRB5_CONFIG", str(tmp_path / "krb5.conf"))


def write(path: Path, *keys: tuple[str, int, int]) -> Path:
    """A keytab with keys made of nothing but their length: (principal, kvno, enctype)."""
    context = krb5.init_context()
    table = krb5.kt_resolve(context, b"FILE:" + os.fsencode(path))
    for principal, kvno, enctype in keys:
        name = krb5.parse_name_flags(context, principal.encode())
        key = krb5.init_keyblock(context, enctype, bytes({18: 32, 17: 16, 23: 16}[enctype]))
        krb5.kt_add_entry(context, table, name, kvno, 1_700_000_000, key)
    path.chmod(0o600)
    return path


def realm(path: Path, **changes: object) -> KerberosRealm:
    settings: dict[str, object] = {
        "name": "KA.TEST",
        "kdcs": ("127.0.0.1",),
        "keytab": path,
        "service": "HTTP/localhost",
    }
    return KerberosRealm(**(settings | changes))  # type: ignore[arg-type]  # keyword arguments of several types


def test_a_keytab_is_listed_without_its_keys(tmp_path: Path) -> None:
    before = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=1)  # time(2) changes its second some milliseconds late
    keys = keytab.list_keys(write(tmp_path / "k", (SERVICE, 3, 18), (SERVICE, 3, 23)))
    assert [(key.principal, key.kvno, key.enctype_name) for key in keys] == [
        (SERVICE, 3, "aes256-cts-hmac-sha1-96"),
        (SERVICE, 3, "arcfour-hmac"),
    ]
    assert before <= keys[0].written <= datetime.now(UTC)  # libkrb5 writes its own clock's time into a file


def test_a_good_keytab_passes(tmp_path: Path) -> None:
    assert keytab.check(realm(write(tmp_path / "k", (SERVICE, 2, 18)))) == ()


def test_weak_keys_beside_aes_ones_are_pointed_out(tmp_path: Path) -> None:
    (warning,) = keytab.check(realm(write(tmp_path / "k", (SERVICE, 2, 18), (SERVICE, 2, 23))))
    assert "arcfour-hmac" in warning


def test_weak_keys_alone_are_refused(tmp_path: Path) -> None:
    with pytest.raises(KeytabError, match="no AES key"):
        keytab.check(realm(write(tmp_path / "k", (SERVICE, 2, 23))))


def test_a_keytab_without_our_principal_is_refused_and_says_what_is_there(tmp_path: Path) -> None:
    with pytest.raises(KeytabError, match=r"no key of HTTP/localhost@KA\.TEST; it holds keys of: HTTP/other@KA\.TEST"):
        keytab.check(realm(write(tmp_path / "k", ("HTTP/other@KA.TEST", 2, 18))))


def test_every_further_principal_needs_a_key_too(tmp_path: Path) -> None:
    with pytest.raises(KeytabError, match="HTTP/alias@KA"):
        keytab.check(realm(write(tmp_path / "k", (SERVICE, 2, 18)), also_accept=("HTTP/alias",)))


def test_the_account_needs_a_key_as_well(tmp_path: Path) -> None:
    with pytest.raises(KeytabError, match=r"no key of svc-kerbauth@KA\.TEST; .* correct `account` of realm KA\.TEST"):
        keytab.check(realm(write(tmp_path / "k", (SERVICE, 2, 18)), account="svc-kerbauth"))


def test_an_account_with_an_aes_key_passes_and_its_weak_keys_are_pointed_out(tmp_path: Path) -> None:
    path = write(tmp_path / "k", (SERVICE, 2, 18), (ACCOUNT, 2, 17), (ACCOUNT, 2, 23))
    (warning,) = keytab.check(realm(path, account="svc-kerbauth"))
    assert "arcfour-hmac keys of svc-kerbauth@KA.TEST" in warning


def test_a_missing_keytab_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeytabError, match="is not there"):
        keytab.check(realm(tmp_path / "missing"))


def test_a_folder_is_no_keytab(tmp_path: Path) -> None:
    with pytest.raises(KeytabError, match="not a regular file"):
        keytab.check(realm(tmp_path))


def test_a_path_through_a_file_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(KeytabError, match="cannot be read"):
        keytab.check(realm(write(tmp_path / "k", (SERVICE, 2, 18)) / "below"))


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x05\x02", b"\x05\x02\0\0\0\x10"])
def test_a_file_that_is_no_keytab_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "k").write_bytes(content)
    (tmp_path / "k").chmod(0o600)
    with pytest.raises(KeytabError, match=r"cannot be read as a keytab|holds no keys"):
        keytab.check(realm(tmp_path / "k"))


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o620, 0o700])
def test_a_keytab_that_others_could_use_is_refused(tmp_path: Path, mode: int) -> None:
    path = write(tmp_path / "k", (SERVICE, 2, 18))
    path.chmod(mode)
    with pytest.raises(KeytabError, match=rf"mode {mode:04o}.*chmod 0600"):
        keytab.check(realm(path))


def test_a_keytab_of_mode_0400_passes(tmp_path: Path) -> None:
    path = write(tmp_path / "k", (SERVICE, 2, 18))
    path.chmod(0o400)
    assert keytab.check(realm(path)) == ()


def test_the_named_group_may_read(tmp_path: Path) -> None:
    path = write(tmp_path / "k", (SERVICE, 2, 18))
    path.chmod(0o640)
    group = grp.getgrgid(path.stat().st_gid).gr_name
    assert keytab.check(realm(path, keytab_group=group)) == ()


def test_another_group_may_not(tmp_path: Path) -> None:
    path = write(tmp_path / "k", (SERVICE, 2, 18))
    path.chmod(0o640)
    other = next(group.gr_name for group in grp.getgrall() if group.gr_gid != path.stat().st_gid)
    with pytest.raises(KeytabError, match="mode 0640"):
        keytab.check(realm(path, keytab_group=other))


def test_a_group_that_does_not_exist_is_said(tmp_path: Path) -> None:
    with pytest.raises(KeytabError, match="no-such-group"):
        keytab.check(realm(write(tmp_path / "k", (SERVICE, 2, 18)), keytab_group="no-such-group"))


def test_the_service_managers_credentials_may_be_group_readable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "k", (SERVICE, 2, 18))
    path.chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert keytab.check(realm(path)) == ()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_somebody_elses_keytab_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "k", (SERVICE, 2, 18))
    os.chown(path, 12345, -1)
    with pytest.raises(KeytabError, match="belongs to user id 12345"):
        keytab.check(realm(path))


def test_only_configured_principals_with_aes_keys_are_loaded(tmp_path: Path) -> None:
    path = write(tmp_path / "k", (SERVICE, 2, 18), (SERVICE, 2, 23), ("HTTP/other@KA.TEST", 1, 18), (SERVICE, 3, 17))
    memory = MemoryKeytab("test-loaded", [realm(path)], lambda each: each.services)
    context = krb5.init_context()
    loaded = [(str(entry.principal), entry.kvno, entry.key.enctype) for entry in krb5.kt_resolve(context, memory.name)]
    assert sorted(loaded) == [(SERVICE, 2, 18), (SERVICE, 3, 17)]


@pytest.mark.parametrize(("account", "client"), [("svc-kerbauth", ACCOUNT), (None, SERVICE)])
def test_no_token_is_accepted_with_the_accounts_key(tmp_path: Path, account: str | None, client: str) -> None:
    acceptor = load_acceptor([realm(write(tmp_path / "k", (SERVICE, 2, 18), (ACCOUNT, 5, 18)), account=account)])
    context = krb5.init_context()
    assert [str(entry.principal) for entry in krb5.kt_resolve(context, acceptor.keytab)] == [SERVICE]
    assert [str(entry.principal) for entry in krb5.kt_resolve(context, acceptor.clients)] == [client]


def test_an_enctype_without_a_name_is_shown_by_number() -> None:
    key = keytab.KeytabKey(SERVICE, 1, 99, datetime.now(UTC))
    assert key.enctype_name == "enctype 99"
