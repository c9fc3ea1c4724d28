"""Changing a password at a domain controller, by whatever name the account has there."""

import pytest

from tests.ad.domain import PASSWORD, Domain
from tests.integration.service import RunningService

NEW = "canary-K9-Passw0rd-new"


@pytest.mark.parametrize("form", ["{}", "{}@ad.kerbauth.test", r"KERBAUTH\{}", "{}@KERBAUTH"])
def test_a_password_is_changed_by_any_name_of_the_account(service: RunningService, domain: Domain, form: str) -> None:
    user = domain.user()
    reply = service.change_password(form.format(user), PASSWORD, NEW)
    assert reply.status_code == 200, reply.text
    assert service.login(user, NEW).json()["verdict"] == "granted"
    assert service.login(user, PASSWORD).json()["reason"] == "bad-credentials"


def test_a_password_is_changed_by_an_explicit_user_principal_name(service: RunningService, domain: Domain) -> None:
    user = domain.user("olga", userPrincipalName="olga.smith@corp.example")
    assert service.change_password("Olga.Smith@Corp.Example", PASSWORD, NEW).status_code == 200
    assert service.login(user, NEW).json()["verdict"] == "granted"


def test_a_name_with_capitals_in_the_directory_is_no_obstacle(service: RunningService, domain: Domain) -> None:
    domain.user("McDuck")
    assert service.change_password("mcduck", PASSWORD, NEW).status_code == 200


@pytest.mark.parametrize("must_change", [True, False])
def test_a_password_that_has_to_be_changed_can_be(service: RunningService, domain: Domain, must_change: bool) -> None:
    user = domain.user()
    if must_change:
        domain.ask("password", user, PASSWORD, must_change=True)
    else:
        domain.ask("password_age", user, 100)
    assert service.login(user, PASSWORD).json()["reason"] == ("password-must-change" if must_change else "password-expired")
    assert service.change_password(user, PASSWORD, NEW).status_code == 200
    assert service.login(user, NEW).json()["verdict"] == "granted"


def test_a_new_password_that_the_domain_does_not_take_is_refused_with_its_reason(service: RunningService, domain: Domain) -> None:
    user = domain.user()
    reply = service.change_password(user, PASSWORD, "short")
    assert (reply.status_code, reply.json()["reason"]) == (422, "password-rejected")
    assert service.login(user, PASSWORD).json()["verdict"] == "granted"


def test_a_wrong_old_password_is_counted_once(service: RunningService, domain: Domain) -> None:
    user = domain.user()
    assert service.change_password(f"{user}@ad.kerbauth.test", "wrong", NEW).json()["reason"] == "bad-credentials"
    assert domain.bad_passwords(user) == 1


def test_a_password_of_another_domain_is_changed_there_where_the_first_one_refers_to_it(
    service: RunningService, domain: Domain, other_domain: Domain
) -> None:
    user = other_domain.user("pat")
    reply = service.change_password(r"pat\@corp2.test", PASSWORD, NEW)
    assert reply.status_code == 200, reply.text
    assert service.login(rf"CORP2\{user}", NEW).json()["verdict"] == "granted"
    assert service.change_password(r"pat\@corp2.test", "wrong", NEW).json()["reason"] == "bad-credentials"
    assert other_domain.bad_passwords(user) == 1
