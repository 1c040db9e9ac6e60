"""Allocation of a million strata, exact odds beside nearly exact ones, and joint visits.

    python benchmarks/strategies.py      # prints the tables and writes its part of RESULTS.md

The peer of the allocations is the queue that gives unit after unit to the stratum that gains most
(Wright's algorithm with a heap and floats), run on the same strata: it is as good and as plain as
can be. What the proportional-to-size methods really give is computed by numerical integration of
the joint distribution of their ranking variables, to about nine digits.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TypeVar

import numpy as np
from results import machine, write_part

import randcheck as rc
from randcheck.samplers import Allocation, Sampler
from randcheck.samplers.boundaries import best_cuts
from randcheck.testing import made_up_frame, made_up_subjects

STRATA, NAMES = 1_000_000, 5_000


def many_strata() -> rc.Strata:
    dice = np.random.PCG64(1).random_raw(STRATA)
    names = [f"c{value % NAMES}" for value in (dice >> 32).tolist()]
    return rc.Strata.of(names, (1 + dice % 200).tolist())


def heap(total: int, squares: Sequence[float], sizes: Sequence[int]) -> list[int]:
    """Unit after unit, floats throughout."""
    counts = [1] * len(sizes)
    queue = [(-square / 2, row) for row, square in enumerate(squares) if sizes[row] > 1]
    heapq.heapify(queue)
    for _ in range(total - len(sizes)):
        _, row = queue[0]
        counts[row] = n = counts[row] + 1
        if n < sizes[row]:
            heapq.heapreplace(queue, (-squares[row] / (n * (n + 1)), row))
        else:
            heapq.heappop(queue)
    return counts


T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[float, T]:
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found


def allocations() -> list[str]:
    strata = many_strata()
    deviations = {f"c{n}": Fraction(n % 97 + 1, 7) for n in range(NAMES)}
    costs = {f"c{n}": Fraction(n % 13 + 1, 3) for n in range(NAMES)}
    total = 5_000_000
    rules: dict[str, tuple[Allocation, int | None]] = {
        "proportional": (rc.ProportionalAllocation(), total),
        "equal": (rc.EqualAllocation(), total),
        "power ½": (rc.PowerAllocation(), total),
        "Neyman": (rc.NeymanAllocation(deviations), total),
        "Neyman with costs": (rc.NeymanAllocation(deviations, costs=costs), total),
        "minimax": (rc.MinimaxAllocation(deviations), total),
        "Neyman within a budget": (
            rc.NeymanAllocation(deviations, costs=costs, budget=9_000_000),
            None,
        ),
    }
    rows = []
    for name, (rule, wanted) in rules.items():
        seconds, found = timed(lambda: rule.allocate(strata, wanted))  # noqa: B023
        gap = found.gap
        told = "exact" if not gap else f"proven gap {float(gap):.1e}"
        rows.append(f"| {name} | {sum(found.counts):,} | {seconds:.1f} | {told} |")
    sizes = strata.sizes.tolist()
    squares = [
        float((deviations[name] * size) ** 2)
        for name, size in zip(strata.names, sizes, strict=True)
    ]
    seconds, _ = timed(lambda: heap(total, squares, sizes))
    rows.append(f"| peer: a heap, unit after unit, floats | {total:,} | {seconds:.1f} | floats |")
    return [
        f"### Allocation of {STRATA:,} strata\n",
        f"{NAMES:,} names, sizes of 1 to 200, seconds:\n",
        "| rule | units | s | |",
        "|---|---|---|---|",
        *rows,
    ]


# --- odds in proportion to a score -------------------------------------------------------------


def ranked(
    targets: Sequence[float], count: int, distribution: Callable[[float, np.ndarray], np.ndarray],
    grid: np.ndarray,
) -> list[float]:  # fmt: skip
    """The true inclusion probabilities when the `count` lowest ranking variables are taken.

    `distribution(target, q)` is that of one variable; P(k in) = ∫ P(fewer than `count` of the
    others below q) dF_k(q), by the trapezoidal rule.
    """
    below = np.array([distribution(each, grid) for each in targets])
    found = []
    for k in range(len(targets)):
        fewer = np.zeros((count, len(grid)))
        fewer[0] = 1.0
        for other in (each for place, each in enumerate(below) if place != k):
            shifted = np.vstack([np.zeros(len(grid)), fewer[:-1]])
            fewer = fewer * (1 - other) + shifted * other
        chance = fewer.sum(axis=0)
        found.append(float((np.diff(below[k]) * (chance[1:] + chance[:-1]) / 2).sum()))
    return found


def pareto(target: float, q: np.ndarray) -> np.ndarray:
    """U / (1 - U) over target / (1 - target)."""
    odds = q * target / (1 - target)
    return np.asarray(odds / (1 + odds))


def sequential_poisson(target: float, q: np.ndarray) -> np.ndarray:
    """U over target."""
    return np.minimum(1.0, q * target)


def proportional_to_size() -> list[str]:
    rows = []
    for size, count in ((10, 4), (20, 6), (40, 10)):
        scores = range(1, size + 1)
        targets = [Fraction(count * score, sum(scores)) for score in scores]
        grid = np.concatenate([np.linspace(0, 60, 600_001), np.geomspace(60, 1e9, 100_000)[1:]])
        figures = []
        for distribution, points in (
            (pareto, grid),
            (sequential_poisson, np.linspace(0, float(1 / targets[0]), 400_001)),
        ):
            true = ranked(list(map(float, targets)), count, distribution, points)
            assert abs(sum(true) - count) < 1e-5
            off = max(abs(t / float(e) - 1) for t, e in zip(true, targets, strict=True))
            figures.append(f"{100 * off:.2g} %")
        design = rc.RiskScoreSampler(count=count, cells=count).design(scored(scores))
        far = sum(
            abs(design.inclusion_probability(f"firm-{score - 1:06}") - target)
            for score, target in zip(scores, targets, strict=True)
        )
        rows.append(
            f"| {size} | {count} | {figures[0]} | {figures[1]} "
            f"| 0 ({len(design.cells)} cells, {float(100 * far / count):.0f} %) |"
        )
    return [
        "\n### Odds in proportion to a score\n",
        "Scores 1, 2, …; how far, at most, anybody's true odds are from those that are stated.",
        "In brackets: how many cells, and how far their odds are from the proportion to scores,",
        "Σ over firms ÷ firms drawn.\n",
        "| firms | drawn | Pareto | sequential Poisson | cells |",
        "|---|---|---|---|---|",
        *rows,
    ]


def scored(scores: Sequence[int]) -> rc.Frame:
    from datetime import date

    from randcheck.testing import made_up_catalog

    subjects = rc.SubjectRegistry.from_records(
        {"id": f"firm-{k:06}", "name": "made up", "region": "r", "risk_score": each}
        for k, each in enumerate(scores)
    )
    task = rc.Task(id="T", items=("disclosure",), sampler=rc.UniformSampler(count=0),
                   as_of=date(2026, 7, 1))  # fmt: skip
    return rc.build_frame(task, subjects=subjects, catalog=made_up_catalog())


# --- designs -----------------------------------------------------------------------------------


def designs() -> list[str]:
    frame = made_up_frame(100_000, seed=1)
    rates = {"A": "2%", "B": "4%", "C": "10%", "D": "50%"}
    same = dict.fromkeys(frame.items, rc.UniformSampler(rate="5%"))
    by_class = dict.fromkeys(frame.items, rc.RiskStratifiedSampler(rates=rates))
    every = (frame.items,)
    samplers: dict[str, Sampler] = {
        "uniform": rc.UniformSampler(rate="3%"),
        "risk, by class": rc.RiskStratifiedSampler(rates=rates),
        "risk, by class and region": rc.RiskStratifiedSampler(rates=rates, strata=("region",)),
        "risk score, 10 cells of 1,001 scores": rc.RiskScoreSampler(rate="3%"),
        "balanced, region × class": rc.BalancedSampler(rows="region", rates=rates),
        "rotation of the second": rc.Rotation(rc.RiskStratifiedSampler(rates=rates), months=12),
        "joint, four items": rc.JointItemSampler(by_class),
        "joint, merged": rc.JointItemSampler(same, merge=every),
        "joint, a guaranteed budget": rc.JointItemSampler(by_class, budget=9000),
        "joint, an expected budget": rc.JointItemSampler(by_class, budget=9000, promise="expected"),
    }
    rows = []
    for name, sampler in samplers.items():
        seconds, design = timed(lambda: sampler.design(frame))  # noqa: B023
        taken = sum(cell.take for cell in design.cells)
        rows.append(f"| {name} | {len(design.cells)} | {taken:,} | {seconds:.2f} |")
    scores = np.unique(np.random.PCG64(2).random_raw(100_000) % 10_000, return_counts=True)
    seconds, _ = timed(lambda: best_cuts(scores[0].tolist(), scores[1].tolist(), 10))
    return [
        "\n### Designs of 100,000 made-up subjects\n",
        "| sampler | cells | places | s |",
        "|---|---|---|---|",
        *rows,
        f"\nBest cuts of {len(scores[0]):,} different scores into 10 cells: {seconds:.1f} s.",
    ]


def main() -> None:
    made_up_subjects(10)
    text = "\n".join(
        [
            "## Strategies",
            "",
            machine(["randcheck", "numpy", "scipy"]),
            "",
            *allocations(),
            *proportional_to_size(),
            *designs(),
        ]
    )
    print(text)
    write_part("strategies", text)


if __name__ == "__main__":
    main()
