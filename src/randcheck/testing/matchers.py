"""What every matcher must keep, ours and a stranger's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from randcheck.errors import RandcheckError
from randcheck.matching import Matcher, Odds, Visits, assign
from randcheck.registry import InspectorRegistry
from randcheck.testing.made_up import made_up_inspectors, made_up_visits
from randcheck.testing.values import check_value


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
    check_value(matcher)
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
