"""A total, shared among strata: one interface, and the rules of the textbooks.

>>> strata = Strata.of(["A", "B", "C"], [394, 461, 391])
>>> NeymanAllocation(deviations={"A": 83, "B": 133, "C": 151}).allocate(strata, 100).counts
(21, 40, 39)

Rules enforced here:
1. Counts are whole, add up to the total, and each lies in its stratum's box.
2. Whatever is called exact is the best there is, ties to the earlier stratum; whatever is not comes
   with a proven bound on how much better anything could be.
3. What a rule knows of a stratum it knows by the stratum's name; a name it lacks is an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, ClassVar, Protocol

from attrs import field, frozen
from attrs.converters import optional

from randcheck.errors import ParameterError, shorten
from randcheck.fields import FrozenMapping, as_mapping
from randcheck.rates import count_from_rate, parse_count
from randcheck.samplers import parameters
from randcheck.samplers.budget import within_budget
from randcheck.samplers.compromise import best_for_all
from randcheck.samplers.optimum import (
    Keys,
    Strata,
    count_of_variance,
    count_of_worst,
    largest,
)


def _as_counts(value: Sequence[int]) -> tuple[int, ...]:
    return tuple(value)


@frozen
class Allocated:
    """Counts, one for each stratum, and how good they are.

    No other counts in the box lower the rule's criterion by more than the share `gap`, proven: 0
    for an exact optimum.
    """

    counts: tuple[int, ...] = field(converter=_as_counts)
    gap: Fraction = Fraction(0)


class Allocation(Protocol):
    """A rule that shares a total among strata."""

    def allocate(self, strata: Strata, total: int | None) -> Allocated:
        """Counts that add up to `total`, each in its stratum's box.

        `total` is `None` where nobody fixed one: then the rule has a measure of its own, such as
        rates or a budget, or says that it needs a total.
        """
        ...


def _needed(total: int | None, rule: str) -> int:
    if total is None:
        remedy = "give the sampler a total"
        raise ParameterError("total", "None", f"leaves open how many {rule} shares", remedy)
    return parse_count(total, "total")


def _known(strata: Strata, numbers: Mapping[str, Fraction], name: str) -> None:
    """`ParameterError` when a stratum's name is not among the numbers."""
    unknown = sorted(set(strata.names) - numbers.keys())
    if unknown:
        remedy = "give each class one"
        raise ParameterError(name, shorten(dict(numbers)), f"lacks {shorten(unknown)}", remedy)


def _least_variance(total: int, strata: Strata, squares: Sequence[Fraction], root: int = 1
                    ) -> Allocated:  # fmt: skip
    """Minimise Σ squares^(1/root) / n, exactly; `squares` are those of each kind of stratum."""

    def exact(kind: int, unit: int) -> Fraction:
        return squares[kind] / Fraction(unit * (unit - 1)) ** root

    return Allocated(
        largest(total, strata, Keys(squares, _scales(squares, root), exact, count_of_variance))
    )


def _scales(squares: Sequence[Fraction], root: int = 1) -> list[float]:
    top = max(squares, default=Fraction(0)) or Fraction(1)
    return [float(square / top) ** (1 / root) for square in squares]


@frozen
class ProportionalAllocation:
    """Each stratum in proportion to its size: the same rate everywhere, as nearly as possible.

    Exact: minimises Σ N_h² / n_h, the variance of an estimated total when strata vary equally.
    """

    name: ClassVar[str] = "proportional"

    def allocate(self, strata: Strata, total: int | None) -> Allocated:
        """Counts for each stratum, in proportion to the sizes."""
        squares = [Fraction(size) ** 2 for _, size in strata.kinds()[0]]
        return _least_variance(_needed(total, self.name), strata, squares)


@frozen
class EqualAllocation:
    """The same number from each stratum, as nearly as the box allows: for comparing strata.

    Exact: minimises Σ 1 / n_h over strata that have somebody.
    """

    name: ClassVar[str] = "equal"

    def allocate(self, strata: Strata, total: int | None) -> Allocated:
        """Counts that differ as little as the box allows."""
        squares = [Fraction(size > 0) for _, size in strata.kinds()[0]]
        return _least_variance(_needed(total, self.name), strata, squares)


def _as_power(value: Any) -> Fraction:
    power = parameters.exact_number(value)
    if power is None or not 0 <= power <= 1 or power.denominator > 10:
        remedy = "write a fraction from 0 to 1 with a denominator up to 10, such as '1/2'"
        raise ParameterError("power", shorten(value), "is no such power", remedy)
    return power


@frozen
class PowerAllocation:
    """Between equal (power 0) and proportional (power 1): small strata get more than their share.

    Exact: minimises Σ (N_h^power · CV_h)² / n_h (Bankier, "Power allocations: determining sample
    sizes for subnational areas", 1988). `variations` gives each class its coefficient of variation
    CV_h, 1 for all unless given.
    """

    name: ClassVar[str] = "power"
    power: Fraction = field(default=Fraction(1, 2), converter=_as_power)
    variations: FrozenMapping | None = field(
        default=None, converter=optional(parameters.as_variations)
    )

    def allocate(self, strata: Strata, total: int | None) -> Allocated:
        """Counts in proportion to sizes raised to the power, as nearly as possible."""
        root, times = self.power.denominator, self.power.numerator
        if self.variations is not None:
            _known(strata, self.variations, "variations")
        squares = []
        for name, size in strata.kinds()[0]:
            variation = Fraction(1) if self.variations is None else self.variations[name]
            present = Fraction(size > 0)
            squares.append(present * Fraction(size) ** (2 * times) * variation ** (2 * root))
        return _least_variance(_needed(total, self.name), strata, squares, root)


def _as_results(value: Mapping[str, Any]) -> FrozenMapping:
    variances = {}
    for name, told in as_mapping(value, "results").items():
        pair = tuple(told) if isinstance(told, list | tuple) else ()
        if not all(type(n) is int for n in pair) or len(pair) != 2 or not 0 <= pair[1] <= pair[0]:
            raise ParameterError(
                f"results[{name!r}]",
                shorten(told),
                "is no pair of whole numbers, inspected and with problems",
                "write (120, 7) for 7 firms with problems among 120",
            )
        share = Fraction(pair[1] + 1, pair[0] + 2)
        variances[name] = share * (1 - share)
    return FrozenMapping(variances)


@frozen
class NeymanAllocation:
    """More from strata that are large, vary much and cost little (Tschuprow 1923; Neyman 1934).

    Give each class its standard deviation S_h of what is measured, or its variance S_h²; text, int,
    `Fraction` or `Decimal`. `costs` are those of one visit in each class, and `budget` what all may
    cost together, in place of a total.

    With a total: exact; minimises Σ (N_h S_h)² / (c_h n_h), so that n_h is in proportion to
    N_h S_h / √c_h (Cochran 1977, 5.5). With a budget: minimises the variance Σ (N_h S_h)² / n_h
    that the budget allows, within a proven gap.
    """

    name: ClassVar[str] = "neyman"
    deviations: FrozenMapping | None = field(
        default=None, converter=optional(parameters.as_deviations)
    )
    variances: FrozenMapping | None = field(
        default=None, converter=optional(parameters.as_variances)
    )
    costs: FrozenMapping | None = field(default=None, converter=optional(parameters.as_prices))
    budget: Fraction | None = field(default=None, converter=optional(parameters.as_budget))

    def __attrs_post_init__(self) -> None:
        if (self.deviations is None) == (self.variances is None):
            given = {"deviations": self.deviations, "variances": self.variances}
            raise ParameterError(self.name, shorten(given), "is not clear", "give one of both")
        if self.budget is not None and self.costs is None:
            remedy = "give the costs of a visit in each class"
            raise ParameterError("costs", "None", "leave open what a budget buys", remedy)

    @classmethod
    def from_results(cls, results: Mapping[str, Any], **parameters: Any) -> NeymanAllocation:
        """By the results of last year: class → (firms inspected, firms with problems).

        The variance of a class is p (1 - p) with p = (problems + 1) / (inspected + 2), Laplace's
        rule of succession, so that no class is thought to be without problems for certain.
        """
        return cls(variances=_as_results(results), **parameters)

    def squares(self, strata: Strata) -> list[Fraction]:
        """(N_h S_h)² of each kind of stratum; `ParameterError` for a name that is not known."""
        known: Any = self.variances if self.deviations is None else self.deviations
        _known(strata, known, "deviations" if self.deviations is not None else "variances")
        times = 2 if self.deviations is not None else 1
        return [known[name] ** times * size**2 for name, size in strata.kinds()[0]]

    def allocate(self, strata: Strata, total: int | None) -> Allocated:
        """Counts by Neyman's rule, for the total or for the budget."""
        squares = self.squares(strata)
        if self.costs is None:
            return _least_variance(_needed(total, self.name), strata, squares)
        _known(strata, self.costs, "costs")
        costs = [self.costs[name] for name, _ in strata.kinds()[0]]
        if self.budget is None:
            each = [square / cost for square, cost in zip(squares, costs, strict=True)]
            return _least_variance(_needed(total, self.name), strata, each)
        if total is not None:
            remedy = "leave out the total or the budget"
            raise ParameterError("total", str(total), "and a budget are two measures", remedy)
        counts, gap = within_budget(self.budget, strata, squares, costs)
        return Allocated(counts, gap)


@frozen
class MinimaxAllocation:
    """The worst class as good as possible: the largest coefficient of variation is minimised.

    Exact, and among all best answers the one whose second worst is best, and so on: minimises
    max_h CV_h² (1 / n_h - 1 / N_h), the relative variance of a class's estimate (Cochran 1977,
    theorem 2.2). `variations` gives each class its CV_h = S_h / mean, 1 for all unless given.
    """

    name: ClassVar[str] = "minimax"
    variations: FrozenMapping | None = field(
        default=None, converter=optional(parameters.as_variations)
    )

    def allocate(self, strata: Strata, total: int | None) -> Allocated:
        """Counts by which no class's estimate is worse than it need be."""
        if self.variations is not None:
            _known(strata, self.variations, "variations")
        kinds = strata.kinds()[0]
        weights = [
            Fraction(size > 0) * (1 if self.variations is None else self.variations[name] ** 2)
            for name, size in kinds
        ]

        def exact(kind: int, unit: int) -> Fraction:
            return weights[kind] * (Fraction(1, unit - 1) - Fraction(1, kinds[kind][1]))

        keys = Keys(weights, _scales(weights), exact, count_of_worst)
        return Allocated(largest(_needed(total, self.name), strata, keys))


def _as_items(value: Any) -> FrozenMapping:
    items = as_mapping(value, "items")
    if not items:
        raise ParameterError("items", "{}", "names no item", "give at least one item")
    return FrozenMapping(
        {item: parameters.exact_numbers(own, f"items[{item!r}]") for item, own in items.items()}
    )


@frozen
class CompromiseAllocation:
    """Several items at once: no item's variance is far above what it could have alone.

    `items` gives each item its standard deviation in each class. Minimises the largest ratio, over
    items, of the item's variance Σ (N_h S_h)² / n_h to the least that this total allows for it
    alone. The bound behind `gap` is Lagrange's: whatever the weights of the items, the least
    weighted sum of their ratios is below the largest ratio of any counts.
    """

    name: ClassVar[str] = "compromise"
    items: FrozenMapping = field(converter=_as_items)

    def allocate(self, strata: Strata, total: int | None) -> Allocated:
        """Counts that serve all items, and the proven gap."""
        every = []
        for item, deviations in self.items.items():
            _known(strata, deviations, f"items[{item!r}]")
            every.append([(deviations[name] * size) ** 2 for name, size in strata.kinds()[0]])

        def best(squares: Sequence[int]) -> tuple[int, ...]:
            return _least_variance(wanted, strata, list(map(Fraction, squares))).counts

        wanted = _needed(total, self.name)
        counts, gap = best_for_all(every, strata, wanted, best)
        return Allocated(counts, gap)


@frozen
class RateAllocation:
    """By rates: ⌈rate × N⌉ from each stratum, within its box; with a total that must be their sum.

    `rates` is one rate for all, or one for each class.
    """

    name: ClassVar[str] = "rates"
    rates: Fraction | FrozenMapping = field(converter=parameters.as_rate_or_rates)

    def allocate(self, strata: Strata, total: int | None) -> Allocated:
        """Each stratum's rate, rounded up, brought into its box."""
        rates = self.rates
        if isinstance(rates, FrozenMapping):
            _known(strata, rates, "rates")
        box = zip(strata.names, strata.sizes.tolist(), strata.minimums.tolist(),
                  strata.maximums.tolist(), strict=True)  # fmt: skip
        counts = [
            min(most, max(least, count_from_rate(
                rates if isinstance(rates, Fraction) else rates[name], size)))
            for name, size, least, most in box
        ]  # fmt: skip
        if total is not None and total != sum(counts):
            reason = f"is {abs(total - sum(counts))} from the {sum(counts)} that the rates give"
            raise ParameterError("total", str(total), reason, "leave it out, or the rates")
        return Allocated(counts)
