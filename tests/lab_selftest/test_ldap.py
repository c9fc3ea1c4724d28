"""The KDC with its database in LDAP knows a user by two names."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from kerbauth.demo.principals import RealmDescription, User
from tests.integration.kdc import LabRealm

LDAP_KDC = Path(__file__).parents[1] / "kdc" / "ldap_kdc.sh"


@pytest.fixture(scope="module")
def realm() -> Iterator[LabRealm]:
    description = RealmDescription("LDAP.TEST", (User("canonical", 'pass"word'),))
    with LabRealm(description, command=(str(LDAP_KDC),), environment={"ALIASES": "alias=canonical"}) as running:
        yield running


@pytest.mark.parametrize(("options", "proved"), [(("-C",), "canonical@LDAP.TEST"), ((), "alias@LDAP.TEST")])
def test_an_alias_becomes_the_canonical_name_for_clients_that_ask_for_it(
    realm: LabRealm, options: tuple[str, ...], proved: str, tmp_path: Path
) -> None:
    environment = realm.kinit("alias", 'pass"word', tmp_path / "ccache", *options)
    listed = subprocess.run(["klist"], env=environment, capture_output=True, check=True, text=True).stdout
    assert f"Default principal: {proved}\n" in listed
