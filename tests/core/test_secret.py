"""A secret shows itself to nobody who does not ask for it by name."""

import copy
import json
import pickle
from dataclasses import dataclass

import pytest

from kerbauth.core.secret import Secret

CANARY = b"canary-7f3a"


@dataclass(frozen=True)
class Holder:
    password: Secret


def test_reveal_gives_the_bytes() -> None:
    assert Secret(CANARY).reveal() == CANARY


def test_whether_two_are_the_same_can_be_asked_on_purpose() -> None:
    assert Secret(CANARY).same_as(Secret(CANARY))
    assert not Secret(CANARY).same_as(Secret(CANARY + b"!"))


def test_the_length_is_in_bytes_and_an_empty_secret_is_false() -> None:
    assert len(Secret("ü".encode())) == 2
    assert not Secret(b"")


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{:>20}".format, "{!r}".format, lambda secret: repr(Holder(secret)), ascii])
def test_no_text_form_holds_the_secret(show: object) -> None:
    assert callable(show)
    shown = show(Secret(CANARY))
    assert "Secret(***)" in shown
    assert CANARY.decode() not in shown


@pytest.mark.parametrize(
    "carry_out",
    [
        pickle.dumps,
        copy.copy,
        copy.deepcopy,
        hash,
        json.dumps,
        vars,
        bytes,
        lambda secret: secret == Secret(CANARY),
        lambda secret: secret in [CANARY],
    ],
)
def test_a_secret_cannot_be_pickled_copied_hashed_compared_or_dumped(carry_out: object) -> None:
    assert callable(carry_out)
    with pytest.raises(TypeError) as raised:
        carry_out(Secret(CANARY))
    assert CANARY.decode() not in str(raised.value)


def test_a_secret_has_no_attribute_of_a_guessable_name() -> None:
    assert [name for name in ("value", "_value", "__value", "__dict__") if hasattr(Secret(CANARY), name)] == []


def test_a_fingerprint_knows_the_same_secret_again_and_only_with_the_key_and_about_the_same_thing() -> None:
    first = Secret(b"hunter2").fingerprint(b"key", b"alice")
    assert first == Secret(b"hunter2").fingerprint(b"key", b"alice")
    others = [
        Secret(b"hunter3").fingerprint(b"key", b"alice"),
        Secret(b"hunter2").fingerprint(b"yek", b"alice"),
        Secret(b"hunter2").fingerprint(b"key", b"bob"),
    ]
    assert first not in others
    assert b"hunter2" not in first
