"""A fixed total, shared among strata: whole numbers, exactly.

Rules enforced here:
1. The counts add up to the total, and each lies between its stratum's minimum and maximum.
2. An infeasible box is an error that says by how much.
3. Ties go to the earlier stratum.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar, Protocol

from attrs import field, frozen

from randcheck.errors import ParameterError, shorten
from randcheck.fields import FrozenMapping, as_mapping


class Allocation(Protocol):
    """A rule that shares a total among strata."""

    def allocate(
        self,
        total: int,
        names: Sequence[str],
        sizes: Sequence[int],
        minimums: Sequence[int],
    ) -> list[int]:
        """Counts that add up to `total`, each from its minimum to its size.

        `names` are the strata's classes, for rules that know something of each.
        """
        ...


def check_box(total: int, sizes: Sequence[int], minimums: Sequence[int]) -> None:
    """`ParameterError` when no counts between minimums and sizes add up to the total."""
    if total > sum(sizes):
        raise ParameterError(
            "total",
            str(total),
            f"is {total - sum(sizes)} more than the {sum(sizes)} subjects there are",
            "lower the total",
        )
    if total < sum(minimums):
        raise ParameterError(
            "total",
            str(total),
            f"is {sum(minimums) - total} less than the floors of {sum(minimums)} together",
            "raise the total or lower the floors",
        )


def greedy(total: int, weights: Sequence[Fraction], sizes: Sequence[int],
           minimums: Sequence[int]) -> list[int]:  # fmt: skip
    """The counts n that minimise Σ w_h² / n_h between minimums and sizes.

    Each further unit goes where w_h² / (n_h (n_h + 1)) is largest; for a sum of convex terms this
    is the exact optimum (Wright, "The equivalence of Neyman optimum allocation for sampling and
    equal proportions for apportioning the U.S. House of Representatives", 2012; "A simple method
    of exact optimal sample allocation under stratification with any mixed constraint patterns",
    2014). A stratum of weight above 0 and with nobody in the sample yet comes first.
    """
    check_box(total, sizes, minimums)
    counts = list(minimums)

    def gain(stratum: int) -> tuple[bool, Fraction, int]:
        n, weight = counts[stratum], weights[stratum]
        urgent = n == 0 and weight > 0
        value = weight**2 if n == 0 else weight**2 / (n * (n + 1))
        return not urgent, -value, stratum

    heap = [gain(h) for h in range(len(sizes)) if counts[h] < sizes[h]]
    heapq.heapify(heap)
    for _ in range(total - sum(counts)):
        stratum = heap[0][2]
        counts[stratum] += 1
        if counts[stratum] < sizes[stratum]:
            heapq.heapreplace(heap, gain(stratum))
        else:
            heapq.heappop(heap)
    return counts


@frozen
class ProportionalAllocation:
    """Each stratum in proportion to its size: the same rate everywhere, as nearly as possible."""

    name: ClassVar[str] = "proportional"

    def allocate(
        self,
        total: int,
        names: Sequence[str],
        sizes: Sequence[int],
        minimums: Sequence[int],
    ) -> list[int]:
        """Minimise Σ N_h² / n_h, the variance of an estimate when strata vary equally."""
        return greedy(total, [Fraction(size) for size in sizes], sizes, minimums)


def _as_deviations(value: Mapping[str, Any]) -> FrozenMapping:
    deviations = {}
    for name, deviation in as_mapping(value, "deviations").items():
        exact = _exact(deviation)
        if exact is None or exact < 0:
            raise ParameterError(
                f"deviations[{name!r}]",
                shorten(deviation),
                "is no exact number from 0",
                "write it as text such as '0.3', or as an int, Fraction or Decimal",
            )
        deviations[name] = exact
    return FrozenMapping(deviations)


def _exact(value: Any) -> Fraction | None:
    if type(value) is int or isinstance(value, Fraction):
        return Fraction(value)
    if isinstance(value, str | Decimal):
        try:
            return Fraction(value)
        except (ValueError, ZeroDivisionError, OverflowError):
            return None
    return None


@frozen
class NeymanAllocation:
    """More from strata that are large and vary much (Neyman 1934; Tschuprow 1923).

    `deviations` gives each class its standard deviation S_h of what is measured, for example
    √(p(1-p)) for a share p of firms with problems: text, int, `Fraction` or `Decimal`.
    """

    name: ClassVar[str] = "neyman"
    deviations: FrozenMapping = field(converter=_as_deviations)

    def allocate(
        self,
        total: int,
        names: Sequence[str],
        sizes: Sequence[int],
        minimums: Sequence[int],
    ) -> list[int]:
        """Minimise Σ (N_h S_h)² / n_h, the variance of the estimated total (Cochran 1977, 5.5)."""
        unknown = [name for name in names if name not in self.deviations]
        if unknown:
            raise ParameterError(
                "deviations",
                shorten(dict(self.deviations)),
                f"lacks {unknown}",
                "give each class one",
            )
        weights = [size * self.deviations[name] for name, size in zip(names, sizes, strict=True)]
        return greedy(total, weights, sizes, minimums)
