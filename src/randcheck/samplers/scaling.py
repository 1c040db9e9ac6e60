"""A budget of visits: the largest uniform scaling of all rates that keeps it, before the dice.

Rules enforced here:
1. A cell's count t becomes ⌈s × t⌉, or the whole cell where that is less; s is the same for all
   cells, exact, and the largest that keeps the budget. Every cell that had a chance keeps one.
2. Guaranteed: Σ take keeps the budget, whatever the dice. Expected: the bound Σ_k max_i π_ik keeps
   it when raised by the excess that simulation measures and by two standard errors of that.
3. A department's quota is a budget for the cells of its items. A cell of several departments gets
   the least of their scalings.
4. A budget that cannot pay for one unit in each cell is an error that says by how much.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import ceil, isqrt

from randcheck.design import Design
from randcheck.errors import ParameterError

#: How many simulated draws measure the excess of visits over their bound.
DRAWS = 60
#: The fineness of the first search for a scale.
FINE = 1 << 20

Measure = Callable[[Sequence[int]], Fraction]


def keep_budget(
    design: Design,
    name: str,
    budget: int,
    cells: Sequence[int],
    *,
    expected: bool,
    top: Fraction | None,
) -> dict[int, int]:
    """The scaled counts of some cells, by their numbers.

    `top` is the largest scale allowed, if there is one; `name` the parameter that errors name.
    """
    if not expected:
        return _scaled(design, name, budget, cells, top, lambda takes: Fraction(sum(takes)))
    own = frozenset(cells)

    def with_takes(takes: Sequence[int]) -> Design:
        all_ = [cell.take for cell in design.cells]
        for cell, take in zip(cells, takes, strict=True):
            all_[cell] = take
        return design.with_takes(all_)

    excess = Fraction(0)
    found: dict[int, int] = {}
    for _ in range(2):  # the excess at the scale that the bound alone gives, then with it

        def measure(takes: Sequence[int], excess: Fraction = excess) -> Fraction:
            return with_takes(takes).visit_bound_of(own) * (1 + excess)

        found = _scaled(design, name, budget, cells, top, measure)
        tried = with_takes([found[cell] for cell in cells])
        bound = tried.visit_bound_of(own)
        if not bound:  # nothing is drawn
            break
        counts = tried.simulated_visits(DRAWS, cells=own)
        excess = max(Fraction(0), _upper(counts) / bound - 1)
    return found


def _upper(counts: Sequence[int]) -> Fraction:
    """The mean and two of its standard errors, in whole numbers throughout."""
    many, total = len(counts), sum(counts)
    spread = many * sum(n * n for n in counts) - total * total  # many (many - 1) × the variance
    error = Fraction(isqrt(spread * FINE * FINE // (many - 1)) + 1, FINE * many)
    return Fraction(total, many) + 2 * error


def _scaled(
    design: Design,
    name: str,
    budget: int,
    cells: Sequence[int],
    top: Fraction | None,
    measure: Measure,
) -> dict[int, int]:
    """The counts at the largest scale at which the measure keeps the budget."""
    takes = [design.cells[cell].take for cell in cells]
    sizes = [design.cells[cell].size for cell in cells]

    def at(scale: Fraction) -> list[int]:
        return [
            min(size, -(-scale.numerator * take // scale.denominator))
            for take, size in zip(takes, sizes, strict=True)
        ]

    def keeps(scale: Fraction) -> bool:
        return measure(at(scale)) <= budget

    highest = max(
        (Fraction(size, take) for take, size in zip(takes, sizes, strict=True) if take),
        default=Fraction(1),
    )
    highest = highest if top is None else min(highest, top)
    least = measure([min(1, take) for take in takes])
    if least > budget:
        reason = (
            f"is {ceil(least - budget)} less than one for each of the {sum(map(bool, takes))} cells"
        )
        raise ParameterError(name, str(budget), reason, "raise it, or make fewer cells")
    if keeps(highest):
        return dict(zip(cells, at(highest), strict=True))
    coarse = range(1, int(highest * FINE) + 1)
    low = bisect_left(coarse, True, key=lambda part: not keeps(Fraction(part, FINE)))
    bottom, ceiling = Fraction(low, FINE), min(highest, Fraction(low + 1, FINE))
    steps = sorted(
        {
            Fraction(unit, take)
            for take in set(takes) - {0}
            for unit in range(int(bottom * take), int(ceiling * take) + 2)
            if bottom <= Fraction(unit, take) <= ceiling and unit
        }
    )
    kept = bisect_left(steps, True, key=lambda step: not keeps(step))
    best = steps[kept - 1] if kept else bottom
    return dict(zip(cells, at(best) if best else [min(1, take) for take in takes], strict=True))


def by_department(
    design: Design,
    departments: Mapping[str, str | None],
    quotas: Mapping[str, int],
    *,
    expected: bool,
) -> Design:
    """The design after each department's quota; `departments` gives each item its department."""
    takes = [cell.take for cell in design.cells]
    scaled = list(takes)
    limited: set[int] = set()
    for department, quota in quotas.items():
        own = [
            number
            for number, cell in enumerate(design.cells)
            if any(departments[item] == department for item in cell.items or design.items)
        ]
        if not own:
            reason = "has no item in this task"
            known = sorted({each for each in departments.values() if each is not None})
            remedy = f"departments here are {', '.join(known) or 'none'}"
            raise ParameterError("quotas", repr(department), reason, remedy)
        found = keep_budget(
            design, f"quotas[{department!r}]", quota, own, expected=expected, top=None
        )
        for cell, take in found.items():
            scaled[cell] = min(scaled[cell], take) if cell in limited else take
        limited.update(own)
    return design.with_takes(scaled)
