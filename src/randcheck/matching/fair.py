"""The default matcher: odds as little predictable, as even and as random as the rules allow.

Rules enforced here:
1. Hard rules first (`eligibility`, `teams`); no team is an error that says who is short of whom.
2. Then predictability, then even expected loads, then entropy (`solve`).
3. The odds are a function of visits, inspectors and parameters alone, the same on every machine.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
from attrs import field, frozen

from randcheck.errors import ParameterError, StaffingError, shorten
from randcheck.matching.conflicts import DEFAULT_RULES, ConflictRule
from randcheck.matching.eligibility import Eligibility
from randcheck.matching.feasibility import Search, shortage
from randcheck.matching.levels import Infeasible
from randcheck.matching.network import Ints, Network
from randcheck.matching.odds import Odds
from randcheck.matching.solve import solve
from randcheck.matching.teams import Demand, network_of
from randcheck.matching.visits import Visits
from randcheck.registry import InspectorRegistry
from randcheck.strategy import has

log = logging.getLogger("randcheck")

#: The largest team: far beyond any inspection.
MOST_MEMBERS = 1000


def _as_team_size(value: object) -> int:
    if type(value) is not int or not 2 <= value <= MOST_MEMBERS:
        reason = f"is not a whole number from 2 to {MOST_MEMBERS}"
        raise ParameterError("team_size", shorten(value), reason, "inspect in pairs at least")
    return value


def _as_members(value: object) -> int | None:
    if value is not None and (type(value) is not int or value < 1):
        remedy = "give the number of members that each department supplies, or None"
        raise ParameterError("each_department", shorten(value), "is no such number", remedy)
    return value


def _as_bits(value: object) -> int:
    if type(value) is not int or not 4 <= value <= 24:
        raise ParameterError("bits", shorten(value), "is no precision", "give 4 to 24; 14 is usual")
    return value


def _as_names(value: Any) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ParameterError("matcher", shorten(value), "is no tuple", "write ('name',) for one")
    return tuple(sorted(set(value)))


def _as_rules(value: Any) -> tuple[ConflictRule, ...]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ParameterError("rules", shorten(value), "is no tuple", "write (DeclaredRelation(),)")
    rules = tuple(value)
    for rule in rules:
        if not has(rule, "bars"):
            remedy = "give objects with a name and a method bars(visits, inspectors)"
            raise ParameterError("rules", shorten(rule), "is no rule", remedy)
    return rules


@frozen(kw_only=True)
class FairMatcher:
    """Teams at random by published odds, under every hard rule.

    - `team_size`: how many distinct inspectors, at least two;
    - `rules`: conflicts of interest (回避), see `randcheck.matching.conflicts`;
    - `trainings`: what everybody who goes must have been trained in;
    - `each_department`: in a joint visit the department of each item supplies so many members
      (`Item.department`, `Inspector.department`), and the team is larger where that needs more;
    - `lead`: a qualification that somebody in the team must hold (of the first department by name,
      where departments supply members);
    - `experts`: specialties for which an expert (`role="expert"`) goes beside the team;
    - `partial`: staff a maximal set of visits and leave the rest without a team, which is otherwise
      an error;
    - `bits`: odds are numerators over 2^bits.
    """

    name: ClassVar[str] = "fair"
    team_size: int = field(default=2, converter=_as_team_size)
    rules: tuple[ConflictRule, ...] = field(default=DEFAULT_RULES, converter=_as_rules)
    trainings: tuple[str, ...] = field(default=(), converter=_as_names)
    each_department: int | None = field(default=None, converter=_as_members)
    lead: str | None = None
    experts: tuple[str, ...] = field(default=(), converter=_as_names)
    partial: bool = False
    bits: int = field(default=14, converter=_as_bits)

    @property
    def demand(self) -> Demand:
        """What each team must be."""
        return Demand(
            team_size=self.team_size,
            each_department=self.each_department,
            lead=self.lead,
            experts=self.experts,
        )

    def eligibility(self, visits: Visits, inspectors: InspectorRegistry) -> Eligibility:
        """Who may go where by this matcher's rules, and why the others may not."""
        log.info("matching: eligibility of %d inspectors", len(inspectors))
        return Eligibility(visits, inspectors, self.rules, self.trainings)

    def odds(self, visits: Visits, inspectors: InspectorRegistry) -> Odds:
        """The odds of every pair, before any dice.

        Raises `StaffingError` when not all visits can be staffed: it names visits, says how many
        places are short and which single change would help.
        """
        search = Search(self.eligibility(visits, inspectors), self.demand)
        if self.partial:
            kept = [visits.needs[visit] for visit in search.most()]
            staffed = Visits(kept, visits.as_of, visits.history)
            search = Search(self.eligibility(staffed, inspectors), self.demand)
        network, numerators = self._solve(search)
        odds = _table(self.bits, network, numerators, search.eligibility)
        if odds.predictable:
            few = ", ".join(each.subject_id for each in odds.predictable[:3])
            log.warning(
                "%d visits are predictable, since so few people could go: %s",
                len(odds.predictable), few,
            )  # fmt: skip
        return odds

    def _solve(self, search: Search) -> tuple[Network, Ints]:
        """The numerators for the first ways to cut teams into slots that work."""
        chosen = search.first()
        network = network_of(search.eligibility, search.pools, chosen)
        try:
            return network, solve(network, self.bits)
        except Infeasible as failure:
            short = np.unique(network.visit_of[failure.slots]).tolist()
        if search.has_choice:
            found = search.choose()
            if found is not None:
                network = network_of(search.eligibility, search.pools, found)
                return network, solve(network, self.bits)
            everything = [need.subject.id for need in search.eligibility.visits]
            places = int(network.places.sum())
            reason = (
                "whichever person covers which specialty, the people eligible have no more room"
            )
            raise StaffingError(everything, places, places - 1, reason)
        raise shortage(search, short, [chosen[visit] for visit in short])


def _table(bits: int, network: Network, numerators: Ints, eligibility: Eligibility) -> Odds:
    """The published table: the pairs with odds above 0."""
    kept = numerators > 0
    counts = np.bincount(network.slot_of_entries[kept], minlength=len(network.places))
    inspectors = eligibility.inspectors
    return Odds(
        bits=bits,
        visits=eligibility.visits.ids.tolist(),
        inspectors=inspectors.ids.tolist(),
        capacities=inspectors.column("capacity").tolist(),
        visit_of=network.visit_of.copy(),
        places=network.places.copy(),
        starts=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        people=network.people[kept],
        numerators=numerators[kept],
    )
