"""The factors of odds of most entropy, for classes of visits and people.

Rules enforced here:
1. x = u·abc / (1 + abc): a for the slot, b for the person, c for a pair that several slots share, u
   the cap. Of all odds with these sums it has the most entropy (Cover and Thomas 2006, chapter 12).
   a, b and c are found by scaling rows and columns in turn (Sinkhorn 1967; Darroch and Ratcliff
   1972), and by Newton steps on their logarithms where that is slow.
2. Floats only propose: element by element + − × ÷, and sums in a fixed sequence (`bincount`), so
   that every platform proposes the same. No solver, no exponential, no logarithm of a library.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from randcheck.matching.levels import FREE, FULL, Levels
from randcheck.matching.network import Classes, Floats

#: The factor of an arc that is full, and one over that of an empty one.
FIXED = 1e9

#: A column is near enough when its sum is off by no more than this part of it.
NEAR = 1e-7

#: How often rows and columns are scaled before Newton's method is tried, and how often all of this.
ROUNDS, MOST_PHASES = 20, 50

#: Newton's method is used for at most so many classes of people, in so many steps a time.
MOST_UNKNOWNS, NEWTON_STEPS = 400, 40


class ClassFactors:
    """Factors a, b, c of classes of slots, people and pairs, by scaling and by Newton's method."""

    def __init__(self, classes: Classes, levels: Levels) -> None:
        self.classes = classes
        self.free = free = levels.state == FREE
        self.full = full = levels.state == FULL
        self.whole = whole = classes.count * levels.caps[classes.visit_of[classes.slot]]
        need = (classes.slots * classes.places).astype(np.float64)
        self.need = need - sums_of(classes.slot[full], whole[full], len(need))
        taken = sums_of(classes.person[full], whole[full], len(levels.loads))
        self.load = np.maximum(levels.loads - taken, 0.0)
        self.scale = levels.loads + 1.0
        self.slot, self.person, self.weight, self.pair = (
            each[free] for each in (classes.slot, classes.person, whole, classes.pair)
        )
        self.room = sums_of(self.slot, self.weight, len(self.need))
        self.space = sums_of(self.person, self.weight, len(self.load))
        self.several = self.pair >= 0
        pairs = int(self.pair.max(initial=-1)) + 1
        self.pair_cap = np.zeros(pairs)
        self.pair_cap[self.pair[self.several]] = self.weight[self.several]
        self.a, self.b = np.ones(len(self.need)), np.ones(len(self.load))
        self.c = np.ones(pairs + 1)
        self.most = sums_of(self.pair[self.several], self.weight[self.several], pairs)
        self.target_a, self.target_b, self.target_c = (
            odds_form(self.need, self.room),
            odds_form(self.load, self.space),
            odds_form(self.pair_cap, self.most),
        )
        self._find()

    def _find(self) -> None:
        """Scale, and step by Newton's method, until columns are near or come no nearer."""
        before = np.inf
        for _ in range(MOST_PHASES):
            for _ in range(ROUNDS):
                off = self._scale()
                if off <= NEAR:
                    return
            if len(self.load) <= MOST_UNKNOWNS and len(self.need) <= 4 * MOST_UNKNOWNS:
                for _ in range(NEWTON_STEPS):
                    if not self._newton():
                        break
            if off > 0.7 * before:
                return
            before = off

    def of_arcs(self) -> Floats:
        """The factor of the pair of each arc, 1 without."""
        arcs = np.ones(len(self.free))
        arcs[self.free] = self.c[self.pair]
        return arcs

    def fixed(self) -> Floats | None:
        """A further factor of arcs: a very small one if empty, a very large one if full.

        A visit with conflicts of its own may still use them where it must.
        """
        if self.free.all():
            return None
        return np.where(self.free, 1.0, np.where(self.full, FIXED, 1.0 / FIXED))

    def predictability(self, fair: Floats) -> float:
        """The largest odds of a pair over `fair`, those of equal odds, as far as classes tell."""
        x = np.where(self.full, self.whole, 0.0)
        x[self.free] = self._odds(self.a, self.b)
        x = x / np.maximum(self.classes.count, 1)
        pairs, several = self.classes.pair, self.classes.pair >= 0
        if several.any():
            x[several] = sums_of(pairs[several], x[several], 0)[pairs[several]]
        return float(np.max(x / fair[self.classes.visit_of[self.classes.slot]], initial=0.0))

    def _odds(self, a: Floats, b: Floats) -> Floats:
        return curve(a[self.slot] * b[self.person] * self.c[self.pair], self.weight)

    def _scale(self) -> float:
        """Scale rows, pairs, then columns; how far off the worst column was before.

        A step makes a row exact if all its entries were equal: a is multiplied by the ratio of the
        odds form d / (U - d) of its target to that of its sum, U being the sum of its caps.
        """
        sums = sums_of(self.slot, self._odds(self.a, self.b), len(self.need))
        self.a = bounded(self.a * (self.target_a / odds_form(sums, self.room)))
        if len(self.pair_cap):
            x = self._odds(self.a, self.b)[self.several]
            held = sums_of(self.pair[self.several], x, len(self.pair_cap))
            ratio = self.target_c / odds_form(held, self.most)
            self.c[:-1] = np.minimum(1.0, bounded(self.c[:-1] * ratio))
        sums = sums_of(self.person, self._odds(self.a, self.b), len(self.load))
        off = float(np.max(np.abs(sums - self.load) / self.scale, initial=0.0))
        if off > NEAR:
            self.b = bounded(self.b * (self.target_b / odds_form(sums, self.space)))
        return off

    def _gradients(self, a: Floats, b: Floats) -> tuple[Floats, Floats, Floats]:
        x = self._odds(a, b)
        rows = sums_of(self.slot, x, len(self.need)) - self.need
        return rows, sums_of(self.person, x, len(self.load)) - self.load, x

    def _newton(self) -> bool:
        """One damped Newton step for the logarithms of a and b; whether it came nearer.

        The rows are eliminated first; what is left, people against people, by Gaussian elimination
        through element-wise operations alone.
        """
        rows, columns, x = self._gradients(self.a, self.b)
        curve = x * (1.0 - x / self.weight)
        ridge = 1e-12 * (float(self.space.max(initial=0.0)) + 1.0)
        of_rows = sums_of(self.slot, curve, len(rows)) + ridge
        of_columns = sums_of(self.person, curve, len(columns)) + ridge
        table = np.zeros((len(rows), len(columns)))
        table[self.slot, self.person] = curve
        matrix = np.zeros((len(columns), len(columns)))
        matrix[np.arange(len(columns)), np.arange(len(columns))] = of_columns
        right = -columns
        for own, weight, gap in zip(table, of_rows.tolist(), rows.tolist(), strict=True):
            part = own / weight
            matrix -= part[:, None] * own[None, :]
            right += part * gap
        matrix[np.arange(len(columns)), np.arange(len(columns))] += ridge
        step_b = _eliminate(matrix, right)
        step_a = -(rows + sums_of(self.slot, curve * step_b[self.person], len(rows))) / of_rows
        before = float(np.cumsum(np.abs(rows))[-1] + np.cumsum(np.abs(columns))[-1])
        for _ in range(8):
            a, b = self.a * _growth(step_a), self.b * _growth(step_b)
            a, b = bounded(a), bounded(b)
            rows, columns, _ = self._gradients(a, b)
            now = float(np.cumsum(np.abs(rows))[-1] + np.cumsum(np.abs(columns))[-1])
            if now < 0.99 * before:
                self.a, self.b = a, b
                return bool((np.abs(columns) > NEAR * self.scale).any())
            step_a, step_b = step_a / 4, step_b / 4
        return False


def _eliminate(matrix: npt.NDArray[np.float64], right: Floats) -> Floats:
    """The solution of a symmetric, diagonally dominant system; `matrix` and `right` are used up."""
    size = len(right)
    for k in range(size - 1):
        factor = matrix[k + 1 :, k] / matrix[k, k]
        matrix[k + 1 :, k + 1 :] -= factor[:, None] * matrix[k, k + 1 :][None, :]
        right[k + 1 :] -= factor * right[k]
    for k in range(size - 1, -1, -1):
        right[k] = right[k] / matrix[k, k]
        right[:k] -= matrix[:k, k] * right[k]
    return right


def _growth(step: Floats) -> Floats:
    """About the exponential of a step cut at ±2, without a library's exponential."""
    cut = np.minimum(np.maximum(step, -2.0), 2.0) / 4
    half = (1.0 + cut) / (1.0 - cut)
    return np.asarray(half * half)


def bounded(factors: Floats) -> Floats:
    """Factors of what is all but certain or impossible, kept where products stay finite."""
    return np.minimum(np.maximum(factors, 1e-60), 1e60)


def curve(product: Floats, cap: Floats | float) -> Floats:
    return np.asarray(cap * (product / (product + 1.0)))


def ratio_of(target: Floats, found: Floats, most: Floats) -> Floats:
    return odds_form(target, most) / odds_form(found, most)


def odds_form(value: Floats, most: Floats) -> Floats:
    """Value / (most - value), kept within 1e±18; 1 where there is nothing to share."""
    share = np.divide(value, most, out=np.full_like(most, 0.5), where=most > 0)
    share = np.minimum(np.maximum(share, 1e-18), 1.0)
    return np.asarray(share / np.maximum(1.0 - share, 1e-18))


def sums_of(groups: npt.NDArray[np.integer[Any]], values: Floats, size: int) -> Floats:
    return np.bincount(groups, weights=values, minlength=size).astype(np.float64, copy=False)
