"""Whole units for parts: largest remainders, and who shares a unit where a part is too small.

Rules enforced here:
1. A part whose share is below one unit is joined with the next of its margin until the share is at
   least one; what is left at the end joins the part before. So nobody is left without a chance.
2. What is missing after rounding down goes one each to the largest remainders, ties to the earlier.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction


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
