"""Who goes where: randcheck's FairMatcher beside solvers, its fairness, and how it grows.

    pip install ortools highspy matplotlib
    python benchmarks/matching.py           # prints the tables and writes them to RESULTS.md
    python benchmarks/matching.py --slow    # the large linear programs too: minutes more
    python benchmarks/matching.py --only fairness      # prints one part and writes no table

Each measurement is a process of its own: the median of up to three runs after a small one that
loads what is loaded once, and the peak memory of the whole process, interpreter and case included.
Ours goes from facts to teams by way of exact odds; a peer is given the candidate pairs as arrays,
so the question who may go where costs it nothing. Every team is checked, whoever made it.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import re
import statistics
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import attrs
import cases
import numpy as np
import numpy.typing as npt
import peers
from attrs import frozen
from cases import Case
from results import machine, peak_bytes, write_part

from randcheck.errors import StaffingError
from randcheck.matching import FairMatcher, assign

SEED = "ab" * 32
RUNS, ENOUGH = 3, 60.0  # no further run after so many seconds
LONGEST = 1200.0  # a process is ended after so many seconds
ESTIMATES = 200  # runs with other random costs
FOLLOWED = 1000  # pairs whose odds are estimated
INSTANCES = 100
WORST_RATIO = 1.10

CASES = (("dense", 2000, 200), ("dense", 10_000, 800), ("city", 2000, 200), ("city", 10_000, 800))
OFFICES = (1, 2, 5, 10, 20, 40, 80, 160)
PLOT = Path(__file__).with_name("matching-growth.png")

#: Who takes part, and what comes out.
NAMES = {
    "ours": ("**randcheck** `FairMatcher`", "teams by published odds"),
    "maximum_flow": ("scipy `maximum_flow`", "one feasible answer"),
    "minimum_cost_flow": ("OR-tools min-cost flow, random costs", "random teams, odds unknown"),
    "linear_program": ("HiGHS linear program, random objective", "marginals, no teams"),
}


@frozen
class Measured:
    """One measurement; `None` where it was not made or says nothing."""

    seconds: float = 0.0
    peak: int = 0
    pairs: int = 0
    predictability: float | None = None
    entropy: float | None = None
    loads: tuple[float, float] | None = None
    steps: dict[str, float] = attrs.field(factory=dict)
    given_up: str | None = None


# --- in a process of its own ---------------------------------------------------------------------


class Clock(logging.Handler):
    """Seconds between the library's messages, each of which opens a step."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.marks: list[tuple[str, float]] = []

    def emit(self, record: logging.LogRecord) -> None:
        topic, found, text = record.getMessage().partition("matching: ")
        if found and not topic:
            self.mark(re.split(r" of |,| \d", text)[0])

    def mark(self, name: str) -> None:
        self.marks.append((name, time.perf_counter()))

    def steps(self) -> dict[str, float]:
        spent: dict[str, float] = {}
        for (name, start), (_, end) in zip(self.marks, self.marks[1:], strict=False):
            spent[name] = spent.get(name, 0.0) + end - start
        return spent


def measure_ours(case: Case) -> Measured:
    matcher = FairMatcher(team_size=case.team_size)
    log = logging.getLogger("randcheck")
    log.setLevel(logging.INFO)
    spent: list[dict[str, float]] = []

    def run() -> Any:
        clock = Clock()
        log.addHandler(clock)
        clock.mark("before")
        odds = matcher.odds(visits, inspectors)
        teams = assign(odds, SEED)
        clock.mark("end")
        log.removeHandler(clock)
        spent.append(clock.steps())
        return odds, teams

    times: list[float] = []
    result = None
    while len(times) < RUNS and sum(times) < ENOUGH:
        result = None  # what is measured holds one result at a time
        visits, inspectors = case.visits(), case.inspectors()
        taken, result = seconds(run)
        times.append(taken)
    assert result is not None
    peak, (odds, teams) = peak_bytes(), result
    case.check(case.positions(teams))
    steps = {name: statistics.median(s.get(name, 0.0) for s in spent) for name in spent[-1]}
    at, people, numerators = odds.pairs()
    return attrs.evolve(
        quality(case, at, people, numerators / odds.denominator),
        seconds=statistics.median(times),
        peak=peak,
        steps=steps,
    )


def measure_peer(name: str, case: Case) -> Measured:
    solve: Callable[[Case], npt.NDArray[Any]] = getattr(peers, name)
    pairs, result = case.pairs, None
    times: list[float] = []
    solve(cases.small(5))
    while len(times) < RUNS and sum(times) < ENOUGH:
        result = None
        try:
            taken, result = seconds(lambda: solve(case))
        except peers.GivenUpError as error:
            return Measured(given_up=str(error), peak=peak_bytes(), pairs=len(pairs.people))
        times.append(taken)
    assert result is not None
    peak = peak_bytes()
    if name == "linear_program":
        found = quality(case, pairs.visits, pairs.people, result)
    else:
        case.check(result)
        visits = np.repeat(np.arange(len(result)), case.team_size)
        found = quality(case, visits, result.ravel(), np.ones(result.size))
        if name == "minimum_cost_flow":  # one outcome of many: see `estimate`
            found = attrs.evolve(found, predictability=None, entropy=None, loads=None)
    return attrs.evolve(found, seconds=statistics.median(times), peak=peak)


def estimate(case: Case) -> Measured:
    """Odds of a random solver, from many runs.

    The pairs that went together most often in the first half of the runs are followed in the second
    half: what is seen there is no artefact of the choice, and a lower estimate of the largest odds.
    """
    pairs, people = case.pairs, len(case.home)
    keys = pairs.visits.astype(np.int64) * people + pairs.people
    counts = np.zeros((2, len(keys)), dtype=np.int64)
    rows = np.arange(len(case.county))[:, None] * people
    for run in range(ESTIMATES):
        teams = peers.minimum_cost_flow(case, seed=1 + run)
        counts[run % 2, np.searchsorted(keys, rows + teams).ravel()] += 1
    relative = counts * pairs.counts[pairs.visits] / case.team_size / (ESTIMATES // 2)
    followed = np.argsort(-relative[0], kind="stable")[:FOLLOWED]
    loads = np.bincount(pairs.people, counts.sum(axis=0) / ESTIMATES, minlength=people)
    return Measured(
        pairs=len(keys),
        predictability=float(relative[1, followed].mean()),
        loads=(float(loads.min()), float(loads.max())),
    )


def quality(case: Case, visits: Any, people: Any, odds: Any) -> Measured:
    """Predictability against even odds, mean entropy of a visit, and the spread of loads."""
    loads = np.bincount(people, odds, minlength=len(case.home))
    some = odds[odds > 1e-9]
    return Measured(
        pairs=len(case.pairs.people),
        predictability=float((odds * case.pairs.counts[visits]).max() / case.team_size),
        entropy=float(-(some * np.log2(some)).sum() / len(case.county)) + 0.0,
        loads=(float(loads.min()), float(loads.max())),
    )


def bounds(case: Case) -> Measured:
    """The least possible predictability, and the entropy of even odds."""
    counts, q = case.pairs.counts, case.team_size
    return Measured(
        pairs=len(case.pairs.people),
        predictability=peers.least_by_flow(case),
        entropy=float((q * np.log2(counts / q)).mean()),
    )


@frozen
class Fairness:
    """Small cases: how far our largest relative odds are above the least possible."""

    ratios: tuple[float, ...]
    infeasible: int
    wrong: tuple[int, ...]  # seeds where ours and the linear program disagree on feasibility


def measure_fairness() -> Fairness:
    ratios, infeasible, wrong = [], 0, []
    for seed in range(INSTANCES):
        case = cases.small(seed)
        least = peers.least_by_program(case)
        matcher = FairMatcher(team_size=case.team_size)
        try:
            odds = matcher.odds(case.visits(), case.inspectors())
        except StaffingError:
            infeasible += least is None
            wrong += [seed] * (least is not None)
            continue
        if least is None:
            wrong.append(seed)
            continue
        case.check(case.positions(assign(odds, SEED)))
        visits, people, numerators = odds.pairs()
        ours = quality(case, visits, people, numerators / odds.denominator).predictability
        assert ours is not None
        ratios.append(ours / least)
    return Fairness(tuple(ratios), infeasible, tuple(wrong))


def seconds(run: Callable[[], Any]) -> tuple[float, Any]:
    gc.collect()
    start = time.perf_counter()
    result = run()
    return time.perf_counter() - start, result


def child(task: str, case: Sequence[Any]) -> str:
    if task == "fairness":
        found: Any = measure_fairness()
    else:
        built = cases.build(*case)
        if task == "ours":
            warm = cases.small(5)
            assign(FairMatcher(team_size=2).odds(warm.visits(), warm.inspectors()), SEED)
            found = measure_ours(built)
        elif task in ("bounds", "estimate"):
            found = bounds(built) if task == "bounds" else estimate(built)
        else:
            found = measure_peer(task, built)
    return json.dumps(attrs.asdict(found))


# --- tables --------------------------------------------------------------------------------------


def ask(task: str, *case: Any) -> dict[str, Any]:
    """What a process of its own finds."""
    print(f"… {task} {case}", file=sys.stderr, flush=True)
    command = [sys.executable, __file__, "--measure", json.dumps([task, case])]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST)
    except subprocess.TimeoutExpired:
        return {"given_up": f"no end in {LONGEST:g} s"}
    if done.returncode < 0:  # by a signal: the kernel ends what takes all memory
        return {"given_up": f"ended by signal {-done.returncode}"}
    if done.returncode:
        raise SystemExit(f"{task} {case}: {done.stderr}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def measure(task: str, *case: Any) -> Measured:
    return Measured(**ask(task, *case))


def finish(task: str, *case: Any) -> Measured:
    """A measurement that the tables cannot do without."""
    found = measure(task, *case)
    if found.given_up is not None:
        raise SystemExit(f"{task} {case}: {found.given_up}")
    return found


def cases_part(slow: bool) -> str:
    rows, shares = [], []
    for name, visits, people in CASES:
        ours = Measured()
        title = f"{name} {visits:,} × {people:,}"
        limit = finish("bounds", name, visits, people)
        rows.append(_row(title, f"*bounds* ({limit.pairs:,} pairs)", "", limit))
        for who, (label, gives) in NAMES.items():
            if who == "linear_program" and visits > 2000 and not slow:
                rows.append(_row(title, label, "not run: `--slow`", Measured()))
                continue
            found, guess = measure(who, name, visits, people), ""
            if who == "minimum_cost_flow" and visits <= 2000:
                odds = finish("estimate", name, visits, people)
                found = attrs.evolve(found, predictability=odds.predictability, loads=odds.loads)
                guess = "≥ "
            rows.append(_row(title, label, found.given_up or gives, found, guess))
            if found.steps:
                ours = found
            if who == "minimum_cost_flow" and ours.seconds and found.seconds:
                times = f"{ours.seconds / found.seconds:.2f} (≤ 2.5)"
                cells = (title, f"{ours.seconds:.2f}", times, _shares(ours))
                shares.append(f"| {' | '.join(cells)} |")
    return "\n".join(
        [
            "| case | who | s | peak MB | gives | largest odds ÷ even odds | entropy, bits a visit "
            "| expected loads |",
            "|---|---|---|---|---|---|---|---|",
            *rows,
            "",
            "openreview-matcher: not on the package index.",
            "",
            *_prose(
                "Even odds of a visit with n candidates are q/n for each, and their entropy Σ "
                "-x log₂ x is q log₂(n/q): a bound that capacities and specialties may keep out "
                "of reach. The least possible quotient is found by bisection of maximum flows. "
                f"What stands beside the random costs is estimated from {ESTIMATES} runs: the "
                f"{FOLLOWED:,} pairs most frequent in one half of the runs, as seen in the other "
                "half."
            ),
            "",
            "| case | s | times min-cost flow | shares of our steps |",
            "|---|---|---|---|",
            *shares,
        ]
    )


def _row(title: str, who: str, gives: str, found: Measured, guess: str = "") -> str:
    cells = (
        title,
        who,
        f"{found.seconds:.2f}" if found.seconds else "",
        f"{found.peak / 1e6:,.0f}" if found.peak else "",
        gives,
        "" if found.predictability is None else f"{guess}{found.predictability:.3f}",
        "" if found.entropy is None else f"{found.entropy:.2f}",
        "" if found.loads is None else "–".join(f"{load:.1f}" for load in found.loads),
    )
    return f"| {' | '.join(cells)} |"


def _prose(text: str) -> list[str]:
    return textwrap.wrap(text, 100)


def _shares(found: Measured) -> str:
    whole = sum(found.steps.values())
    parts = ((name, round(100 * spent / whole)) for name, spent in found.steps.items())
    return ", ".join(f"{name} {share} %" for name, share in parts if share)


def fairness_part() -> str:
    answer = ask("fairness")
    if "given_up" in answer:
        raise SystemExit(f"fairness: {answer['given_up']}")
    ratios = answer["ratios"]
    worst = f"{max(ratios):.4f} (≤ {WORST_RATIO:g})"
    rows = [f"| {len(ratios)} small random cases | {statistics.median(ratios):.4f} | {worst} |"]
    for case in CASES:
        if case[1] > 2000:
            continue
        least, ours = finish("bounds", *case), finish("ours", *case)
        assert least.predictability is not None
        assert ours.predictability is not None
        ratio = ours.predictability / least.predictability
        rows.append(f"| {case[0]} {case[1]:,} × {case[2]:,} | {ratio:.4f} | {ratio:.4f} |")
    wrong = answer["wrong"]
    verdict = f"in these they disagree (seeds): {wrong}" if wrong else "they always agree"
    return "\n".join(
        [
            "Our largest odds over the largest of the fairest, both relative to even odds:",
            "",
            "| cases | median | largest |",
            "|---|---|---|",
            *rows,
            "",
            *_prose(
                f"Of {INSTANCES} small cases (12–40 visits, 6–20 inspectors, teams of two or "
                "three, with and without specialists, 5–30 % conflicts, tight to loose "
                f"capacities) {answer['infeasible']} cannot be staffed: ours says "
                f"`StaffingError`, the linear program infeasible; {verdict}."
            ),
        ]
    )


def scale_part() -> str:
    each, staff = cases.OFFICE
    found = [finish("ours", "offices", each * count, staff * count) for count in OFFICES]
    sizes = [each * count for count in OFFICES]
    slope_s, slope_m = plot(sizes, found)
    rows = [
        f"| {size:,} | {staff * count:,} | {one.pairs:,} | {one.seconds:.2f} "
        f"| {one.peak / 1e6:,.0f} | {_shares(one)} |"
        for size, count, one in zip(sizes, OFFICES, found, strict=True)
    ]
    largest = found[-1]
    return "\n".join(
        [
            f"Offices of {each:,} visits and {staff} inspectors each, 5 % conflicts. The largest:",
            f"{largest.seconds:.1f} s (≤ 60), {largest.peak / 1e9:.2f} GB (≤ 4).",
            "",
            "| visits | inspectors | pairs | s | peak MB | shares of our steps |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
            *_prose(
                f"From {sizes[-4]:,} visits on, time grows like visits^{slope_s:.2f} and memory "
                f"like visits^{slope_m:.2f}."
            ),
            "",
            f"![Time and memory by visits, both axes logarithmic]({PLOT.name})",
        ]
    )


def plot(sizes: Sequence[int], found: Sequence[Measured]) -> tuple[float, float]:
    """Draw the growth; the slopes of time and memory over the four largest sizes."""
    matplotlib: Any = import_module("matplotlib")
    matplotlib.use("Agg")
    pyplot: Any = import_module("matplotlib.pyplot")
    figure, both = pyplot.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    slopes = []
    for axes, label, values, limit in (
        (both[0], "seconds", [one.seconds for one in found], 60.0),
        (both[1], "peak memory, MB", [one.peak / 1e6 for one in found], 4000.0),
    ):
        slope, height = np.polyfit(np.log(sizes[-4:]), np.log(values[-4:]), 1)
        fitted = np.exp(height) * np.array(sizes[-4:], dtype=np.float64) ** slope
        axes.loglog(sizes, values, "o", color="#1f5a8a", label="measured")
        axes.loglog(sizes[-4:], fitted, color="#1f5a8a", label=f"slope {slope:.2f}")
        even = values[-1] * np.array(sizes) / sizes[-1]
        axes.loglog(sizes, even, ":", color="#777777", label="slope 1")
        axes.axhline(limit, color="#b03a2e", linewidth=1, label=f"limit {limit:,.0f}")
        axes.set_xlabel("visits (a tenth as many inspectors)")
        axes.set_ylabel(label)
        axes.grid(True, which="major", alpha=0.3)
        axes.legend()
        slopes.append(float(slope))
    figure.suptitle("FairMatcher: from facts to teams")
    figure.savefig(PLOT, dpi=120)
    return slopes[0], slopes[1]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--slow", action="store_true", help="the large linear programs too")
    parser.add_argument("--only", choices=["cases", "fairness", "scale"], help="print one part")
    parser.add_argument("--measure", help="used by the script itself")
    given = parser.parse_args()
    if given.measure is not None:
        print(child(*json.loads(given.measure)))
        return
    packages = ("numpy", "scipy", "ortools", "highspy", "attrs", "randcheck")
    texts = [
        "## Matching",
        "Written by `python benchmarks/matching.py" + " --slow" * given.slow + "`.",
        f"{machine(packages)}; medians of up to {RUNS} runs, one process each.",
    ]
    for name, title, part in (
        ("cases", "Beside others", partial(cases_part, given.slow)),
        ("fairness", "Fairness", fairness_part),
        ("scale", "Growth", scale_part),
    ):
        if given.only in (None, name):
            texts += [f"### {title}", part()]
            print(f"{texts[-2]}\n\n{texts[-1]}\n", flush=True)
    if given.only is None:
        write_part("matching", "\n\n".join(texts))


if __name__ == "__main__":
    main()
