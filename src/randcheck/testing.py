"""What the author of a strategy runs.

>>> import randcheck as rc
>>> from randcheck.testing import check_matcher, check_sampler
>>> check_sampler(rc.UniformSampler(rate="3%"))
>>> check_matcher(rc.FairMatcher(team_size=2))

Rules enforced here:
1. A check that fails says in words which property does not hold, and on which frame.
2. Nothing here is random but by a seed that is stated.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np

from randcheck import canonical, tickets
from randcheck.design import Design
from randcheck.errors import RandcheckError
from randcheck.frame import Frame, build_frame
from randcheck.matching import Matcher, Need, Odds, Visits, assign
from randcheck.models import Inspector, Item, Scope, Subject
from randcheck.plan import Task
from randcheck.registry import InspectorRegistry, ItemCatalog, SubjectRegistry
from randcheck.samplers import Sampler, UniformSampler
from randcheck.strategy import describe

#: The tags of made-up subjects; each is an item of `made_up_catalog` as well.
TAGS = ("food", "price", "metrology")


def made_up_subjects(size: int, *, seed: int = 0) -> SubjectRegistry:
    """A registry of made-up firms in five regions, with tags and risk classes at random."""
    bits = np.random.PCG64(seed).random_raw(size).tolist() if size else []
    return SubjectRegistry.from_records(
        Subject(
            f"firm-{number:06}",
            f"Made-up firm {number}",
            region=f"99010{1 + value % 5}",
            tags=tuple(tag for place, tag in enumerate(TAGS) if value >> (8 + place) & 1),
            risk_class="AAABBBBCCD"[(value >> 16) % 10],
        )
        for number, value in enumerate(bits)
    )


def made_up_catalog() -> ItemCatalog:
    """An item for each tag, and `disclosure` for everybody."""
    items = [Item(tag, tag, "a made-up law", applies_to=Scope(tags=(tag,))) for tag in TAGS]
    return ItemCatalog.from_records([*items, Item("disclosure", "disclosure", "a made-up law")])


def made_up_frame(
    size: int = 200, *, seed: int = 0, items: Iterable[str] = (*TAGS, "disclosure")
) -> Frame:
    """The frame of a task over made-up subjects."""
    day = date(2026, 7, 1)
    task = Task(
        id=f"made-up-{seed}", items=tuple(items), sampler=UniformSampler(count=0), as_of=day
    )
    return build_frame(task, subjects=made_up_subjects(size, seed=seed), catalog=made_up_catalog())


def check_sampler(
    sampler: Sampler, frames: Iterable[Frame] | None = None, *, seeds: int = 400
) -> None:
    """Raise `AssertionError`, in words, unless a sampler keeps what every strategy must keep.

    It is asked on each of the frames (made-up ones unless given): the same frame gives the same
    design, a design is of the frame it was asked for, the sampler has an exact description and
    pickles, and over `seeds` draws each cell's subjects are taken as often as the design says. A
    frame that the sampler refuses with an error of randcheck's is passed over, unless all are.

    The test of frequencies is a χ² over each cell's members; a right sampler fails it in less than
    one of a million checks.
    """
    given = list(frames) if frames is not None else [
        made_up_frame(size, seed=size) for size in (60, 200)
    ]  # fmt: skip
    refused: list[Exception] = []
    _check_description(sampler)
    for frame in given:
        try:
            design = sampler.design(frame)
        except RandcheckError as error:
            refused.append(error)
            continue
        _check_design(sampler, frame, design)
        _check_frequencies(design, seeds)
    if given and len(refused) == len(given):
        raise AssertionError(f"{sampler!r} refuses every frame; the last time: {refused[-1]}")


def made_up_inspectors(size: int = 12) -> InspectorRegistry:
    """Made-up inspectors, every third of them with the specialty `food`, capacities from 8 on."""
    return InspectorRegistry.from_records(
        Inspector(
            f"inspector-{number:03}",
            f"Made-up inspector {number}",
            "market",
            certificate=f"C{number}",
            certificate_expires=date(2028, 1, 1),
            specialties=("food",) if number % 3 == 0 else (),
            capacity=None if number % 4 == 0 else 8 + number,
        )
        for number in range(size)
    )


def made_up_visits(size: int = 20, *, seed: int = 0) -> Visits:
    """Visits to made-up firms; those tagged `food` need somebody who holds `food`."""
    food = Item("food", "food", "a made-up law", specialties=("food",))
    price = Item("price", "price", "a made-up law")
    subjects = made_up_subjects(size, seed=seed)
    needs = [Need(each, (food,) if "food" in each.tags else (price,)) for each in subjects]
    return Visits(needs, date(2026, 7, 1))


def check_matcher(
    matcher: Matcher,
    cases: Iterable[tuple[Visits, InspectorRegistry]] | None = None,
    *,
    seeds: int = 20,
) -> None:
    """Raise `AssertionError`, in words, unless a matcher keeps what every matcher must keep.

    It is asked on each of the cases (made-up ones unless given): it gives `Odds`, which are whole
    and within every capacity by themselves; of these visits and inspectors; the same ones whenever
    it is asked; it has an exact description and pickles; and over some seeds every team has
    distinct people with odds above 0. A case that it refuses with an error of randcheck's is passed
    over, unless all are.
    """
    given = list(cases) if cases is not None else [
        (made_up_visits(size, seed=size), made_up_inspectors(size // 2 + 4)) for size in (6, 20)
    ]  # fmt: skip
    refused: list[Exception] = []
    _check_description(matcher)
    for visits, inspectors in given:
        try:
            odds = matcher.odds(visits, inspectors)
        except RandcheckError as error:
            refused.append(error)
            continue
        _check_odds(matcher, visits, inspectors, odds, seeds)
    if given and len(refused) == len(given):
        raise AssertionError(f"{matcher!r} refuses every case; the last time: {refused[-1]}")


def _check_odds(
    matcher: Matcher, visits: Visits, inspectors: InspectorRegistry, odds: Any, seeds: int
) -> None:
    where = f"{visits!r} with {len(inspectors)} inspectors"
    if not isinstance(odds, Odds):
        raise AssertionError(f"{matcher!r} gave {type(odds).__name__}, not Odds, for {where}")
    if not {*odds.visits} <= {*visits.ids} or not {*odds.inspectors} <= {*inspectors.ids}:
        raise AssertionError(f"{matcher!r} gave odds of somebody else than {where}")
    if matcher.odds(visits, inspectors) != odds:
        raise AssertionError(f"{matcher!r} gave two tables of odds for the same {where}")
    missing = {*visits.ids} - {*odds.visits}
    if missing and not getattr(matcher, "partial", False):
        raise AssertionError(f"{matcher!r} forgot the visits {sorted(missing)} of {where}")
    for number in range(seeds):
        for subject, team in zip(odds.visits, assign(odds, f"{number:064x}"), strict=True):
            if len({*team}) != len(team) or not all(odds.numerator(subject, x) for x in team):
                raise AssertionError(f"{matcher!r}: {team} go to {subject!r}, against the odds")


def _check_description(sampler: Sampler | Matcher) -> None:
    try:
        canonical.dumps(describe(sampler))
    except RandcheckError as error:
        raise AssertionError(f"{sampler!r} cannot be described in a record: {error}") from error
    try:
        copy = pickle.loads(pickle.dumps(sampler))  # noqa: S301  our own bytes
    except Exception as error:
        raise AssertionError(f"{sampler!r} does not pickle: {error}") from error
    if describe(copy) != describe(sampler):
        raise AssertionError(f"{sampler!r} is another after pickling: {copy!r}")


def _check_design(sampler: Sampler, frame: Frame, design: Any) -> None:
    if not isinstance(design, Design):
        kind = type(design).__name__
        raise AssertionError(f"{sampler!r} gave {kind}, not a Design, on {frame!r}")
    if list(design.ids) != list(frame.ids) or design.items != frame.items:
        raise AssertionError(f"{sampler!r} gave a design of something else than {frame!r}")
    if sampler.design(frame).digest != design.digest:
        raise AssertionError(f"{sampler!r} gave two designs for the same {frame!r}")
    for item in frame.items:
        applies = frame.eligible(item)
        total = sum(
            (design.inclusion_probability(name, item) for name in frame.ids[applies]), Fraction(0)
        )
        cells = {cell for name in frame.ids[applies] for cell in [design.cells_of(name)[item]]}
        expected = sum(
            (
                design.cells[cell].rate * int(applies[design.cells[cell].members].sum())
                for cell in cells
            ),
            Fraction(0),
        )
        if total != expected:
            raise AssertionError(f"{sampler!r}: probabilities of {item!r} add up to {total}")


def _check_frequencies(design: Design, seeds: int) -> None:
    """χ² of how often each member of a cell is taken, against take / size."""
    from scipy.stats import chi2

    patterns = [sorted(set(row) - {-1}) for row in design.patterns.tolist()]
    sizes = [cell.size for cell in design.cells]
    takes = [cell.take for cell in design.cells]
    times = [np.zeros(len(design), dtype=np.int64) for _ in design.cells]
    for number in range(seeds):
        seed = tickets.purpose_seed(f"{number:064x}", "subjects")
        found = tickets.lowest(seed, design.ids, patterns, design.pattern_of, sizes, takes)
        for counts, drawn in zip(times, found, strict=True):
            counts[[position for _, position in drawn]] += 1
    for cell, counts in zip(design.cells, times, strict=True):
        rate = float(cell.rate)
        if not 0 < rate < 1:
            continue
        observed = counts[cell.members]
        variance = seeds * rate * (1 - rate) * cell.size / (cell.size - 1)
        statistic = float(((observed - seeds * rate) ** 2).sum() / variance)
        if chi2.sf(statistic, cell.size - 1) < 1e-7:
            raise AssertionError(
                f"cell {cell.name!r}: some are taken more often or more rarely than {cell.rate}"
            )
