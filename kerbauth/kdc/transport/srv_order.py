"""The order of SRV records (RFC 2782)."""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

Choose = Callable[[int], int]
"""A random whole number between 0 and this one, both included."""


class Srv(NamedTuple):
    """One record; `target` is an absolute name in text form. `udp` says whether it stands for UDP (RFC 4120 7.2.3.2)."""

    priority: int
    weight: int
    port: int
    target: str
    udp: bool


def ordered(records: Iterable[Srv], choose: Choose) -> Iterator[Srv]:
    """The smallest priority first; among equals by lot, each with the chance of its weight."""
    for _, group in groupby(sorted(records, key=lambda record: record.priority), key=lambda record: record.priority):
        rest = sorted(group, key=lambda record: record.weight)  # those of weight 0 first, so that they have a very small chance too
        while rest:
            lot = choose(sum(record.weight for record in rest))
            for record in rest:
                lot -= record.weight
                if lot <= 0:
                    break
            rest.remove(record)
            yield record
