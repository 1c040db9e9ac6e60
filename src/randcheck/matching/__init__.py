"""Who inspects: a matcher turns visits and inspectors into odds, one rule rounds them to teams.

A matcher is a frozen value whose `odds` know no randomness; `assign` is the same for all:

>>> from datetime import date
>>> import randcheck as rc
>>> from randcheck.matching import FairMatcher, Need, Visits, assign
>>> people = rc.InspectorRegistry.from_records(
...     {"id": f"inspector-{n}", "name": f"Made-up {n}", "department": "market",
...      "certificate": f"c{n}", "certificate_expires": date(2027, 1, 1)} for n in range(5))
>>> shop = rc.Subject("shop-1", "Made-up shop", region="990102")
>>> odds = FairMatcher(team_size=2).odds(Visits([Need(shop)], date(2026, 7, 1)), people)
>>> odds.probability("shop-1", "inspector-3")
Fraction(6553, 16384)
>>> assign(odds, "ab" * 32)
[('inspector-0', 'inspector-4')]
"""

from __future__ import annotations

from typing import Any, Protocol

from randcheck.matching.conditioned import ConditionedMatcher
from randcheck.matching.conflicts import (
    CONFLICT_RULES,
    ConflictRule,
    DeclaredRelation,
    FinancialInterest,
    FormerEmployer,
    Kinship,
    NamedExclusion,
    OwnerRelation,
    Rotation,
    SameStreet,
)
from randcheck.matching.fair import FairMatcher
from randcheck.matching.odds import Odds
from randcheck.matching.rounding import assign
from randcheck.matching.staffing import StaffingReport, staffing
from randcheck.matching.visits import Need, Visits
from randcheck.registry import InspectorRegistry


class Matcher(Protocol):
    """Who may go where, and with which odds, before any dice.

    A matcher for demands that no exact odds can keep has a method `teams` in place of `odds`: see
    `ConditionedMatcher`.
    """

    def odds(self, visits: Visits, inspectors: InspectorRegistry) -> Odds:
        """The odds of every pair; `StaffingError` when not all visits can be staffed."""
        ...


#: Our matchers and their rules by name.
MATCHERS: dict[str, type[Any]] = {
    FairMatcher.name: FairMatcher,
    ConditionedMatcher.name: ConditionedMatcher,
    **CONFLICT_RULES,
}

__all__ = [
    "CONFLICT_RULES",
    "MATCHERS",
    "ConditionedMatcher",
    "ConflictRule",
    "DeclaredRelation",
    "FairMatcher",
    "FinancialInterest",
    "FormerEmployer",
    "Kinship",
    "Matcher",
    "NamedExclusion",
    "Need",
    "Odds",
    "OwnerRelation",
    "Rotation",
    "SameStreet",
    "StaffingReport",
    "Visits",
    "assign",
    "staffing",
]
