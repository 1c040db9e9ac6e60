"""Several items in one visit (进一次门、查多项事): a design for each, one ticket for all.

Rules enforced here:
1. Each item gets exactly the design that its own sampler gives on the subjects it applies to,
   unless it is said to share cells with others.
2. Nothing couples the items but the shared tickets: a subject with a low ticket is drawn for many
   items at once, which makes the visits coincide.
3. Items that must go together are drawn together wherever one of them applies; items of equal rates
   may be merged, and each keeps its own count in each of its own cells, or more.
4. A budget of visits scales all counts alike before the dice; a least rate that it would break is
   an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any, ClassVar

from attrs import evolve, field, frozen
from attrs.converters import optional

from randcheck.design import Cell, Design
from randcheck.errors import ParameterError, shorten
from randcheck.fields import FrozenMapping, as_mapping
from randcheck.frame import Frame
from randcheck.rates import count_from_rate, parse_count
from randcheck.samplers import parameters
from randcheck.samplers.merging import merged_cells
from randcheck.samplers.scaling import by_department, keep_budget
from randcheck.strategy import has

#: What a budget may promise of the visits.
PROMISES = ("guaranteed", "expected")


def _as_samplers(value: Mapping[str, Any]) -> FrozenMapping:
    for item, sampler in as_mapping(value, "samplers").items():
        if not has(sampler, "design"):
            raise ParameterError(
                f"samplers[{item!r}]",
                shorten(sampler),
                "is no sampler",
                "give an object with design(frame), such as UniformSampler(rate='3%')",
            )
    return FrozenMapping(value)


def _as_groups(value: Any) -> tuple[tuple[str, ...], ...]:
    groups = (
        tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else (value,)
    )
    if not all(isinstance(group, list | tuple) and len(group) > 1 for group in groups):
        remedy = "write groups of at least two, such as (('food', 'price'),)"
        raise ParameterError("groups of items", shorten(value), "are no such groups", remedy)
    return tuple(map(tuple, groups))


def _as_quotas(value: Any) -> FrozenMapping:
    given = as_mapping(value, "quotas").items()
    return FrozenMapping({name: parse_count(n, f"quotas[{name!r}]") for name, n in given})


def _as_least(value: Any) -> Fraction | FrozenMapping:
    return parameters.as_rate_or_rates(value, "least")


@frozen
class JointItemSampler:
    """Each item drawn by its own sampler, all with the same tickets.

    `samplers` maps each item of the task to a sampler. The expected number of visits is close to
    the least possible, Σ over subjects of the largest rate, where the items' rates differ.

    - `together`: groups of items that are drawn together wherever one of them applies; they have
      one sampler in common.
    - `merge`: groups of items whose samplers give equal rates on equal strata; they get cells in
      common, by which each keeps its own minimum and visits are as few as their bound.
    - `budget`: the most visits, `quotas` the most for each department's items. `promise` says what
      of them is kept: `"guaranteed"` whatever the dice, or `"expected"`. All rates are scaled
      alike, up or down, as far as the budget goes; `least` is the rate, one for all items or one
      for each, that no cell may fall below.
    """

    name: ClassVar[str] = "joint-item"
    samplers: FrozenMapping = field(converter=_as_samplers)
    together: tuple[tuple[str, ...], ...] = field(default=(), converter=_as_groups)
    merge: tuple[tuple[str, ...], ...] = field(default=(), converter=_as_groups)
    budget: int | None = field(default=None, converter=optional(parse_count))
    quotas: FrozenMapping = field(default=FrozenMapping({}), converter=_as_quotas)
    promise: str = "guaranteed"
    least: Fraction | FrozenMapping = field(default=Fraction(0), converter=_as_least)

    def __attrs_post_init__(self) -> None:
        named = [item for group in (*self.together, *self.merge) for item in group]
        if len(set(named)) < len(named) or not set(named) <= set(self.samplers):
            reason = "name an item twice, or one that has no sampler"
            remedy = f"items are {', '.join(self.samplers)}, each in one group at most"
            raise ParameterError("together and merge", shorten(named), reason, remedy)
        for group in self.together:
            if any(self.samplers[item] != self.samplers[group[0]] for item in group):
                reason = "have different samplers"
                remedy = "give items that are drawn together one sampler"
                raise ParameterError("together", shorten(group), reason, remedy)
        if self.promise not in PROMISES:
            remedy = f"write one of {', '.join(PROMISES)}"
            raise ParameterError("promise", shorten(self.promise), "is not known", remedy)

    def design(self, frame: Frame) -> Design:
        """The cells of all items, item by item in the task's order, within the budget."""
        if set(self.samplers) != set(frame.items):
            raise ParameterError(
                "samplers",
                shorten(list(self.samplers)),
                f"are not the task's items {shorten(list(frame.items))}",
                "give each item of the task its sampler, and no other",
            )
        design = Design.from_cells(frame, self._cells(frame))
        if self.budget is None and not self.quotas:
            return design
        scaled, expected = design, self.promise == "expected"
        if self.quotas:
            departments = {item: frame.item(item).department for item in frame.items}
            scaled = by_department(scaled, departments, self.quotas, expected=expected)
        if self.budget is not None:
            top = Fraction(1) if self.quotas else None
            every = range(len(scaled.cells))
            takes = keep_budget(scaled, "budget", self.budget, every, expected=expected, top=top)
            scaled = scaled.with_takes([takes[cell] for cell in every])
        self._check_least(scaled)
        return scaled

    def _cells(self, frame: Frame) -> Iterator[Cell]:
        group_of = {item: group for group in (*self.together, *self.merge) for item in group}
        for item in frame.items:
            group = group_of.get(item, (item,))
            items = tuple(each for each in frame.items if each in group)
            if item != items[0]:
                continue
            if group in self.merge:
                yield from self._merged(frame, items)
                continue
            part, position = frame.for_items(*items)
            for cell in self.samplers[item].design(part).cells:
                own = items if cell.items is None else cell.items
                name = f"{'+'.join(own)}/{cell.name}"
                yield evolve(cell, members=position[cell.members], items=own, name=name)

    def _merged(self, frame: Frame, items: tuple[str, ...]) -> Iterator[Cell]:
        designs = {}
        for item in items:
            part, position = frame.for_items(item)
            designs[item] = self.samplers[item].design(part), position
        for number, (take, members) in enumerate(merged_cells(len(frame), designs)):
            served = [item for item in items if frame.eligible(item)[members].all()]
            why = f"{take} of {len(members)} for {', '.join(served)}, whose minimums are kept"
            yield Cell(take, members, items, f"{'+'.join(served)}/{number}", why)

    def _check_least(self, design: Design) -> None:
        """No scaling leaves an item less than its least rate."""
        for cell in design.cells:
            for item in cell.items or design.items:
                rate = self.least if isinstance(self.least, Fraction) else self.least.get(item, 0)
                wanted = count_from_rate(Fraction(rate), cell.size)
                if cell.take < wanted:
                    raise ParameterError(
                        "budget",
                        shorten(self.budget if self.budget is not None else dict(self.quotas)),
                        f"leaves cell {cell.name!r} {cell.take} of {cell.size}, "
                        f"{wanted - cell.take} less than the least rate of {rate} for {item!r}",
                        "raise it, or lower the other rates",
                    )
