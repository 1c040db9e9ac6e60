"""Why this team: who could have gone to a visit, and whom each rule left out.

Rules enforced here:
1. Numbers and reasons are for everybody; names of those left out only for those who ask for them
   and are entitled to.
2. What is told is computed from the same eligibility that the odds came from.
"""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from randcheck.errors import ParameterError, shorten
from randcheck.fields import FrozenMapping
from randcheck.matching.odds import Odds
from randcheck.matching.visits import Visits
from randcheck.registry import InspectorRegistry


@frozen
class Explanation:
    """One visit explained.

    `eligible` counts the people with odds above 0, `odds` gives those of the ones drawn, exactly;
    `left_out` counts for each reason the people it holds for (one with several reasons is counted
    under each), and `names` lists their ids, if asked for, else it is `None`.
    """

    subject_id: str
    eligible: int
    team: tuple[str, ...]
    odds: FrozenMapping
    left_out: FrozenMapping
    names: FrozenMapping | None = field(default=None)

    def __str__(self) -> str:
        drawn = ", ".join(f"{name} (odds {self.odds[name]})" for name in self.team)
        lines = [f"{self.subject_id}: {drawn}, out of {self.eligible} who could have gone"]
        lines += [f"  {reason}: {count} left out" for reason, count in self.left_out.items()]
        return "\n".join(lines)


def explain(
    visits: Visits,
    inspectors: InspectorRegistry | None,
    matcher: Any,
    odds: Odds,
    subject_id: str,
    team: tuple[str, ...],
    *,
    names: bool,
) -> Explanation:
    """The explanation of one visit; a matcher that is not ours needs a method `eligibility`."""
    if inspectors is None or not callable(getattr(matcher, "eligibility", None)):
        remedy = "give it a method eligibility(visits, inspectors)"
        raise ParameterError("matcher", shorten(matcher), "does not explain itself", remedy)
    eligibility = matcher.eligibility(visits, inspectors)
    visit = int(visits.ids.searchsorted(subject_id))
    entries = odds.entries_of(subject_id)
    listed = None
    if names:
        reasons: dict[str, list[str]] = {}
        for row, name in enumerate(inspectors.ids):
            for reason in eligibility.reasons(visit, row):
                reasons.setdefault(reason, []).append(name)
        listed = FrozenMapping({reason: tuple(own) for reason, own in reasons.items()})
    return Explanation(
        subject_id=subject_id,
        eligible=len(set(odds.people[entries].tolist())),
        team=team,
        odds=FrozenMapping({name: odds.probability(subject_id, name)
                            for name in team}),
        left_out=FrozenMapping(eligibility.left_out(visit)),
        names=listed,
    )  # fmt: skip
