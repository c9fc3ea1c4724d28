from pathlib import Path

import pytest

from kerbauth.kdc.krb5conf import render
from kerbauth.kdc.realm import KerberosRealm


def realm(name: str = "KA.TEST", *kdcs: str) -> KerberosRealm:
    return KerberosRealm(name, kdcs, Path("x.keytab"), "HTTP/localhost")


def test_configured_kdcs_mean_that_dns_is_never_asked() -> None:
    text = render([realm("KA.TEST", "127.0.0.1:88")])
    assert "dns_lookup_kdc = false" in text
    assert "dns_lookup_realm = false" in text
    assert "dns_canonicalize_hostname = false" in text


def test_a_realm_without_kdcs_is_looked_up_in_dns() -> None:
    assert "dns_lookup_kdc = true" in render([realm("KA.TEST", "kdc.ka.test"), realm("KB.TEST")])


def test_every_kdc_is_a_primary_one_so_that_a_wrong_password_is_not_tried_again_elsewhere() -> None:
    text = render([realm("KA.TEST", "kdc1.ka.test", "[::1]:88")])
    for kdc in ("kdc1.ka.test", "[::1]:88"):
        assert f"        kdc = {kdc}\n" in text
        assert f"        primary_kdc = {kdc}\n" in text


def test_the_default_realm_is_named_only_if_there_is_one() -> None:
    assert "default_realm = KA.TEST" in render([realm()], "KA.TEST")
    assert "default_realm" not in render([realm()])


@pytest.mark.parametrize("name", ["", "KA TEST", "KA}TEST", "KA\nTEST", "KA.TEST =", "#KA", "KÄ.TEST", "KA.TEST\n"])
def test_a_realm_name_the_format_cannot_hold_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="realm name"):
        render([realm(name, "127.0.0.1")])


@pytest.mark.parametrize("kdc", ["", "a b", "kdc\nadmin_server = evil", "kdc}", "kdc:port", "[::1", "https://kdc", "kdc:88\n"])
def test_a_kdc_address_the_format_cannot_hold_is_refused(kdc: str) -> None:
    with pytest.raises(ValueError, match="KDC address"):
        render([realm("KA.TEST", kdc)])


def test_a_realm_found_by_dns_has_a_primary_kdc_that_is_not_there() -> None:
    assert "        primary_kdc = 127.0.0.1:1\n" in render([realm("KB.TEST")])


def test_the_plugin_folder_is_named_and_must_fit_the_format() -> None:
    assert "plugin_base_dir = /run/x/plugins" in render([realm()], None, Path("/run/x/plugins"))
    with pytest.raises(ValueError, match="folder"):
        render([realm()], None, Path("/run/x y"))
