"""A budget of money in place of a total: as little variance as it buys, and the proven gap.

Rules enforced here:
1. The costs of all visits together never exceed the budget, exactly.
2. Each stratum that varies gets at least one visit; a budget that cannot pay for that is an error
   that says by how much.
3. The bound is Dantzig's: units bought in the order of gain for money, the last one in part. Its
   value is below that of any whole counts, because each stratum's units gain less and less.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from randcheck.errors import ParameterError
from randcheck.samplers.optimum import Counts, Strata, count_of_variance

#: The fineness to which sums of fractions are bounded.
ONE = 1 << 96


def within_budget(
    budget: Fraction,
    strata: Strata,
    squares: Sequence[Fraction],
    costs: Sequence[Fraction],
) -> tuple[tuple[int, ...], Fraction]:
    """Counts that minimise Σ squares / n as nearly as the budget allows, and the proven gap.

    `squares` and `costs` are those of each kind of stratum.
    """
    kinds = strata.kinds()[1]
    of = kinds.tolist()
    most = strata.maximums.tolist()

    def terms(counts: Sequence[int]) -> list[Fraction]:
        return [squares[kind] / n for kind, n in zip(of, counts, strict=True) if n]

    start = np.maximum(
        strata.minimums,
        [int(squares[kind] > 0 and top > 0) for kind, top in zip(of, most, strict=True)],
    )
    left = budget - _cost(start, kinds, costs)
    if left < 0:
        reason = f"is {-left} less than one visit in each stratum and the floors cost"
        raise ParameterError("budget", str(budget), reason, "raise the budget or lower the floors")
    counts = _surely_bought(start, strata, kinds, squares, costs, left)
    left = budget - _cost(counts, kinds, costs)
    offers = _Offers(counts, most, of, squares, costs)
    saved = None  # what the part of the first unit that is too dear would gain
    bound: list[int] = []
    while (offer := offers.best(left, first=saved is None)) is not None:
        gain, row = offer
        if costs[of[row]] > left:
            saved, bound = gain * left, counts.tolist()
        else:
            counts[row] += 1
            left -= costs[of[row]]
            offers.renew(row)
    answer = tuple(int(count) for count in counts.tolist())
    if saved is None:
        return answer, Fraction(0)
    value = sum(-(-term.numerator * ONE // term.denominator) for term in terms(answer))
    least = sum(term.numerator * ONE // term.denominator for term in terms(bound))
    return answer, max(Fraction(0), 1 - (Fraction(least, ONE) - saved) / Fraction(value, ONE))


class _Offers:
    """The next unit of each stratum, by gain for money: the best first, ties to the earlier.

    Floats sort the strata once; exact gains are looked at only near the head of the queue.
    """

    def __init__(
        self,
        counts: Counts,
        most: Sequence[int],
        of: Sequence[int],
        squares: Sequence[Fraction],
        costs: Sequence[Fraction],
    ) -> None:
        self.counts, self.most, self.of = counts, most, of
        self.squares, self.costs = squares, costs
        self.heap: list[tuple[Fraction, int]] = []
        ratios = np.array([float(s / c) for s, c in zip(squares, costs, strict=True)])
        kinds = np.asarray(of, dtype=np.int64)
        self.rough = np.zeros(len(of))
        np.divide(ratios[kinds], counts * (counts + 1.0), out=self.rough, where=counts > 0)
        room = (self.rough > 0) & (counts < np.asarray(most))
        waiting = np.flatnonzero(room)
        self.order = waiting[np.argsort(-self.rough[waiting], kind="stable")].tolist()
        self.cheapest = min((costs[of[row]] for row in self.order), default=Fraction(0))
        self.next = 0

    def best(self, left: Fraction, *, first: bool) -> tuple[Fraction, int] | None:
        """The best unit that the rest of the budget pays for; with `first`, the best of all."""
        if not first and left < self.cheapest:
            return None
        while True:
            while self.next < len(self.order) and (
                not self.heap
                or self.rough[self.order[self.next]] >= float(-self.heap[0][0]) * (1 - 1e-9)
            ):
                self.renew(self.order[self.next])
                self.next += 1
            if not self.heap:
                return None
            gain, row = heapq.heappop(self.heap)
            if first or self.costs[self.of[row]] <= left:
                return -gain, row

    def renew(self, row: int) -> None:
        """Offer a stratum's next unit, if there is one."""
        n, kind = int(self.counts[row]), self.of[row]
        if n < self.most[row]:
            gain = self.squares[kind] / (n * (n + 1)) / self.costs[kind]
            heapq.heappush(self.heap, (-gain, row))


def _cost(counts: Counts, kinds: Counts, costs: Sequence[Fraction]) -> Fraction:
    units = np.zeros(len(costs), dtype=np.int64)
    np.add.at(units, kinds, counts)
    return sum((n * cost for n, cost in zip(units.tolist(), costs, strict=True)), Fraction(0))


def _surely_bought(
    start: Counts,
    strata: Strata,
    kinds: Counts,
    squares: Sequence[Fraction],
    costs: Sequence[Fraction],
    left: Fraction,
) -> Counts:
    """The counts at a threshold of gain for money that leaves a little of the budget.

    Floats find the threshold; what they buy is a millionth too little and so never too much, and
    units in between are bought one by one in their exact order.
    """
    ratios = [float(square / cost) for square, cost in zip(squares, costs, strict=True)]
    scales = np.array(ratios)[kinds]
    varies = scales > 0
    sizes = strata.sizes.astype(np.float64)
    prices = np.array([float(cost) for cost in costs])[kinds]
    room = float(left)

    def bought(threshold: float) -> Counts:
        wanted = np.clip(count_of_variance(threshold, scales, sizes), start, strata.maximums)
        return np.where(varies, wanted, start).astype(np.int64)

    high = float(scales.max(initial=1.0)) * 2
    low = high / 1e60
    for _ in range(80):
        middle = float(np.sqrt(high) * np.sqrt(low))
        if float(((bought(middle) - start) * prices).sum()) > room:
            low = middle
        else:
            high = middle
    counts = bought(high * (1 + 1e-6))
    return counts if _cost(counts - start, kinds, costs) <= left else start
