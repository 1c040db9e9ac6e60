"""Stratified by credit risk (企业信用风险分类): the riskier, the more often.

Rules enforced here:
1. The counts of the classes come first, by rates, by bands, or by a total with an allocation; then
   each class's count is spread over its cells.
2. A class's floor is met, or the class is taken whole where it has fewer subjects.
3. What a subject without a class counts as is said by the planner; it is never guessed.
4. Cells are classes, or classes within further strata such as `region`. A rate is rounded up in
   each cell, so many small cells raise the total; or once in each class, with largest remainders
   inside it, where cells too small for a whole unit are joined.
5. Those who must be in have cells of their own that are taken whole, and rates hold among the
   others; those who may not be drawn again have cells that nobody is taken from.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
from attrs import Factory, field, frozen
from attrs.converters import optional

from randcheck.design import Cell, Design
from randcheck.errors import ParameterError, shorten
from randcheck.fields import FrozenMapping
from randcheck.frame import Frame
from randcheck.models import Scope
from randcheck.samplers import parameters
from randcheck.samplers.allocation import Allocation, ProportionalAllocation
from randcheck.samplers.classes import (
    ClassCount,
    Part,
    Rules,
    count_class,
    least_of_cells,
    raise_to,
)
from randcheck.samplers.optimum import Strata
from randcheck.samplers.parameters import CLASSES, shown
from randcheck.table import Positions
from randcheck.units import joined, largest_remainders

log = logging.getLogger("randcheck")

_NOTHING: Mapping[str, Any] = {}


@frozen(kw_only=True)
class RiskStratifiedSampler:
    """A draw of its own in each risk class.

    How many, by one of these:

    - `rates`: class → rate, such as `{"A": "1%", "B": "3%", "C": "10%", "D": "100%"}`;
    - `total` with an `allocation` (proportional unless said otherwise), or an `allocation` with a
      measure of its own, such as a budget.

    And what the regulations add, each of which may also stand without the others:

    - `bands`: class → the least and the most, two rates (抽查比例区间);
    - `least`: the least rate in each class; `floor`: the least number, one for all or for each;
    - `overall`: the least share over all classes, met by the cheapest raise; `costs` of a visit by
      class, all equal unless given;
    - `exempt`: classes that are not drawn, unless `reasons` names one with a reason in words;
    - `always`: tags whose subjects are always in (重点检查单位), beside what the rates ask of all
      others;
    - `at_most`, `at_least`: class → how often in the calendar year a subject may, or must, be drawn
      (抽查频次); for `at_least`, `draws_left` says how many draws the year still has, this one
      included. Both look at the history;
    - `general_cap`: the most that may be drawn where only general items (一般检查事项) are checked;
      key items (重点检查事项) have none. Where a task has both, they get cells of their own.

    `unclassified`: the class that subjects without one count as; or `"unclassified"`, or a rate
    under that name, to keep them apart. Without it such subjects are an error.
    `strata`: further columns to stratify by, such as `("region",)`; `rounding` is `"cell"` to round
    rates up in each cell, `"class"` to round them up once in a class.
    """

    name: ClassVar[str] = "risk-stratified"
    rates: FrozenMapping | None = field(default=None, converter=optional(parameters.as_rates))
    total: int | None = field(default=None, converter=optional(parameters.as_total))
    allocation: Allocation = Factory(ProportionalAllocation)
    floor: int | FrozenMapping = field(default=0, converter=parameters.as_floor)
    unclassified: str | None = None
    strata: tuple[str, ...] = field(default=(), converter=parameters.as_strata)
    rounding: str = "cell"
    bands: FrozenMapping | None = field(default=None, converter=optional(parameters.as_bands))
    least: Fraction | None = field(default=None, converter=optional(parameters.as_least))
    overall: Fraction | None = field(default=None, converter=optional(parameters.as_overall))
    costs: FrozenMapping = field(default=FrozenMapping({}), converter=parameters.as_costs)
    exempt: tuple[str, ...] = field(default=(), converter=parameters.as_exempt)
    reasons: FrozenMapping = field(default=FrozenMapping({}), converter=parameters.as_reasons)
    always: tuple[str, ...] = field(default=(), converter=parameters.as_tags)
    at_most: FrozenMapping = field(default=FrozenMapping({}), converter=parameters.as_at_most)
    at_least: FrozenMapping = field(default=FrozenMapping({}), converter=parameters.as_at_least)
    draws_left: int | None = field(default=None, converter=optional(parameters.as_draws_left))
    general_cap: Fraction | None = field(default=None, converter=optional(parameters.as_cap))

    def __attrs_post_init__(self) -> None:
        measures = (self.rates, self.bands, self.least)
        if self.rates is not None and self._shared:
            given = {"rates": self.rates, "total": self.total, "allocation": self.allocation}
            reason, remedy = "is not clear", "give rates, or a total with an allocation"
            raise ParameterError("RiskStratifiedSampler", shorten(given), reason, remedy)
        if all(each is None for each in measures) and not self._shared:
            remedy = "give rates, bands, least, or a total"
            raise ParameterError("RiskStratifiedSampler", "nothing", "says how many", remedy)
        if self.unclassified is not None:
            parameters.check_classes("unclassified", {self.unclassified: None})
        if self.rounding not in ("cell", "class"):
            remedy = "write 'cell' or 'class'"
            raise ParameterError("rounding", shorten(self.rounding), "is not known", remedy)
        if (not self.at_least) != (self.draws_left is None) or self.draws_left == 0:
            given = {"at_least": self.at_least, "draws_left": self.draws_left}
            remedy = "say how often at least, and how many draws the year still has, from 1"
            raise ParameterError("at_least", shorten(given), "is not clear", remedy)

    @property
    def _shared(self) -> bool:
        """Whether an allocation shares what there is among the classes."""
        return self.total is not None or self.allocation != ProportionalAllocation()

    def design(self, frame: Frame) -> Design:
        """One cell for each class that somebody has, within further strata where asked for."""
        cells = []
        for part, position, items, prefix in self._groups(frame):
            for found, parts in self._classes(part, items):
                for take, members, own in self._spread(found, parts):
                    name = f"{prefix}{own}"
                    cells.append(
                        Cell(
                            take, position[members], items, name, f"{name}: {'; '.join(found.why)}"
                        )
                    )
        return Design.from_cells(frame, cells)

    def explain(self, frame: Frame) -> tuple[ClassCount, ...]:
        """For each class, by general and key items where they differ: why this many, in words."""
        return tuple(
            found
            for part, _, items, _ in self._groups(frame)
            for found, _ in self._classes(part, items)
        )

    # --- who -----------------------------------------------------------------------------------

    def _groups(
        self, frame: Frame
    ) -> Iterator[tuple[Frame, Positions, tuple[str, ...] | None, str]]:
        """General and key items apart where one has a cap, as parts of the frame."""
        kinds: dict[str, list[str]] = {}
        for item in frame.items:
            kinds.setdefault(frame.item(item).category, []).append(item)
        if self.general_cap is None or len(kinds) == 1:
            yield frame, np.arange(len(frame), dtype=np.int32), None, ""
            return
        for category, items in sorted(kinds.items()):
            part, position = frame.for_items(*items)
            yield part, position, tuple(items), f"{category}/"

    def _parts(self, frame: Frame) -> dict[str, list[Part]]:
        """The parts of each class that somebody has, in the order of classes."""
        rated = (*(self.rates or ()), *(self.bands or ()))
        found: dict[tuple[str, tuple[Any, ...]], list[Positions]] = {}
        for (risk_class, *rest), members in frame.strata("risk_class", *self.strata):
            counted_as = risk_class or parameters.class_of_unknown(
                len(members), self.unclassified, rated
            )
            found.setdefault((counted_as, tuple(rest)), []).append(members)
        always = np.zeros(len(frame), dtype=bool)
        if self.always:
            always = frame.within(Scope(tags=self.always, statuses=None))
        times = None
        if self.at_most or self.at_least:
            times = frame.times_drawn(date(frame.as_of.year - 1, 12, 31))
        parts: dict[str, list[Part]] = {}
        for (name, values), lists in sorted(
            found.items(), key=lambda each: CLASSES.index(each[0][0])
        ):
            members = np.concatenate(lists)
            spent = np.zeros(len(members), dtype=bool)
            sure = always[members]
            if times is not None:
                spent |= times[members] >= self.at_most.get(name, np.inf)
                sure = sure | self._due(name, times[members])
            parts.setdefault(name, []).append(
                Part(name, values, members[sure & ~spent], members[spent], members[~spent & ~sure])
            )
        return parts

    def _due(self, name: str, times: Positions) -> Any:
        """Who must be in now to reach the class's frequency in the draws that are left."""
        missing = self.at_least.get(name, 0) - times
        late = int((missing > (self.draws_left or 0)).sum())
        if late:
            log.warning("class %s: %d subjects can not reach their frequency any more", name, late)
        return (missing > 0) & (missing >= (self.draws_left or 0))

    # --- how many ------------------------------------------------------------------------------

    def _classes(
        self, frame: Frame, items: tuple[str, ...] | None
    ) -> list[tuple[ClassCount, list[Part]]]:
        """The count of each class, and its parts."""
        parts = self._parts(frame)
        self._check_rates({name: sum(p.size for p in own) for name, own in parts.items()})
        classes = [
            count_class(name, own, self._rules(name), self.rounding == "cell")
            for name, own in parts.items()
        ]
        limit = len(frame)
        general = {frame.item(item).category for item in items or frame.items} == {"general"}
        if self.general_cap is not None and general:
            limit = int(self.general_cap * len(frame))
        if self._shared and (classes or self.total):
            self._allocate(classes)
        if self.overall is not None:
            limit = limit if self.total is None else min(limit, self.total)
            raise_to(self.overall, classes, self.costs, limit)
        together = sum(each.take for each in classes)
        if together > limit:
            reason = f"of {len(frame)} is {limit}, and the rules ask for {together - limit} more"
            remedy = "lower the rates, or raise the cap"
            raise ParameterError("general_cap", str(self.general_cap), reason, remedy)
        return list(zip(classes, parts.values(), strict=True))

    def _rules(self, name: str) -> Rules:
        least, most = (self.bands or _NOTHING).get(name, (None, None))
        stated = {
            "the rate of": (self.rates or _NOTHING).get(name),
            "the band's least,": least,
            "the least in each class,": self.least,
        }
        worded = {words: rate for words, rate in stated.items() if rate is not None}
        highest = max(worded.values(), default=Fraction(0))
        words = next((f"{each} {rate}" for each, rate in worded.items() if rate == highest), "")
        floor = self.floor if isinstance(self.floor, int) else self.floor.get(name, 0)
        exempt = name in self.exempt and name not in self.reasons
        return Rules(highest, words, most, floor, exempt)

    def _check_rates(self, sizes: Mapping[str, int]) -> None:
        for name, stated in (("rates", self.rates), ("bands", self.bands)):
            if stated is None or (name == "bands" and (self.rates is not None or self._shared)):
                continue
            missing = {
                each: size
                for each, size in sizes.items()
                if each not in stated and not self._rules(each).exempt
            }
            if missing:
                raise ParameterError(
                    name,
                    shorten(dict(stated)),
                    f"has no rate for {shorten(missing)} (class: subjects)",
                    "give each class that occurs a rate, '0%' for none",
                )

    def _allocate(self, classes: Sequence[ClassCount]) -> None:
        """Share the total, or what the allocation's own measure gives, among the classes."""
        strata = Strata.of(
            [each.risk_class for each in classes],
            [each.size for each in classes],
            [each.least for each in classes],
            [each.most for each in classes],
        )
        allocated = self.allocation.allocate(strata, self.total)
        _check_allocated(self.allocation, strata, allocated.counts, self.total)
        for each, count in zip(classes, allocated.counts, strict=True):
            each.take = count
            share = "" if self.total is None else f" of the total of {self.total}"
            proven = f", within {float(allocated.gap):.2%} of the best" if allocated.gap else ""
            rule = getattr(self.allocation, "name", type(self.allocation).__name__)
            each.why.append(f"{count}{share} by {rule} allocation{proven}")

    # --- where ---------------------------------------------------------------------------------

    def _spread(
        self, found: ClassCount, parts: Sequence[Part]
    ) -> Iterator[tuple[int, Positions, str]]:
        """The cells of a class, as count, members and name."""
        free = found.take - sum(len(part.always) for part in parts)
        shares = [Fraction(len(part.free)) for part in parts]
        everybody = sum(shares, Fraction(0))
        runs, counts = [[place] for place in range(len(parts))], [0] * len(parts)
        if free and (by_cell := self._by_cell(found, parts)) is not None:
            counts = by_cell
        elif free:
            shares = [share * free / everybody for share in shares]
            runs = joined(shares)
            sizes = [sum(len(parts[place].free) for place in run) for run in runs]
            totals = [sum((shares[place] for place in run), Fraction(0)) for run in runs]
            counts = largest_remainders(free, totals, sizes)
        for count, run in zip(counts, runs, strict=True):
            members = np.concatenate([parts[place].free for place in run])
            if len(members):
                yield count, np.sort(members), _cell_name(found.risk_class, parts, run)
        for place, part in enumerate(parts):
            own = _cell_name(found.risk_class, parts, [place])
            if len(part.always):
                yield len(part.always), part.always, f"{own}/always"
            if len(part.spent):
                yield 0, part.spent, f"{own}/spent"

    def _by_cell(self, found: ClassCount, parts: Sequence[Part]) -> list[int] | None:
        """What each cell gives where rates are rounded up in each; `None` if some would get none.

        What is beyond the rates is spread in proportion to the cells' sizes.
        """
        if self.rounding == "class":
            return None
        rules = self._rules(found.risk_class)
        least = [len(part.always) for part in parts]
        if not rules.exempt:
            least = least_of_cells(parts, rules.rate)
        strata = Strata.of(
            [found.risk_class] * len(parts),
            [part.size for part in parts],
            least,
            [part.room for part in parts],
        )
        counts = ProportionalAllocation().allocate(strata, found.take).counts
        free = [count - len(part.always) for count, part in zip(counts, parts, strict=True)]
        alone = [len(part.free) > 0 and n == 0 for n, part in zip(free, parts, strict=True)]
        return None if any(alone) else free


def _check_allocated(
    allocation: Allocation, strata: Strata, counts: Sequence[int], total: int | None
) -> None:
    """Anybody's allocation keeps the box and the total."""
    box = zip(strata.minimums.tolist(), counts, strata.maximums.tolist(), strict=True)
    fits = all(type(n) is int and low <= n <= high for low, n, high in box)
    if not fits or total not in (None, sum(counts)):
        reason = f"gave {shorten(list(counts))}, which is outside the box or not the total {total}"
        remedy = "give whole numbers from minimums to maximums that add up to the total"
        raise ParameterError("allocation", shorten(allocation), reason, remedy)


def _cell_name(name: str, parts: Sequence[Part], run: Sequence[int]) -> str:
    values = ["/".join(map(shown, parts[place].values)) for place in run]
    return name if not any(values) else f"{name}/{' + '.join(values)}"
