"""Whose account a KDC speaks of: the salt of the user's key names it, whatever name was asked for."""

from typing import Final

from kerbauth.core.principal import Principal
from kerbauth.core.text import caseless, has_control

LONGEST: Final = 256
"""Characters: the longest sAMAccountName (MS-ADA3 2.222, rangeUpper)."""


def named_by(salt: bytes, asked: Principal) -> Principal | None:
    """The account that a salt is of: the same principal for all names of one account; None where the salt does not tell. Raises nothing.

    A salt is the realm, and the principal's components behind it without anything between (RFC 4120 4). Active Directory's has the
    sAMAccountName there, as it was when the password was set (MS-KILE 3.1.1.2), also where the user principal name was asked for. Salts of
    other forms, which are random or the same for everybody, tell nothing.
    """
    try:
        text = salt.decode()
    except UnicodeDecodeError:
        return None
    if caseless(text) == caseless(asked.realm + "".join(asked.components)):
        return asked
    realm, name = text[: len(asked.realm)], text[len(asked.realm) :]
    if caseless(realm) != caseless(asked.realm) or not name or len(name) > LONGEST or has_control(name):
        return None
    return Principal((name,), asked.realm)
