"""What changes with time: pools that shrink, draws that are drawn again.

Rules enforced here:
1. Pools: under the null hypothesis the sizes come in no particular order. A firm that left its
   pool right after it was drawn counts as still there, so a rule that spares firms drawn lately
   is no shrinking. The p-value is exact.
2. Redraws: under the null hypothesis each attempt at a task is as likely to be kept as any other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from math import comb

import numpy as np

from randcheck.audit.report import Question, batches, name_some, simulated_p, weigh
from randcheck.audit.samples import PastSample

#: Beyond so many draws the exact distribution of falls is simulated instead.
EXACT_UP_TO = 150


def by_task(samples: Sequence[PastSample]) -> list[list[PastSample]]:
    """The attempts at each task, in the order of the history; no name is a task of its own."""
    tasks: dict[str | int, list[PastSample]] = defaultdict(list)
    for place, sample in enumerate(samples):
        tasks[place if sample.task is None else sample.task].append(sample)
    return list(tasks.values())


def sizes_over_time(samples: Sequence[PastSample]) -> list[int]:
    """The size of each pool, with those that left right after they were drawn."""
    sizes, spared = [], set[str]()
    for sample in samples:
        spared -= set(sample.pool)
        sizes.append(len(sample.pool) + len(spared))
        spared |= set(sample.drawn)
    return sizes


def falls(sizes: Sequence[int]) -> int:
    """In how many pairs of draws the later pool is the smaller one (Mann and Kendall)."""
    values = np.asarray(sizes)
    return int(np.triu(values[:, None] > values[None, :], 1).sum())


def chance_of_falls(sizes: Sequence[int], count: int) -> Fraction:
    """The exact chance of `count` falls or more when the sizes come in a random order.

    Falls are the inversions of a multiset's permutation: their generating function is the Gaussian
    multinomial coefficient, Π(1−q^j), j to n, over the same product for each group of equal sizes.
    """
    total = len(sizes) * (len(sizes) - 1) // 2 + 1
    ways = np.zeros(total, dtype=object)
    ways[0] = 1
    groups = np.unique(np.asarray(sizes), return_counts=True)[1].tolist()
    above = list(range(1, len(sizes) + 1))
    for below in (j for group in groups for j in range(1, group + 1)):
        if below in above:
            above.remove(below)
            continue
        _divide(ways, below)
    for j in above:
        ways[j:] = ways[j:] - ways[:-j]
    whole = int(ways.sum())
    return Fraction(int(ways[count:].sum()), whole)


def _divide(ways: np.typing.NDArray[np.object_], j: int) -> None:
    """A power series over (1 − q^j), in place."""
    for start in range(j):
        ways[start::j] = np.add.accumulate(ways[start::j])


def ask(
    samples: Sequence[PastSample], simulations: int, rng: np.random.Generator
) -> list[Question]:
    """The questions about time that a history can answer."""
    tasks = by_task(samples)
    found = [
        _pools([task[0] for task in tasks], simulations, rng),
        _redraws(tasks, simulations, rng),
    ]
    return [question for question in found if question is not None]


def _pools(
    samples: Sequence[PastSample], simulations: int, rng: np.random.Generator
) -> Question | None:
    sizes = sizes_over_time(samples)
    if len(set(sizes)) < 2:
        return None
    count = falls(sizes)
    if len(sizes) <= EXACT_UP_TO:
        p_value, exact = chance_of_falls(sizes, count), True
    else:
        copies = [falls(rng.permutation(sizes).tolist()) for _ in range(simulations)]
        p_value, exact = simulated_p(count, np.array(copies, dtype=np.float64)), False
    says = (
        f"pools shrink, from {sizes[0]} to {sizes[-1]}, by more than firms left out after they "
        "were drawn: ask who left and why"
    )
    return Question("shrinking pools", count, p_value, "exact" if exact else "simulated", says)


def _redraws(
    tasks: Sequence[Sequence[PastSample]], simulations: int, rng: np.random.Generator
) -> Question | None:
    """Firms of discarded attempts that are in no kept one, weighed by how unlikely that is."""
    mixed = [task for task in tasks if 0 < sum(each.kept for each in task) < len(task)]
    if not mixed:
        return None
    column: dict[str, int] = {}
    for task in mixed:
        for sample in task:
            for name in sample.drawn:
                column.setdefault(name, len(column))
    drawn = np.zeros((sum(map(len, mixed)), len(column)), dtype=np.float32)
    weight, first, starts = np.zeros(len(column)), 0, []
    for task in mixed:
        for place, sample in enumerate(task):
            drawn[first + place, [column[name] for name in sample.drawn]] = 1
        kept = sum(each.kept for each in task)
        ways = [comb(len(task) - times, kept) for times in range(len(task) + 1)]
        chance = np.array([float(Fraction(way, ways[0])) for way in ways])
        with np.errstate(divide="ignore"):
            weight -= np.log(chance)[drawn[first : first + len(task)].sum(axis=0).astype(int)]
        starts.append((first, len(task), kept))
        first += len(task)
    weight = weigh(weight)
    observed = np.array([[each.kept for task in mixed for each in task]])
    statistic = float(((observed.astype(np.float32) @ drawn) == 0)[0] @ weight)
    copies = []
    for count in batches(simulations, max(drawn.shape)):
        keep = np.zeros((count, first), dtype=np.float32)
        for start, size, kept in starts:
            chosen = np.argsort(rng.random((len(keep), size)), axis=1)[:, :kept]
            np.put_along_axis(keep[:, start : start + size], chosen, 1, axis=1)
        copies.append((keep @ drawn == 0) @ weight)
    missing = np.flatnonzero((observed.astype(np.float32) @ drawn)[0] == 0)
    order = missing[np.argsort(-weight[missing], kind="stable")]
    ids = list(column)
    says = (
        f"firms in discarded attempts and in none that was kept: {len(missing)}; ask why: "
        f"{name_some(ids[place] for place in order)}"
    )
    p_value = simulated_p(statistic, np.concatenate(copies))
    return Question("redraws", float(len(missing)), p_value, "simulated", says)
