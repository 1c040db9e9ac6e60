"""Several items at once: weights that no item can complain of, and a bound that proves it.

Rules enforced here:
1. All is decided in whole numbers, so that it is the same on every machine: an item's squares are
   multiples of 2^-96 of its own least variance, rounded down for bounds and up for values.
2. The bound holds whatever the weights: min_n max_j V_j(n) ≥ min_n Σ_j w_j V_j(n), where
   Σ_j w_j = 1, and the right side is found exactly.

The weights follow the items' ratios step by step, those that fare worst gaining (multiplicative
weights; Arora, Hazan & Kale 2012), and single units are then moved while that helps the worst.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from randcheck.errors import ParameterError
from randcheck.samplers.optimum import Strata

#: The fineness of squares and ratios, and the weights of all items together.
ONE, PARTS = 1 << 96, 1 << 16
#: A gap of one part in so many is none.
NOTHING = 1 << 60
#: How often weights are improved, and how often at most a unit is moved, in so few strata.
ROUNDS, MOVES, FEW = 60, 300, 40

Best = Callable[[Sequence[int]], tuple[int, ...]]


def best_for_all(
    every: Sequence[Sequence[Fraction]], strata: Strata, total: int, best: Best
) -> tuple[tuple[int, ...], Fraction]:
    """Counts whose worst item is nearly as well off as possible, and the proven gap.

    `every` gives each item its squares for each kind of stratum; `best` the counts that minimise
    Σ squares / n. Items that nobody could be drawn for, or that do not vary, do not count.
    """
    kinds, codes = strata.kinds()
    kind_of = codes.tolist()
    _check(every, strata, kind_of, total)
    open_ = {kind for kind, most in zip(kind_of, strata.maximums.tolist(), strict=True) if most}
    measured = [_whole(squares) for squares in every if any(squares[kind] for kind in open_)]
    if not measured:
        return best([0] * len(kinds)), Fraction(0)
    relative = []
    for squares in measured:
        alone = sum(_terms(squares, kind_of, best(squares)))
        relative.append([square * ONE // alone for square in squares])
    weights = [PARTS // len(relative)] * len(relative)
    floor, worst = Fraction(0), Fraction(0)
    answer: tuple[int, ...] = ()
    for _ in range(ROUNDS):
        mixed = [
            sum(w * own for w, own in zip(weights, each, strict=True))
            for each in zip(*relative, strict=True)
        ]
        counts = best(mixed)
        ratios = [_most(each, kind_of, counts) for each in relative]
        floor = max(floor, Fraction(sum(_terms(mixed, kind_of, counts)), sum(weights)))
        if not answer or max(ratios) < worst:
            worst, answer = Fraction(max(ratios)), counts
        if worst - floor <= worst / NOTHING:
            break
        weights = _shifted(weights, ratios)
    if len(kind_of) <= FEW:
        answer, least = _moved(list(answer), relative, kind_of, strata)
        worst = Fraction(least)
    return answer, max(Fraction(0), 1 - floor / worst)


def _check(
    every: Sequence[Sequence[Fraction]], strata: Strata, kind_of: Sequence[int], total: int
) -> None:
    """`ParameterError` when a stratum that varies would have nobody: no variance is known then."""
    varies = [any(squares[kind] for squares in every) for kind in kind_of]
    box = zip(varies, strata.minimums.tolist(), strata.maximums.tolist(), strict=True)
    needed = sum(max(least, int(own and most > 0)) for own, least, most in box)
    if total < needed:
        reason = f"is {needed - total} less than the {needed} that give each stratum one"
        raise ParameterError("total", str(total), reason, "raise the total")


def _whole(squares: Sequence[Fraction]) -> list[int]:
    """The squares in proportion, as multiples of the largest one's 2^-96, none of them lost."""
    top = max(squares)
    return [-int(-square * ONE // top) for square in squares]


def _terms(squares: Sequence[int], kind_of: Sequence[int], counts: Sequence[int]) -> list[int]:
    """Square / n of each stratum, rounded down; from one without anybody nobody can be drawn."""
    return [squares[kind] // n for kind, n in zip(kind_of, counts, strict=True) if n]


def _most(squares: Sequence[int], kind_of: Sequence[int], counts: Sequence[int]) -> int:
    """The sum of (square + 1) / n, rounded up: not below the variance of squares rounded down."""
    return sum(-(-(squares[kind] + 1) // n) for kind, n in zip(kind_of, counts, strict=True) if n)


def _shifted(weights: Sequence[int], ratios: Sequence[int]) -> list[int]:
    """Weights in proportion to weight × ratio⁴, whole, none below 1."""
    raised = [w * ratio**4 for w, ratio in zip(weights, ratios, strict=True)]
    return [max(1, PARTS * each // sum(raised)) for each in raised]


def _moved(
    counts: list[int],
    relative: Sequence[Sequence[int]],
    kind_of: Sequence[int],
    strata: Strata,
) -> tuple[tuple[int, ...], int]:
    """The counts after single units were moved from stratum to stratum while the worst gained."""

    def worst() -> int:
        return max(_most(each, kind_of, counts) for each in relative)

    def move(giver: int, taker: int) -> None:
        counts[giver] -= 1
        counts[taker] += 1

    now = worst()
    least, most = strata.minimums.tolist(), strata.maximums.tolist()
    for _ in range(MOVES):
        best, chosen = now, None
        for giver in (row for row, n in enumerate(counts) if n > max(least[row], 1)):
            for taker in (row for row, n in enumerate(counts) if n < most[row] and row != giver):
                move(giver, taker)
                if (tried := worst()) < best:
                    best, chosen = tried, (giver, taker)
                move(taker, giver)
        if chosen is None:
            break
        move(*chosen)
        now = best
    return tuple(counts), now
