"""Items of equal rates in the same cells: one visit for all of them, each minimum kept.

Rules enforced here:
1. Each item's own design says how many it takes from each of its cells; from the subjects of each
   such cell the merged cells take as many or more, whatever the dice.
2. Items are merged only where one common rate explains all their counts: ⌈rate × N⌉ in every cell.
3. A group of subjects with the same items in the same cells has a merged cell of its own, unless it
   is too small for a whole unit: then it joins a cell whose items it has as well. So everybody in a
   cell has at least the items that the cell counts for, and nobody is left without a chance.

To find the fewest visits is a covering problem, hard in general; counts are raised where that
serves the most items, and lowered again where none needs them. The visits are exactly Σ take.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from attrs import define, field

from randcheck.design import Design
from randcheck.errors import ParameterError
from randcheck.table import Positions

_NONE = -1


@define(eq=False)
class _Group:
    """Subjects with the same items in the same cells, and those who joined them."""

    members: Positions
    #: the cells of the items' own designs that all of them are in
    needs: frozenset[int]
    take: int = 0
    joined: list[_Group] = field(factory=list)

    @property
    def size(self) -> int:
        return len(self.members) + sum(len(each.members) for each in self.joined)


def merged_cells(
    size: int, designs: Mapping[str, tuple[Design, Positions]]
) -> list[tuple[int, Positions]]:
    """Counts and members of cells that serve all items of `designs` at once.

    `designs` gives each item its own design and the positions of its subjects among `size`. Raises
    `ParameterError` where no common rate explains the counts of cells that share subjects.
    """
    numbers = np.full((len(designs), size), _NONE, dtype=np.int64)
    takes: list[int] = []
    sizes: list[int] = []
    names: list[str] = []
    for row, (item, (design, position)) in enumerate(designs.items()):
        for cell in (each for each in design.cells if each.size):
            numbers[row, position[cell.members]] = len(takes)
            takes.append(cell.take)
            sizes.append(cell.size)
            names.append(f"{item}/{cell.name}")
    groups = _groups(numbers)
    rates = _common_rates(groups, takes, sizes, names)
    return [
        (group.take, np.sort(np.concatenate([group.members, *(x.members for x in group.joined)])))
        for group in _covered(groups, takes, rates)
    ]


def _groups(numbers: npt.NDArray[np.int64]) -> list[_Group]:
    """The groups, the larger first."""
    _, kind_of = np.unique(numbers, axis=1, return_inverse=True)
    kind_of = kind_of.reshape(-1)
    order = np.argsort(kind_of, kind="stable").astype(np.int32)
    starts = np.flatnonzero(np.diff(kind_of[order], prepend=-1))
    groups = []
    for members in np.split(order, starts[1:]):
        needs = frozenset(numbers[:, members[0]].tolist()) - {_NONE}
        if needs:
            groups.append(_Group(members, needs))
    return sorted(groups, key=lambda group: (-len(group.members), sorted(group.needs)))


def _common_rates(
    groups: Sequence[_Group], takes: Sequence[int], sizes: Sequence[int], names: Sequence[str]
) -> dict[int, Fraction]:
    """The highest rate that explains the counts, for each cell: cells that share groups have one.

    A count t of N is ⌈rate × N⌉ exactly if (t - 1) / N < rate ≤ t / N.
    """
    root = list(range(len(takes)))

    def find(cell: int) -> int:
        while root[cell] != cell:
            root[cell] = root[root[cell]]
            cell = root[cell]
        return cell

    for group in groups:
        first, *others = sorted(group.needs)
        for other in others:
            root[find(other)] = find(first)
    highest: dict[int, int] = {}
    lowest: dict[int, int] = {}
    for cell, take in enumerate(takes):
        own = find(cell)
        top = highest.setdefault(own, cell)
        if Fraction(take, sizes[cell]) < Fraction(takes[top], sizes[top]):
            highest[own] = cell
        low = lowest.setdefault(own, cell)
        if Fraction(take - 1, sizes[cell]) > Fraction(takes[low] - 1, sizes[low]):
            lowest[own] = cell
    for own, low in lowest.items():
        top = highest[own]
        if Fraction(takes[low] - 1, sizes[low]) >= Fraction(takes[top], sizes[top]):
            shown = [f"{takes[each]} of {sizes[each]} in {names[each]}" for each in (low, top)]
            reason = "come from no common rate"
            remedy = "merge items that have equal rates on equal strata"
            raise ParameterError("merge", " and ".join(shown), reason, remedy)
    return {
        cell: Fraction(takes[highest[find(cell)]], sizes[highest[find(cell)]])
        for cell in range(len(takes))
    }


def _covered(
    groups: Sequence[_Group], takes: Sequence[int], rates: Mapping[int, Fraction]
) -> list[_Group]:
    """Groups with their counts, such that every cell of every item gets its count."""
    kept: list[_Group] = []
    for group in groups:
        rate = rates[min(group.needs)]
        hosts = [host for host in kept if host.needs < group.needs]
        if rate * len(group.members) < 1 and hosts:
            host = max(hosts, key=lambda host: (len(host.needs), len(host.members)))
            host.joined.append(group)
        else:
            kept.append(group)
    missing = list(takes)
    for group in kept:
        rate = rates[min(group.needs)]
        group.take = max(int(rate * group.size), 1 if rate else 0)
        for cell in group.needs:
            missing[cell] -= group.take
    while any(n > 0 for n in missing):
        _raise_one(kept, missing, rates)
    for group in sorted(kept, key=lambda group: rates[min(group.needs)] * group.size - group.take):
        while group.take > 1 and all(missing[cell] < 0 for cell in group.needs):
            group.take -= 1
            for cell in group.needs:
                missing[cell] += 1
    return kept


def _raise_one(kept: list[_Group], missing: list[int], rates: Mapping[int, Fraction]) -> None:
    """One unit more where it serves the most cells, ties to the group that is furthest behind.

    A group that joined another may leave it for a cell of its own. There is always a candidate: a
    cell that lacks a unit has a group that is not taken whole.
    """
    candidates = [
        (host, group)
        for host in kept
        for group in (host, *host.joined)
        if group is not host or host.take < host.size
    ]

    def worth(candidate: tuple[_Group, _Group]) -> tuple[int, Fraction]:
        host, group = candidate
        served = sum(missing[cell] > 0 for cell in group.needs)
        share = rates[min(group.needs)] * (host.size if group is host else len(group.members))
        return served, share - (host.take if group is host else 0)

    host, group = max(candidates, key=worth)
    if group is not host:
        host.joined.remove(group)
        kept.append(group)
    group.take += 1
    for cell in group.needs:
        missing[cell] -= 1
    while host.take > host.size:
        host.take -= 1
        for cell in host.needs:
            missing[cell] += 1
