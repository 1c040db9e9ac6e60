"""Teams under demands that no exact odds can keep: an honest matcher of its own.

Rules enforced here:
1. The demands: two people never in one team; nobody with the partner of the last draw; hours, where
   visits differ in length. They are no bihierarchy, so no lottery over teams has prescribed odds
   for them in general (Budish, Che, Kojima, Milgrom 2013, theorem 2).
2. The teams are those of the base matcher, rounded again with the next attempt's seed until all
   demands hold: its lottery, conditioned on the demands. None within the attempts is an error.
3. What the odds of pairs are then is estimated by simulation, with its error, and called an
   estimate. It is never published as odds: the record's `odds_sha256` stays null.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from math import sqrt
from typing import Any, ClassVar

from attrs import Factory, field, frozen

from randcheck import dataframes
from randcheck.errors import ParameterError, StaffingError, UnknownNameError, shorten
from randcheck.fields import FrozenMapping
from randcheck.history import needed
from randcheck.matching.fair import FairMatcher
from randcheck.matching.odds import Odds
from randcheck.matching.rounding import assign
from randcheck.matching.visits import Visits
from randcheck.rates import parse_count
from randcheck.registry import InspectorRegistry
from randcheck.tickets import purpose_seed

Teams = list[tuple[str, ...]]

#: The base's odds, who must be apart, and the hours of each visit.
Prepared = tuple[Odds, frozenset[tuple[str, str]], list[int]]


def _as_pairs(value: Any) -> tuple[tuple[str, str], ...]:
    pairs = [tuple(sorted(pair)) for pair in value] if isinstance(value, Iterable) else [()]
    for pair in pairs:
        if len(set(pair)) != 2 or not all(isinstance(name, str) for name in pair):
            remedy = "write (('inspector-1', 'inspector-2'),)"
            raise ParameterError("apart", shorten(value), "is no set of pairs of ids", remedy)
    return tuple(sorted((one, other) for one, other in set(pairs)))


def _as_hours(value: Any) -> FrozenMapping:
    if not isinstance(value, Mapping) or not all(
        type(hours) is int and hours >= 0 for hours in value.values()
    ):
        remedy = "write {'food': 3, 'price': 1}, in whole hours"
        raise ParameterError("hours", shorten(value), "are no hours of items", remedy)
    return FrozenMapping(value)


def _as_most(value: Any) -> int | None:
    return None if value is None else parse_count(value, "most_hours")


@frozen
class Estimates:
    """How often pairs went together in simulated draws: estimates, each with its standard error."""

    draws: int
    times: FrozenMapping = field(repr=lambda times: f"<{len(times)} subjects>")

    def estimate(self, subject_id: str, inspector_id: str) -> tuple[float, float]:
        """The share of draws in which a pair met, and the standard error of this share."""
        if subject_id not in self.times:
            raise UnknownNameError("visit", (subject_id,), tuple(self.times))
        share = self.times[subject_id].get(inspector_id, 0) / self.draws
        return share, sqrt(share * (1 - share) / self.draws)

    def to_dataframe(self, backend: dataframes.Backend = "pandas") -> Any:
        """One row a pair that met: `subject_id`, `inspector_id`, `times`, `draws`."""
        rows = [(subject, name, count, self.draws)
                for subject, met in self.times.items() for name, count in met.items()]  # fmt: skip
        names = ("subject_id", "inspector_id", "times", "draws")
        columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
        types = {"subject_id": "text", "inspector_id": "text", "times": "int", "draws": "int"}
        return dataframes.build(columns, types, backend)


@frozen(kw_only=True)
class ConditionedMatcher:
    """Teams by the base matcher's lottery, conditioned on demands that no exact odds can keep.

    - `apart`: pairs of inspectors who are never in one team;
    - `new_pairs`: nobody goes with somebody who was in the same team on the last day with teams in
      the history;
    - `hours`: whole hours that each item takes, a visit as long as its items together, and
      `most_hours` of one inspector in the draw;
    - `attempts`: how many roundings are tried.
    """

    name: ClassVar[str] = "conditioned"
    base: FairMatcher = Factory(FairMatcher)
    apart: tuple[tuple[str, str], ...] = field(default=(), converter=_as_pairs)
    new_pairs: bool = False
    hours: FrozenMapping = field(default=FrozenMapping({}), converter=_as_hours)
    most_hours: int | None = field(default=None, converter=_as_most)
    attempts: int = 1000

    def teams(
        self, visits: Visits, inspectors: InspectorRegistry, inspectors_seed: str
    ) -> dict[str, tuple[str, ...]]:
        """The team of each subject, ids ascending, from the inspectors' seed.

        Attempt a is rounded with the purpose seed of "attempt a" under the inspectors' seed. Raises
        `StaffingError` when the base matcher does, or when no attempt keeps the demands.
        """
        odds, apart, hours = self._prepared(visits, inspectors)
        return self._draw(odds, apart, hours, inspectors_seed)

    def estimate(
        self, visits: Visits, inspectors: InspectorRegistry, *, draws: int = 1000, seed: int = 0
    ) -> Estimates:
        """How often each pair meets, by simulation: for planning, never published as odds."""
        odds, apart, hours = self._prepared(visits, inspectors)
        times: dict[str, dict[str, int]] = {name: {} for name in odds.visits}
        for number in range(parse_count(draws, "draws")):
            drawn = self._draw(odds, apart, hours, f"{seed:032x}{number:032x}")
            for subject, team in drawn.items():
                for name in team:
                    times[subject][name] = times[subject].get(name, 0) + 1
        return Estimates(draws, FrozenMapping({k: FrozenMapping(v) for k, v in times.items()}))

    def eligibility(self, visits: Visits, inspectors: InspectorRegistry) -> Any:
        """Who may go where by the base matcher's rules."""
        return self.base.eligibility(visits, inspectors)

    def _prepared(self, visits: Visits, inspectors: InspectorRegistry) -> Prepared:
        unknown = {name for pair in self.apart for name in pair if name not in inspectors}
        if unknown:
            raise UnknownNameError("inspector", sorted(unknown), (), "keep apart who is there")
        odds = self.base.odds(visits, inspectors)
        apart = {*self.apart, *(_last_pairs(visits) if self.new_pairs else ())}
        length = {need.subject.id: sum(self.hours.get(item.id, 0) for item in need.items)
                  for need in visits}  # fmt: skip
        return odds, frozenset(apart), [length[name] for name in odds.visits]

    def _draw(
        self, odds: Odds, apart: frozenset[tuple[str, str]], hours: Sequence[int], seed: str
    ) -> dict[str, tuple[str, ...]]:
        for attempt in range(self.attempts):
            teams = assign(odds, purpose_seed(seed, f"attempt {attempt}"))
            if self._holds(teams, apart, hours):
                return dict(zip(odds.visits, teams, strict=True))
        reason = (
            f"none of {self.attempts} roundings kept who must be apart and the most hours, which "
            "does not prove that no teams do"
        )
        raise StaffingError(odds.visits, len(odds.visits), 0, reason)

    def _holds(self, teams: Teams, apart: frozenset[tuple[str, str]], hours: Sequence[int]) -> bool:
        if apart and any(pair in apart for team in teams for pair in combinations(team, 2)):
            return False
        if self.most_hours is None:
            return True
        busy: dict[str, int] = {}
        for team, length in zip(teams, hours, strict=True):
            for name in team:
                busy[name] = busy.get(name, 0) + length
        return max(busy.values(), default=0) <= self.most_hours


def _last_pairs(visits: Visits) -> set[tuple[str, str]]:
    """Who went together on the last day of the history that has teams."""
    history = needed(visits.history, "who went together")
    past = [draw for draw in history if draw.team]
    last = max((draw.drawn_on for draw in past), default=None)
    return {
        pair
        for draw in past
        if draw.drawn_on == last
        for pair in combinations(sorted(draw.team), 2)
    }
