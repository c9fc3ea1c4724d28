"""Which records of a file were moved: the fewest that must go, so that the others are in order."""

from bisect import bisect_left
from collections.abc import Sequence


def moved(numbers: Sequence[int]) -> set[int]:
    """The positions of the numbers that are not in the longest strictly increasing subsequence (Schensted 1961). O(n log n)."""
    if all(numbers[place] < numbers[place + 1] for place in range(len(numbers) - 1)):
        return set()
    tails: list[int] = []  # the smallest number that ends an increasing run of each length
    ends: list[int] = []  # where that number stands
    before: list[int] = []  # for each position the one before it in the best run that ends there, -1 for none
    for place, number in enumerate(numbers):
        length = bisect_left(tails, number)
        before.append(ends[length - 1] if length else -1)
        tails[length : length + 1] = [number]
        ends[length : length + 1] = [place]
    kept: set[int] = set()
    place = ends[-1]
    while place >= 0:
        kept.add(place)
        place = before[place]
    return set(range(len(numbers))) - kept
