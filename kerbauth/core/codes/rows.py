"""How the tables are written down: rows that share fault, remedy and reasons stand together.

Shorthand for stages: `proof` are the two AS exchanges that use the password, `ticket` is the ticket to ourselves (the KDC
answers at TGS, and a library may ask for the ticket as late as at VERIFY), `opening` is what our own key does with a
ticket.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from kerbauth.core.codes.model import Code, Entry, Family, Fault, Stage
from kerbauth.core.reasons import Reason, Retry

USER: Final = Fault.USER
ADMIN: Final = Fault.ADMINISTRATOR
NETWORK: Final = Fault.NETWORK
CLOCK: Final = Fault.CLOCK
ATTACKER: Final = Fault.ATTACKER
SOFTWARE: Final = Fault.SOFTWARE
NOBODY: Final = Fault.NOBODY

Row = tuple[int, str, str]  # number within the table, name, meaning
Stages = dict[Stage, Reason]

NOWHERE: Final[Mapping[Stage, Reason]] = MappingProxyType({})


def proof(reason: Reason) -> Stages:
    """The reason at both AS exchanges that use the user's password."""
    return {Stage.AS: reason, Stage.CHANGEPW_PROOF: reason}


def ticket(reason: Reason) -> Stages:
    """The reason where a KDC is asked for a ticket to our own service."""
    return {Stage.TGS: reason, Stage.VERIFY: reason}


def opening(reason: Reason) -> Stages:
    """The reason where our own key has to open a ticket, the one we asked for as well as a client's."""
    return {Stage.VERIFY: reason, Stage.ACCEPT: reason}


def group(
    family: Family,
    base: int,
    *rows: Row,
    by: tuple[Fault, ...],
    do: str,
    retry: Retry,
    reason: Reason | None,
    at: Mapping[Stage, Reason] = NOWHERE,
    also: Callable[[int, str], tuple[str, ...]] | None = None,
) -> tuple[Entry, ...]:
    """Entries for rows of one table that share everything but number, name and meaning.

    `base` is added to each row's number. `also` gives a row's other names. Raises ValueError for no rows or no fault.
    """
    if not rows or not by:
        msg = f"a group of {family} codes without rows, or without anybody whose fault they are"
        raise ValueError(msg)
    return tuple(
        Entry(
            code=Code(family, base + number),
            name=name,
            meaning=meaning,
            fault=by,
            remedy=do,
            retry=retry,
            reason=reason,
            at=MappingProxyType(dict(at)),
            aliases=also(number, name) if also else (),
        )
        for number, name, meaning in rows
    )
