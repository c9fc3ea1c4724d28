"""What is read for TLS at a start or a reload: what stops it, and what is only said."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kerbauth.core.channel import BindingMode, ChannelBinding
from kerbauth.settings.certificates import end_point
from kerbauth.web.tls import Tls, TlsError
from tests.certificates import DAY, Authority, Pair, rsa_key, self_signed_ed25519
from tests.web.tls import opened, tls_of


def test_the_key_is_in_no_file_afterwards(pair: Pair) -> None:
    before = sorted(Path("/proc/self/fd").iterdir())
    opened(pair)
    assert sorted(Path("/proc/self/fd").iterdir()) == before


NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    ("time", "said"),
    [
        ((-2 * DAY, -DAY), "the certificate ended on "),
        ((-DAY, 13 * DAY), "the certificate ends on "),
        ((DAY, 300 * DAY), "the certificate is not valid before "),
    ],
)
def test_a_certificate_whose_time_is_up_is_warned_about_and_served(
    authority: Authority, time: tuple[timedelta, timedelta], said: str
) -> None:
    tls = tls_of(authority.issue("untimely", time=time))
    (warning,) = tls.warnings(NOW)
    assert warning.startswith(f"server.tls_certificate: {said}")
    assert tls.context is not None


def test_a_certificate_that_holds_is_not_spoken_of(pair: Pair) -> None:
    assert tls_of(pair).warnings(NOW) == ()


def test_a_proxys_certificate_is_warned_about_too(authority: Authority, pair: Pair) -> None:
    old = authority.issue("old-proxy", time=(-2 * DAY, -DAY))
    (warning,) = tls_of(pair, channel_binding_certificates=(pair.certificate_file, old.certificate_file)).warnings(NOW)
    assert warning.startswith("server.channel_binding_certificates[2]: the certificate ended on ")


@dataclass(frozen=True)
class Changed:
    """Settings whose files are not what they were when the settings were read, and the problem that stops a start."""

    settings: Callable[[Authority, Pair, Path], dict[str, Any]]
    problem: str


def weak(authority: Authority, *_: object) -> dict[str, Any]:
    pair = authority.issue("weak", key=rsa_key(1024))
    return {"tls_certificate": pair.certificate_file, "tls_key": pair.key_file}


CHANGED = {
    "a certificate that is gone": Changed(
        lambda _, __, folder: {"tls_certificate": folder / "x"}, "server.tls_certificate: .* is not there"
    ),
    "a key that is gone": Changed(lambda _, __, folder: {"tls_key": folder / "x"}, "server.tls_key: .* is not there"),
    "another's key": Changed(lambda ca, *_: {"tls_key": ca.issue("other").key_file}, "server.tls_key: is not the key of"),
    "a certificate for a key": Changed(lambda _, pair, __: {"tls_key": pair.certificate_file}, "server.tls_key: .*others than the service"),
    "CAs that are gone": Changed(lambda _, __, folder: {"client_ca": folder / "x"}, "server.client_ca: .* is not there"),
    "a proxy's certificate that is gone": Changed(
        lambda _, pair, folder: {"channel_binding_certificates": (pair.certificate_file, folder / "x")},
        r"server.channel_binding_certificates\[2\]: .* is not there",
    ),
    "a key that OpenSSL finds too weak": Changed(weak, "server.tls_certificate: OpenSSL does not take it or its key: EE_KEY_TOO_SMALL"),
}


@pytest.mark.parametrize("changed", CHANGED.values(), ids=CHANGED)
def test_what_cannot_be_used_is_told_by_its_setting(authority: Authority, pair: Pair, tmp_path: Path, changed: Changed) -> None:
    with pytest.raises(TlsError, match=changed.problem):
        tls_of(pair, **changed.settings(authority, pair, tmp_path))


def test_a_certificate_that_nothing_can_be_bound_to_is_warned_about(tmp_path: Path) -> None:
    odd = self_signed_ed25519(tmp_path)
    (warning,) = tls_of(odd, channel_binding=BindingMode.ALLOW).warnings(odd.certificate.not_valid_before_utc)[1:]
    assert warning.startswith("server.tls_certificate: its signature has no hash of its own")
    assert len(tls_of(odd, channel_binding=BindingMode.OFF).warnings(odd.certificate.not_valid_before_utc)) == 1


def test_without_certificates_http_is_plain_and_nothing_is_bound() -> None:
    assert tls_of(None) == Tls(None, ChannelBinding(BindingMode.ALLOW))


def test_a_proxys_certificates_are_what_tokens_may_be_bound_to(pair: Pair, successor: Pair) -> None:
    files = (pair.certificate_file, successor.certificate_file)
    binding = tls_of(None, channel_binding_certificates=files, channel_binding=BindingMode.REQUIRE).binding
    assert binding == ChannelBinding(BindingMode.REQUIRE, tuple(end_point(each.certificate) for each in (pair, successor)))
