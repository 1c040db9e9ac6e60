"""Parts of a total: shares within bounds, whole units, and who shares a unit.

Rules enforced here:
1. Shares are in proportion to weights but for their bounds, and add up to the total exactly.
2. A part whose share is below one unit is joined with the next of its margin until the share is at
   least one; what is left at the end joins the part before. So nobody is left without a chance.
3. What is missing after rounding down goes one each to the largest remainders, ties to the earlier.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction


def proportional(
    total: int, weights: Sequence[int], least: Sequence[int], most: Sequence[int]
) -> list[Fraction]:
    """min(most, max(least, c · weight)), with the one c for which they add up to the total.

    The total must not be below Σ least nor above Σ most. What is left when all that have a weight
    are at their most goes to those without, the first before the others.
    """
    parts = list(zip(weights, least, most, strict=True))

    def at(factor: Fraction) -> list[Fraction]:
        return [min(Fraction(high), max(Fraction(low), factor * w)) for w, low, high in parts]

    ends = sorted({Fraction(bound, w) for w, *both in parts if w for bound in both})
    place = bisect_left(ends, Fraction(total), key=lambda end: sum(at(end), Fraction(0)))
    below = ends[place - 1] if place else Fraction(0)
    shares = at(below)
    left = total - sum(shares, Fraction(0))
    if left and place < len(ends):
        reached = sum(at(ends[place]), Fraction(0))
        return at(below + (ends[place] - below) * left / (left + reached - total))
    for part, (weight, _, high) in enumerate(parts):
        added = min(left, high - shares[part]) if not weight else Fraction(0)
        shares[part] += added
        left -= added
    return shares


def joined(shares: Sequence[Fraction]) -> list[list[int]]:
    """Runs of parts whose shares are at least one unit each; a single run where all is below."""
    runs: list[list[int]] = []
    waiting: list[int] = []
    for part, share in enumerate(shares):
        waiting.append(part)
        if share + sum((shares[each] for each in waiting[:-1]), Fraction(0)) >= 1:
            runs.append(waiting)
            waiting = []
    if waiting and runs:
        runs[-1] += waiting
    elif waiting:
        runs.append(waiting)
    return runs


def largest_remainders(total: int, shares: Sequence[Fraction], most: Sequence[int]) -> list[int]:
    """Whole numbers that add up to `total` = Σ shares, each its share rounded down or up.

    None exceeds its entry of `most`, which must not be below the share.
    """
    counts = [int(share) for share in shares]
    order = sorted(range(len(shares)), key=lambda part: (counts[part] - shares[part], part))
    room = [part for part in order if counts[part] < most[part]]
    for part in room[: total - sum(counts)]:
        counts[part] += 1
    return counts
