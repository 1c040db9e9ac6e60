"""Who may go where, and why the others may not.

Rules enforced here, each a reason for a pair that breaks it; a pair keeps all its reasons:
1. `certificate`: valid on the visits' day, that day included. `on-leave`: not away on that day.
2. `no-capacity`: a capacity above 0. `training`: every training that the matcher demands.
3. `region`: one of the person's regions, or of those the person is lent to (跨区域调派), is a
   prefix of the visit's region; no regions means everywhere.
4. Conflicts of interest (回避), by the matcher's rules, under their own names.

What a place in a team demands beyond that (a specialty, a department, a qualification) is said in
`teams`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from randcheck.matching.conflicts import Barred, ConflictRule, barred
from randcheck.matching.visits import Visits
from randcheck.registry import InspectorRegistry

Mask = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.int64]

#: The reasons of this module, in the order in which they are told.
REASONS = ("certificate", "on-leave", "no-capacity", "training", "region")


class Eligibility:
    """The pairs of visits and inspectors that no rule forbids, without a table of all pairs."""

    def __init__(
        self,
        visits: Visits,
        inspectors: InspectorRegistry,
        rules: Sequence[ConflictRule],
        trainings: Sequence[str] = (),
    ) -> None:
        self.visits = visits
        self.inspectors = inspectors
        day = visits.as_of
        away = inspectors.codes("leave").where(partial(_away, day))
        #: reason → the people it holds for, whatever the visit
        self.personal: dict[str, Mask] = {
            "certificate": inspectors.codes("certificate_expires").where(lambda last: last < day),
            "on-leave": away,
            "no-capacity": inspectors.codes("capacity").where(lambda most: most == 0),
            "training": inspectors.codes("trainings").where(
                lambda own: not set(trainings) <= set(own)
            ),
        }
        #: who may go somewhere at all
        self.able: Mask = ~np.logical_or.reduce(list(self.personal.values()))
        self.barred: Barred = barred(rules, visits, inspectors)

    @cached_property
    def _own_regions(self) -> Any:
        return self.inspectors.codes("regions"), self.inspectors.codes("assigned")

    def in_region(self, region: str) -> Mask:
        """Who may work in a region."""
        own, assigned = self._own_regions
        everywhere_or_here = own.where(lambda prefixes: not prefixes or region.startswith(prefixes))
        return np.asarray(
            everywhere_or_here | assigned.where(lambda prefixes: region.startswith(prefixes))
        )

    def role(self, role: str) -> Mask:
        """Who is an inspector, or an expert."""
        return self.inspectors.codes("role").where(lambda own: own == role)

    def barred_from(self, visit: int) -> Positions:
        """Who has a conflict of interest with a visit: positions of inspectors, ascending."""
        return self.barred.inspectors[self.barred.starts[visit] : self.barred.starts[visit + 1]]

    def reasons(self, visit: int, inspector: int) -> tuple[str, ...]:
        """All reasons why a person may not go, in the stated order; none if nothing forbids it."""
        own = [reason for reason, mask in self.personal.items() if mask[inspector]]
        if not self.in_region(self.visits.needs[visit].subject.region)[inspector]:
            own.append("region")
        return (*own, *self.barred.reasons(visit, inspector))

    def left_out(self, visit: int) -> dict[str, int]:
        """How many people each reason holds for; one who has several is counted under each."""
        masks = dict(self.personal)
        masks["region"] = ~self.in_region(self.visits.needs[visit].subject.region)
        counts = {reason: int(mask.sum()) for reason, mask in masks.items()}
        counts |= self.barred.counts(visit)
        return {reason: count for reason, count in counts.items() if count}


def _away(day: date, leave: tuple[tuple[date, date], ...]) -> bool:
    return any(first <= day <= last for first, last in leave)
