"""Balanced over two margins at once, such as regions and risk classes, and nearly over a third.

Rules enforced here:
1. Each value of `columns` gives its rate, rounded up; each value of `rows` what its cells are to
   give together, rounded down or up: in every draw, by controlled rounding of the crossed cells.
2. Everybody whose rate is above 0 keeps a chance: a cell that would get nobody is merged with one
   of the same column, or of the same row, as `keep` says. That margin stays as it is; the other is
   then met nearly and on average, and `deviations` says by how much it is off.
3. No cell, merged or not, gives less than the rate `least` of its subjects, rounded up.
4. Three margins have no exact answer in general: a third is nested in one of the two, or met as
   nearly as possible within the cells of the two, which stay as they are.
5. Cells and counts follow from the values of columns alone, never from ids or the order of rows.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
from attrs import field, frozen

from randcheck.design import Cell, Design
from randcheck.errors import ParameterError, shorten
from randcheck.fields import FrozenMapping
from randcheck.frame import Frame
from randcheck.rates import count_from_rate, parse_rate
from randcheck.samplers.controlled import controlled_rounding, pooled
from randcheck.samplers.parameters import (
    STRATA,
    as_rate_or_rates,
    check_classes,
    class_of_unknown,
    shown,
)
from randcheck.table import Positions
from randcheck.units import proportional

#: The columns of a frame that can be balanced.
COLUMNS = (*STRATA, "risk_class")

#: How many of the values that share a merged cell its name shows.
SHOWN = 4


class Deviation(NamedTuple):
    """How far a design is off for one value of one variable: `deviation` = realised - expected.

    `expected` is what the rates ask for, in proportion to the subjects of each cell; `realised` the
    sum of the inclusion probabilities of all who have the value.
    """

    variable: str
    value: str
    expected: Fraction
    realised: Fraction
    deviation: Fraction


def _as_columns(value: Any, name: str = "columns") -> str | tuple[str, ...]:
    """One column's name, or those of several that are nested."""
    names = (value,) if isinstance(value, str) or not isinstance(value, Iterable) else tuple(value)
    if not names or not set(names) <= set(COLUMNS):
        remedy = f"some of {', '.join(COLUMNS)}"
        raise ParameterError(name, shorten(value), "cannot be balanced", remedy)
    return names[0] if len(names) == 1 else names


def _as_rows(value: Any) -> str | tuple[str, ...]:
    return _as_columns(value, "rows")


def _as_third(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        remedy = "name one, and nest others in rows or columns"
        raise ParameterError("third", shorten(value), "is not one column", remedy)
    return value and str(_as_columns(value, "third"))


def _as_least(value: Any) -> Fraction:
    return parse_rate("0" if type(value) is int and value == 0 else value, "least")


@frozen(kw_only=True)
class BalancedSampler:
    """A draw that represents two variables at once, and a third as nearly as possible.

    `rows` and `columns`: a column of the frame each, or a tuple of columns that are nested, such as
    `("region", "industry")`. `rates`: one rate for everybody, or a rate for each value of `columns`
    (one not known is `"unknown"`; tags are joined by `+`, no tags are `"none"`).
    `least`: a legal minimum that holds in each cell of the two; it raises what a rate leaves below.
    `third`: one more column, met as nearly as possible.
    `keep`: the margin that merged cells keep, `"columns"` or `"rows"`. Where classes have legal
    minimums of their own, keep those: a cell merged across classes has one rate for both.
    `unclassified`: the class that subjects without a risk class count as, or `"unclassified"`, or a
    rate under that name, to keep them apart.
    """

    name: ClassVar[str] = "balanced"
    rows: str | tuple[str, ...] = field(converter=_as_rows)
    columns: str | tuple[str, ...] = field(default="risk_class", converter=_as_columns)
    rates: Fraction | FrozenMapping = field(converter=as_rate_or_rates)
    third: str | None = field(default=None, converter=_as_third)
    keep: str = "columns"
    least: Fraction = field(default=Fraction(0), converter=_as_least)
    unclassified: str | None = None

    def __attrs_post_init__(self) -> None:
        names = [*_names(self.rows), *_names(self.columns), *_names(self.third or ())]
        if len(set(names)) < len(names):
            raise ParameterError("columns", shorten(names), "are not distinct", "name each once")
        if self.keep not in ("rows", "columns"):
            remedy = "say 'columns' or 'rows'"
            raise ParameterError("keep", shorten(self.keep), "is no margin", remedy)
        by_value = () if isinstance(self.rates, Fraction) else tuple(self.rates)
        if by_value and not isinstance(self.columns, str):
            reason, remedy = "does not fit nested columns", "give one rate for all"
            raise ParameterError("rates", shorten(self.rates), reason, remedy)
        if by_value and self.columns == "risk_class":
            check_classes("rates", self.rates)
        if self.unclassified is not None:
            check_classes("unclassified", {self.unclassified: None})

    def design(self, frame: Frame) -> Design:
        """One cell for each pair of values that somebody has; fewer where cells are merged."""
        if not len(frame):
            return Design.from_cells(frame, [])
        crossed = self._crossed(frame)
        cells = [crossed.cell(group) for group in self._groups(crossed)]
        if self.third is not None:
            cells = list(self._split(cells, crossed, self._margin(frame, self.third)))
        return Design.from_cells(frame, cells)

    def deviations(self, frame: Frame) -> list[Deviation]:
        """For each value of each variable, how far the design is off what the rates ask for."""
        if not len(frame):
            return []
        crossed = self._crossed(frame)
        third = [] if self.third is None else [self._margin(frame, self.third)]
        given = [(cell.rate, cell.members) for cell in self.design(frame).cells if cell.take]
        return [
            Deviation(margin.name, value, expected, realised, realised - expected)
            for margin in (crossed.rows, crossed.columns, *third)
            for value, expected, realised in zip(
                margin.values, margin.sums(crossed.odds()), margin.sums(given), strict=True
            )
        ]

    # --- the two margins -----------------------------------------------------------------------

    def _margin(self, frame: Frame, columns: str | tuple[str, ...]) -> _Margin:
        names = _names(columns)
        rated = () if isinstance(self.rates, Fraction) else self.rates
        found: dict[tuple[Any, ...], list[Positions]] = {}
        for values, members in frame.strata(*names):
            key = tuple(
                class_of_unknown(len(members), self.unclassified, rated)
                if each == ("risk_class", None)
                else each[1]
                for each in zip(names, values, strict=True)
            )
            found.setdefault(key, []).append(members)
        order = sorted(found, key=lambda key: [(value is not None, value) for value in key])
        codes = np.empty(len(frame), dtype=np.int64)
        for code, key in enumerate(order):
            codes[np.concatenate(found[key])] = code
        return _Margin(
            "/".join(names),
            tuple("/".join(shown(value) or "none" for value in key) for key in order),
            codes,
        )

    def _crossed(self, frame: Frame) -> _Crossed:
        rows, columns = self._margin(frame, self.rows), self._margin(frame, self.columns)
        shape = len(rows.values), len(columns.values)
        codes = np.ravel_multi_index((rows.codes, columns.codes), shape)
        table = np.bincount(codes, minlength=shape[0] * shape[1]).reshape(shape)
        order = np.argsort(codes, kind="stable").astype(np.int32)
        members = np.split(order, np.cumsum(table)[:-1])
        rates = self._rates(columns, table.sum(axis=0).tolist())
        totals, expected, why = [], [], []
        for rate, value, column in zip(rates, columns.values, table.T.tolist(), strict=True):
            minimums = [count_from_rate(self.least, size) for size in column]
            total = max(by_rate := count_from_rate(rate, sum(column)), sum(minimums))
            rule = f"a rate of {rate}, rounded up" if total == by_rate else "each cell's minimum"
            why.append(f"{value}: {total} of {sum(column)}, {rule}")
            totals.append(total)
            expected.append(proportional(total, column, minimums, column))
        by_row = [list(row) for row in zip(*expected, strict=True)]
        counts = self._counts(rows.name, rates, by_row, totals)
        return _Crossed(rows, columns, rates, members, by_row, counts, why)

    def _rates(self, columns: _Margin, sizes: Sequence[int]) -> list[Fraction]:
        rates = self.rates
        if isinstance(rates, Fraction):
            return [rates] * len(sizes)
        of = dict(zip(columns.values, sizes, strict=True))
        missing = {value: size for value, size in of.items() if value not in rates}
        if missing:
            reason = f"has no rate for {shorten(missing)} ({columns.name}: subjects)"
            remedy = "give each value that occurs a rate, '0%' for none"
            raise ParameterError("rates", shorten(dict(rates)), reason, remedy)
        return [rates[value] for value in columns.values]

    def _counts(
        self,
        rows: str,
        rates: Sequence[Fraction],
        expected: list[list[Fraction]],
        totals: Sequence[int],
    ) -> list[list[int]]:
        """The cells' counts; where rows are kept, somebody from each beside those who are sure."""
        if self.keep == "columns":
            return controlled_rounding(expected, columns=totals)
        bounds = []
        for row in expected:
            sure = int(sum(share for share, rate in zip(row, rates, strict=True) if rate == 1))
            rest = sum(row) - sure
            bounds.append((sure + max(math.floor(rest), rest > 0), sure + math.ceil(rest)))
        try:
            return controlled_rounding(expected, rows=bounds, columns=totals)
        except ParameterError as error:
            small = sum(sum(row) < 1 for row in expected)
            reason = f"needs one from each {rows}, and {small} of {len(expected)} are to give less"
            remedy = "keep='columns', raise the rates, or set least"
            raise ParameterError("keep", "'rows'", reason, remedy) from error

    def _groups(self, crossed: _Crossed) -> list[_Group]:
        """The cells that somebody is in, merged where they would get nobody; by first cell.

        Who has no chance, because his rate is 0, and who is sure to be drawn, stays so.
        """
        settled: list[_Group] = []
        by_line: dict[int, list[_Group]] = {}
        order = sorted({*crossed.rates})
        for number, (share, members) in enumerate(crossed.shares()):
            row, column = divmod(number, len(crossed.rates))
            rate = crossed.rates[column]
            group = _Group((number,), share, crossed.counts[row][column], order.index(rate))
            if len(members):
                line = row if self.keep == "rows" else column
                (by_line.setdefault(line, []) if 0 < rate < 1 else settled).append(group)
        merged = [group for line in by_line.values() for group in merge(line)]
        return sorted([*settled, *merged], key=lambda group: group.parts)

    # --- the third -----------------------------------------------------------------------------

    def _split(self, cells: Sequence[Cell], crossed: _Crossed, third: _Margin) -> Iterator[Cell]:
        """The cells of the two, each split by the values of the third as nearly as possible.

        Values too rare in a cell are pooled beforehand. The table that is rounded has a row for
        each cell, and a column for each value, for the first pool of every cell, the second, and so
        on. What a value gets in pools is taken off its goal.
        """
        goals = third.sums(crossed.odds())
        rows: list[dict[int, Fraction]] = []
        runs: list[list[list[int]]] = []
        for cell in cells:
            sizes = third.sizes(cell.members)
            pools = itertools.count(len(third.values))
            runs.append(pooled([cell.rate * size for size in sizes], sizes, self.least))
            rows.append({})
            for run in runs[-1]:
                place = run[0] if len(run) == 1 else next(pools)
                rows[-1][place] = sum((cell.rate * sizes[value] for value in run), Fraction(0))
                goals += [Fraction(0)] * (place + 1 - len(goals))
                for value in run:
                    goals[value] -= cell.rate * sizes[value]
                    goals[place] += cell.rate * sizes[value]
        table = [[row.get(place, Fraction(0)) for place in range(len(goals))] for row in rows]
        counts = controlled_rounding(table, rows=[cell.take for cell in cells], goals=goals)
        for cell, own, row, given in zip(cells, runs, rows, counts, strict=True):
            codes = third.codes[cell.members]
            for run, (place, share) in zip(own, row.items(), strict=True):
                take, members = given[place], cell.members[np.isin(codes, run)]
                name = f"{cell.name}/{_joined(third.values[value] for value in run)}"
                why = f"{cell.why}; of these {take} for {float(share):.2f} by {third.name}"
                yield Cell(take, members, name=name, why=why) if len(own) > 1 else cell


@frozen
class _Group:
    """Cells drawn from as one: their numbers, and the place of their rate among all rates."""

    parts: tuple[int, ...]
    share: Fraction
    take: int
    rank: int


def merge(groups: Sequence[_Group]) -> list[_Group]:
    """Merge each group that would give nobody with one that gives somebody.

    With one whose rate was to be nearest; of several, with the one that gives most beyond its
    share, so that roundings up and down make up for each other; of several, with the earliest.
    """
    heaps: dict[int, list[tuple[Fraction, int, _Group]]] = {}
    for place, group in enumerate(groups):
        if group.take:
            entry = (group.share - group.take, place, group)
            heapq.heappush(heaps.setdefault(group.rank, []), entry)
    for short in groups:
        if not short.take:
            heap = heaps[min(heaps, key=lambda rank: (abs(rank - short.rank), rank))]
            lack, place, mate = heap[0]
            parts = tuple(sorted(mate.parts + short.parts))
            both = _Group(parts, mate.share + short.share, mate.take, mate.rank)
            heapq.heapreplace(heap, (lack + short.share, place, both))
    return [group for heap in heaps.values() for *_, group in heap]


@frozen(eq=False)
class _Margin:
    """A variable: its values in order, and the place of each subject's value among them."""

    name: str
    values: tuple[str, ...]
    codes: npt.NDArray[np.int64]

    def sizes(self, members: Positions) -> list[int]:
        """How many of these subjects have each value."""
        sizes: list[int] = np.bincount(self.codes[members], minlength=len(self.values)).tolist()
        return sizes

    def sums(self, rates: Iterable[tuple[Fraction, Positions]]) -> list[Fraction]:
        """For each value, the sum of rates over all subjects that have it."""
        sums = [Fraction(0)] * len(self.values)
        for rate, members in rates:
            values, sizes = np.unique(self.codes[members], return_counts=True)
            for value, size in zip(values.tolist(), sizes.tolist(), strict=True):
                sums[value] += rate * size
        return sums


@frozen(eq=False)
class _Crossed:
    """Two margins, crossed: who is in each cell, and how many it is to give and gives.

    `members` are by cell number, row by row; `expected` and `counts` are tables.
    """

    rows: _Margin
    columns: _Margin
    rates: list[Fraction]
    members: list[Positions]
    expected: list[list[Fraction]]
    counts: list[list[int]]
    why: list[str]

    def shares(self) -> Iterator[tuple[Fraction, Positions]]:
        """How many each cell is to give, and who is in it."""
        return zip((share for row in self.expected for share in row), self.members, strict=True)

    def odds(self) -> Iterator[tuple[Fraction, Positions]]:
        """The share of each cell's subjects that it is to give, and who is in it."""
        return ((share / len(own), own) for share, own in self.shares() if share)

    def cell(self, group: _Group) -> Cell:
        """Some of the cells as one: who is in it, how many it gives, and why, in words."""
        members = np.sort(np.concatenate([self.members[number] for number in group.parts]))
        cells = [divmod(number, len(self.columns.values)) for number in group.parts]
        rows = dict.fromkeys(self.rows.values[row] for row, _ in cells)
        columns = dict.fromkeys(column for _, column in cells)
        name = f"{_joined(rows)}/{_joined(self.columns.values[column] for column in columns)}"
        why = [self.why[column] for column in columns]
        both = f"{self.rows.name} and {self.columns.name}"
        why.append(f"here {group.take} for {float(group.share):.2f}, so that {both} add up")
        if len(cells) > 1:
            why.append(f"{len(cells)} cells are one, so that nobody is left without a chance")
        return Cell(group.take, members, name=name, why="; ".join(why))


def _names(columns: str | tuple[str, ...]) -> tuple[str, ...]:
    return (columns,) if isinstance(columns, str) else columns


def _joined(values: Iterable[str]) -> str:
    each = list(values)
    if len(each) > SHOWN:
        each = [*each[: SHOWN - 1], f"… ({len(each)} in all)"]
    return " + ".join(each)
