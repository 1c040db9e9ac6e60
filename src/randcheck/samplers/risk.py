"""Stratified by credit risk (企业信用风险分类): the riskier, the more often.

Rules enforced here:
1. Either a rate for each class, or a total with an allocation; never both.
2. A class's floor is met, or the class is taken whole where it has fewer subjects.
3. What a subject without a class counts as is said by the planner; it is never guessed.
4. Cells are classes, or classes within further strata such as `region`; a rate is rounded up in
   each cell, so many small cells raise the total.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
from attrs import Factory, field, frozen

from randcheck.design import Cell, Design
from randcheck.errors import ParameterError, shorten
from randcheck.fields import FrozenMapping, as_mapping
from randcheck.frame import Frame
from randcheck.models import RISK_CLASSES
from randcheck.rates import count_from_rate, parse_count, parse_rate
from randcheck.samplers.allocation import Allocation, ProportionalAllocation, greedy
from randcheck.table import Positions

#: The class of those who have none and are not counted as another.
UNCLASSIFIED = "unclassified"

_CLASSES = (*RISK_CLASSES, UNCLASSIFIED)


def _check_classes(name: str, given: Any) -> None:
    for key in as_mapping(given, name):
        if key not in _CLASSES:
            raise ParameterError(
                name, shorten(key), "is no risk class", f"classes are {', '.join(_CLASSES)}"
            )


def _as_rates(value: Mapping[str, Any] | None) -> FrozenMapping | None:
    if value is None:
        return None
    _check_classes("rates", value)
    return FrozenMapping({key: parse_rate(rate, f"rates[{key!r}]") for key, rate in value.items()})


def _as_floor(value: Any) -> int | FrozenMapping:
    if not isinstance(value, Mapping):
        return parse_count(value, "floor")
    _check_classes("floor", value)
    return FrozenMapping({key: parse_count(n, f"floor[{key!r}]") for key, n in value.items()})


def _as_total(value: Any) -> int | None:
    return None if value is None else parse_count(value, "total")


def _as_strata(value: Any) -> tuple[str, ...]:
    allowed = ("region", "kind", "industry", "status", "tags")
    strata = (value,) if isinstance(value, str) else tuple(value)
    for name in strata:
        if name not in allowed:
            raise ParameterError(
                "strata", shorten(name), "cannot be stratified by", f"some of {', '.join(allowed)}"
            )
    return strata


@frozen(kw_only=True)
class RiskStratifiedSampler:
    """A draw of its own in each risk class.

    `rates`: class → rate, such as `{"A": "1%", "B": "3%", "C": "10%", "D": "100%"}`; a class at
    100 % is taken whole. Or `total` with an `allocation` (proportional unless said otherwise).
    `floor`: the least number from each class, one for all or one for each.
    `unclassified`: the class that subjects without one count as; or `"unclassified"`, or a rate
    under that name, to keep them apart. Without it such subjects are an error.
    `strata`: further columns to stratify by, such as `("region",)`.
    """

    name: ClassVar[str] = "risk-stratified"
    rates: FrozenMapping | None = field(default=None, converter=_as_rates)
    total: int | None = field(default=None, converter=_as_total)
    allocation: Allocation = Factory(ProportionalAllocation)
    floor: int | FrozenMapping = field(default=0, converter=_as_floor)
    unclassified: str | None = None
    strata: tuple[str, ...] = field(default=(), converter=_as_strata)

    def __attrs_post_init__(self) -> None:
        if (self.rates is None) == (self.total is None):
            given = {"rates": self.rates, "total": self.total}
            raise ParameterError(
                "RiskStratifiedSampler", shorten(given), "is not clear", "give one of both"
            )
        if self.unclassified is not None:
            _check_classes("unclassified", {self.unclassified: None})

    def design(self, frame: Frame) -> Design:
        """One cell for each class that somebody has, within further strata where asked for."""
        groups = self._groups(frame)
        names = [name for name, _, _ in groups]
        sizes = [len(members) for _, _, members in groups]
        counts = self._counts(names, sizes)
        return Design.from_cells(
            frame,
            [
                Cell(count, members, name="/".join([name, *map(_shown, values)]))
                for count, (name, values, members) in zip(counts, groups, strict=True)
            ],
        )

    def _groups(self, frame: Frame) -> list[tuple[str, tuple[Any, ...], Positions]]:
        """`(class, values of further strata, members)`, by class and then by those values."""
        found: dict[tuple[str, tuple[Any, ...]], list[Positions]] = {}
        for (risk_class, *values), members in frame.strata("risk_class", *self.strata):
            counted_as = risk_class or self._class_of_unknown(len(members))
            found.setdefault((counted_as, tuple(values)), []).append(members)
        groups = [(name, values, np.concatenate(parts)) for (name, values), parts in found.items()]
        return sorted(groups, key=lambda group: _CLASSES.index(group[0]))

    def _class_of_unknown(self, count: int) -> str:
        if self.unclassified is not None:
            return self.unclassified
        if self.rates is not None and UNCLASSIFIED in self.rates:
            return UNCLASSIFIED
        raise ParameterError(
            "unclassified",
            "None",
            f"leaves open what {count} subjects without a risk class count as",
            "say which class, such as unclassified='B', or 'unclassified' to keep them apart",
        )

    def _counts(self, names: list[str], sizes: list[int]) -> list[int]:
        if self.rates is None:
            floors = self._raised(names, sizes, [0] * len(sizes))
            return self.allocation.allocate(self.total or 0, names, sizes, floors)
        missing = {name: size for name, size in zip(names, sizes, strict=True)
                   if name not in self.rates}  # fmt: skip
        if missing:
            raise ParameterError(
                "rates",
                shorten(dict(self.rates)),
                f"has no rate for {shorten(missing)} (class: subjects)",
                "give each class that occurs a rate, '0%' for none",
            )
        counts = [
            count_from_rate(self.rates[name], size) for name, size in zip(names, sizes, strict=True)
        ]
        return self._raised(names, sizes, counts)

    def _raised(self, names: list[str], sizes: list[int], counts: list[int]) -> list[int]:
        """The counts, raised in each class to its floor, in proportion to its cells' sizes."""
        raised = list(counts)
        for name in dict.fromkeys(names):
            cells = [cell for cell, each in enumerate(names) if each == name]
            own_sizes = [sizes[cell] for cell in cells]
            own_counts = [counts[cell] for cell in cells]
            floor = self.floor if isinstance(self.floor, int) else self.floor.get(name, 0)
            wanted = max(min(floor, sum(own_sizes)), sum(own_counts))
            weights = [Fraction(size) for size in own_sizes]
            for cell, count in zip(
                cells, greedy(wanted, weights, own_sizes, own_counts), strict=True
            ):
                raised[cell] = count
        return raised


def _shown(value: Any) -> str:
    if value is None:
        return "unknown"
    return value if isinstance(value, str) else "+".join(value)
