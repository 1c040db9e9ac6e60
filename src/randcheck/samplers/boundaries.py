"""Where to cut a score: the exact best boundaries, by dynamic programming.

Rules enforced here:
1. Equal scores are never parted.
2. The cut is the best there is: no other cut into as many runs has a smaller sum of squared
   distances from the runs' means (Fisher, "On grouping for maximum homogeneity", 1958). In whole
   numbers and fractions; ties to the lower boundary.

The least cost of the first rows in k runs has, for each row, a best last run that begins no earlier
than that of the row before; so each layer is found by divide and conquer in m log m steps (Wang &
Song, "Ckmeans.1d.dp", 2011; Grønlund et al. 2017).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import accumulate


def best_cuts(scores: Sequence[int], counts: Sequence[int], runs: int) -> list[int]:
    """Where each run begins: positions in the distinct `scores`, ascending, the first 0.

    `counts` says how many subjects have each score. At most as many runs as scores are made.
    """
    size = len(scores)
    runs = min(runs, size)
    weight = [0, *accumulate(counts)]
    first = [0, *accumulate(n * s for n, s in zip(counts, scores, strict=True))]
    second = [0, *accumulate(n * s * s for n, s in zip(counts, scores, strict=True))]

    def cost(start: int, end: int) -> Fraction:
        """Σ (score - mean)² of the scores from `start` up to `end`, the latter not included."""
        many, total = weight[end] - weight[start], first[end] - first[start]
        return Fraction((second[end] - second[start]) * many - total * total, many)

    least: list[Fraction] = [Fraction(0), *(cost(0, end) for end in range(1, size + 1))]
    begins: list[list[int]] = []
    for run in range(2, runs + 1):
        least, begin = _layer(least, run, size, cost)
        begins.append(begin)
    cuts, end = [], size
    for begin in reversed(begins):
        end = begin[end]
        cuts.append(end)
    return [0, *reversed(cuts)]


def _layer(
    before: Sequence[Fraction], run: int, size: int, cost: Callable[[int, int], Fraction]
) -> tuple[list[Fraction], list[int]]:
    """The least costs with one run more, and where that last run begins."""
    least = [Fraction(0)] * (size + 1)
    begin = [0] * (size + 1)
    waiting = [(run, size, run - 1, size - 1)]
    while waiting:
        low, high, earliest, latest = waiting.pop()
        if low > high:
            continue
        end = (low + high) // 2
        best: Fraction | None = None
        for start in range(earliest, min(latest, end - 1) + 1):
            value = before[start] + cost(start, end)
            if best is None or value < best:
                best, begin[end] = value, start
        least[end] = best or Fraction(0)
        waiting.append((low, end - 1, earliest, begin[end]))
        waiting.append((end + 1, high, begin[end], latest))
    return least, begin
