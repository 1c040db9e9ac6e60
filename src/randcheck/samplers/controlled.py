"""Controlled rounding: whole numbers for a table, so that its rows and columns add up as well.

Rules enforced here:
1. A count is its expected value rounded down or up, and so is every row's and column's sum, unless
   other bounds are given. Such a table exists whatever is expected (Bacharach, "Matrix rounding
   problems", 1966; Causey, Cox and Ernst, "Applications of transportation theory to statistical
   problems", 1985; Cox, "A constructive procedure for unbiased controlled rounding", 1987).
2. Of all such tables it is the nearest, by the sum of squared deviations; of several that are
   equally near, the one with the larger count in the first cell, row by row, where they differ.
   So there is one answer, whatever the algorithm, and no randomness in it.
3. The flow is one of integers. Expected values are compared as multiples of their common
   denominator's inverse; where that denominator is above 2³², of 2⁻³², rounded down. (That bears
   on which table is nearest alone; bounds and sums are exact.)

The table is a transport from rows to columns. A further row and a further column take up what a sum
may vary by, so that all sums are fixed. Each cell starts at its nearest whole number, which costs
least and breaks the sums; units are then moved along cheapest paths until the sums hold (successive
shortest paths with convex costs: Ahuja, Magnanti and Orlin, "Network Flows", 1993, 9.7 and 14.4).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from randcheck.errors import ParameterError, shorten
from randcheck.rates import count_from_rate

#: What the sums of rows or columns must be: a whole number each, or its bounds.
Sums = Sequence[int | tuple[int, int]]

#: The largest common denominator that is used as it is.
FINEST = 1 << 32

_Matrix = npt.NDArray[Any]


def controlled_rounding(
    expected: Sequence[Sequence[Fraction | int]],
    *,
    rows: Sums | None = None,
    columns: Sums | None = None,
    goals: Sequence[Fraction] | None = None,
    lower: Sequence[Sequence[int]] | None = None,
    upper: Sequence[Sequence[int]] | None = None,
) -> list[list[int]]:
    """The table of whole numbers nearest to `expected`, with sums that hold.

    `expected`: a list of rows of exact numbers from 0. `rows`, `columns`: what the sums must be,
    whole numbers or pairs of bounds; unless given, within floor and ceiling of the expected sums.
    `lower`, `upper`: bounds of the cells, instead of floor and ceiling.
    `goals`: sums of the columns that are to be met as nearly as possible, where `columns` does not
    say what they must be: a sum then lies between its expected one and its goal, and a squared
    deviation from the goal weighs as much as one in every cell together.

    Raises `ParameterError`, which says how many units find no place, when no such table exists.
    """
    table = [[_exact(value) for value in row] for row in expected]
    width = len(table[0]) if table else len(columns or goals or ())
    if any(len(row) != width for row in table):
        raise ParameterError(
            "expected", shorten(table), "has rows of several lengths", "give a rectangular table"
        )
    aims = [Fraction(goal) for goal in goals or ()]
    row_bounds = _bounds("rows", rows, [(sum(row),) for row in table])
    column_sums = [sum(row[place] for row in table) for place in range(width)]
    column_bounds = _bounds(
        "columns", columns, [*zip(column_sums, *([aims] if goals else ()), strict=True)]
    )
    flow = _Flow(
        _bordered(lower or [[math.floor(v) for v in row] for row in table], width),
        _bordered(upper or [[math.ceil(v) for v in row] for row in table], width),
        table,
        row_bounds,
        column_bounds,
        aims,
    )
    if (flow.low > flow.high).any():
        raise ParameterError(
            "lower", shorten(lower), "is above upper somewhere", "give bounds with room"
        )
    lost = flow.settle()
    if lost:
        raise ParameterError(
            "expected",
            f"a table of {len(table)} × {width}",
            f"cannot be rounded within these bounds: {lost} units find no place",
            "widen the sums of rows or columns, or the bounds of the cells, by as much",
        )
    return flow.earliest()


def pooled(shares: Sequence[Fraction], sizes: Sequence[int], least: Fraction) -> list[list[int]]:
    """Parts that can be rounded down and still give one, and their legal minimum: runs of places.

    A place stands alone where it can; the others are joined in order, until they can. What is left
    joins the last of these, or else the smallest that stands alone. Where all or none are to be
    given, there is one run.
    """

    def enough(run: Sequence[int]) -> bool:
        minimum = count_from_rate(least, sum(sizes[place] for place in run))
        return sum(shares[place] for place in run) >= max(1, minimum)

    runs: list[list[int]] = []
    waiting: list[int] = []
    places = [place for place, size in enumerate(sizes) if size]
    if sum(shares) in (0, sum(sizes)):
        return [places]
    alone = sorted(([p] for p in places if enough([p])), key=lambda run: -shares[run[0]])
    for place in places:
        if [place] not in alone:
            waiting.append(place)
            if enough(waiting):
                runs.append(waiting)
                waiting = []
    while waiting and not enough(waiting) and (runs or alone):
        waiting = sorted(waiting + (runs or alone).pop())
    return sorted(run for run in (*runs, *alone, waiting) if run)


def _exact(value: Any) -> Fraction:
    if type(value) not in (int, Fraction) or value < 0:
        raise ParameterError(
            "expected", shorten(value), "is no exact number from 0", "give a Fraction or an int"
        )
    return Fraction(value)


def _bounds(
    name: str, given: Sums | None, wanted: Sequence[tuple[Fraction | int, ...]]
) -> list[tuple[int, int]]:
    """The least and the largest sum of each row or column."""
    if given is None:
        return [(math.floor(min(sums)), math.ceil(max(sums))) for sums in wanted]
    if len(given) != len(wanted):
        raise ParameterError(
            name, shorten(given), f"are not the sums of {len(wanted)} {name}", "give one for each"
        )
    return [(each, each) if isinstance(each, int) else each for each in given]


def _bordered(values: Sequence[Sequence[int]], width: int) -> _Matrix:
    """A table with a further row and column of zeros."""
    inner = np.array(values, dtype=np.int64).reshape(len(values), width)
    return np.pad(inner, ((0, 1), (0, 1)))


def _unit(values: Iterable[Fraction]) -> int:
    unit = 1
    for value in values:
        unit = math.lcm(unit, value.denominator)
        if unit > FINEST:
            return FINEST
    return unit


class _Flow:
    """Counts between `low` and `high`, which become the cheapest ones with the sums wanted.

    All arrays are of shape (rows + 1, columns + 1). A count x costs weight × (x − target)², in
    units of 1 / unit². The last column holds what a row's sum falls short of its largest, the last
    row what a column's does; in their corner is the sum of all, so that every sum is fixed.
    """

    def __init__(
        self,
        low: _Matrix,
        high: _Matrix,
        table: list[list[Fraction]],
        rows: list[tuple[int, int]],
        columns: list[tuple[int, int]],
        aims: list[Fraction],
    ) -> None:
        tops, heads = [most for _, most in rows], [most for _, most in columns]
        high[:-1, -1] = [most - least for least, most in rows]
        high[-1, :-1] = [most - least for least, most in columns]
        high[-1, -1] = min(sum(tops), sum(heads))
        self.low, self.high = low, high
        self.row_sums = np.array([*tops, sum(heads)], dtype=np.int64)
        self.column_sums = np.array([*heads, sum(tops)], dtype=np.int64)
        unit = _unit([value for row in (*table, aims) for value in row])
        target = np.zeros(low.shape, dtype=object)
        weight = np.zeros(low.shape, dtype=object)
        for number, row in enumerate(table):
            target[number, :-1] = [math.floor(value * unit) for value in row]
        weight[:-1, :-1] = 1
        if aims:
            target[-1, :-1] = [
                unit * head - math.floor(aim * unit) for head, aim in zip(heads, aims, strict=True)
            ]
            weight[-1, :-1] = max(1, weight[:-1, :-1].size)
        farthest = np.maximum(abs(2 * target - unit * (2 * low - 1)),
                              abs(2 * target - unit * (2 * high + 1)))  # fmt: skip
        costs = farthest * weight
        # a path meets each row and column once, and the last row so at most twice
        longest = sum(low.shape) * int(costs[:-1].max(initial=0)) + 2 * int(costs[-1].max()) + 1
        self.far = 4 * longest
        fits = 2 * self.far < 1 << 62 and int(farthest.max()) < 1 << 62
        self.kind: Any = np.int64 if fits else object
        self.unit = unit
        self.target, self.weight = target.astype(self.kind), weight.astype(self.kind)
        self.counts = self._nearest()

    def _nearest(self) -> _Matrix:
        """Each count at its cheapest; where all are equally cheap, what its row or column lacks."""
        nearest = ((2 * self.target + self.unit) // (2 * self.unit)).astype(np.int64)
        counts = np.clip(nearest, self.low, self.high)
        counts[:, -1] = 0
        free_row = not self.weight[-1, :-1].any()
        if free_row:
            counts[-1] = 0
            lacking = self.column_sums[:-1] - counts[:, :-1].sum(axis=0)
            counts[-1, :-1] = np.clip(lacking, 0, self.high[-1, :-1])
        lacking = self.row_sums - counts.sum(axis=1)
        counts[:, -1] = np.clip(lacking, 0, self.high[:, -1])
        return counts

    def _rise(self) -> _Matrix:
        """What one unit more costs in each cell, `far` where it has no room."""
        cost = self.weight * (self.unit * (2 * self.counts.astype(self.kind) + 1) - 2 * self.target)
        return np.where(self.counts < self.high, cost, self.far)

    def _fall(self) -> _Matrix:
        """What one unit less costs in each cell, `far` where it has none to give."""
        cost = self.weight * (2 * self.target - self.unit * (2 * self.counts.astype(self.kind) - 1))
        return np.where(self.counts > self.low, cost, self.far)

    def _distances(
        self, row: _Matrix, column: _Matrix
    ) -> tuple[_Matrix, _Matrix, _Matrix, _Matrix]:
        """The cheapest paths from rows and columns at 0: what each costs and where it comes from.

        Bellman and Ford's rule, a sweep over all rows and then all columns at a time: a step from
        a row to a column is a unit more in their cell, a step back one less.
        """
        rise, fall = self._rise(), self._fall()
        from_row = np.full(len(column), -1)
        from_column = np.full(len(row), -1)
        moving = True
        while moving:
            costs = row[:, None] + rise
            best = costs.argmin(axis=0)
            cost = costs[best, np.arange(len(column))]
            nearer = (cost < column) & (cost < self.far // 2)
            column, from_row = np.where(nearer, cost, column), np.where(nearer, best, from_row)
            moving = bool(nearer.any())
            costs = column[None, :] + fall
            best = costs.argmin(axis=1)
            cost = costs[np.arange(len(row)), best]
            nearer = (cost < row) & (cost < self.far // 2)
            row, from_column = np.where(nearer, cost, row), np.where(nearer, best, from_column)
            moving |= bool(nearer.any())
        return row, column, from_row, from_column

    def settle(self) -> int:
        """Move units until every sum holds; return how many find no place."""
        while True:
            row_gap = self.row_sums - self.counts.sum(axis=1)
            column_gap = self.column_sums - self.counts.sum(axis=0)
            lost = int(row_gap[row_gap > 0].sum() - column_gap[column_gap < 0].sum())
            if not lost:
                return 0
            away = np.array(self.far, dtype=self.kind)
            zero = np.array(0, dtype=self.kind)
            row, column, from_row, from_column = self._distances(
                np.where(row_gap > 0, zero, away), np.where(column_gap < 0, zero, away)
            )
            sinks = [(column[place], 1, int(place)) for place in np.flatnonzero(column_gap > 0)]
            sinks += [(row[place], 0, int(place)) for place in np.flatnonzero(row_gap < 0)]
            sinks = [sink for sink in sinks if sink[0] < self.far // 2]
            if not sinks:
                return lost
            used: set[tuple[int, int]] = set()
            for _, side, place in sorted(sinks):
                self._move((side, place), from_row, from_column, used)

    def _move(
        self,
        sink: tuple[int, int],
        from_row: _Matrix,
        from_column: _Matrix,
        used: set[tuple[int, int]],
    ) -> None:
        """Send a unit to a sink, unless one was sent by one of its rows or columns just now."""
        path = [sink]
        came = (from_column, from_row)
        while (before := int(came[path[-1][0]][path[-1][1]])) >= 0:
            path.append((1 - path[-1][0], before))
        if not used.isdisjoint(path):
            return
        used.update(path)
        for (side, place), (_, before) in pairwise(path):
            if side:
                self.counts[before, place] += 1
            else:
                self.counts[place, before] -= 1

    def earliest(self) -> list[list[int]]:
        """Of all tables as near as this one, the one whose first cells are largest.

        By complementary slackness these are the tables whose counts stay where moving a unit costs
        just what the rows' and columns' prices say.
        """
        zeros = (np.zeros(n, dtype=self.kind) for n in self.counts.shape)
        row, column, _, _ = self._distances(*zeros)
        price = row[:, None] - column[None, :]
        low = np.where(self._fall() == price, self.counts - 1, self.counts)
        high = np.where(self._rise() == -price, self.counts + 1, self.counts)
        free = (self.weight == 0) & (price == 0)
        low, high = np.where(free, self.low, low), np.where(free, self.high, high)
        height, width = (n - 1 for n in self.counts.shape)
        cells = [(r, c) for r in range(height) for c in range(width)]
        if width <= height:
            counts = _first_largest(self.counts, low, high, cells)
        else:
            turned = [(c, r) for r, c in cells]
            counts = _first_largest(self.counts.T, low.T, high.T, turned).T
        return [[int(count) for count in line[:-1]] for line in counts[:-1]]


def _first_largest(
    counts: _Matrix, low: _Matrix, high: _Matrix, cells: Iterable[tuple[int, int]]
) -> _Matrix:
    """The counts between bounds with the same sums whose `cells` are largest, the first one first.

    A cell gains a unit where a chain of cells leads from its column back to its row, each in turn
    giving one up and taking one on. Rows are bits of a whole number for each column.
    """
    counts = counts.copy()
    can_rise, can_fall = (
        [sum(1 << int(row) for row in np.flatnonzero(has)) for has in (room > 0).T]
        for room in (high - counts, counts - low)
    )

    def add(row: int, column: int, units: int) -> None:
        counts[row, column] += units
        for bits, room in (
            (can_rise, high[row, column] - counts[row, column]),
            (can_fall, counts[row, column] - low[row, column]),
        ):
            bits[column] = bits[column] | 1 << row if room > 0 else bits[column] & ~(1 << row)

    for row, column in cells:
        bit = 1 << row
        rises = can_rise[column] & bit
        can_rise[column] &= ~bit  # from here on the cell stays as it is
        can_fall[column] &= ~bit
        if not rises or not can_fall[column]:
            continue
        came: dict[int, tuple[int, int]] = {column: (-1, -1)}
        queue = [column]
        for place in queue:
            falling = can_fall[place]
            if falling & bit:
                counts[row, column] += 1
                add(row, place, -1)
                while place != column:
                    through, before = came[place]
                    add(through, place, 1)
                    add(through, before, -1)
                    place = before
                break
            for other, rising in enumerate(can_rise):
                if other not in came and (both := rising & falling):
                    came[other] = ((both & -both).bit_length() - 1, place)
                    queue.append(other)
    return counts
