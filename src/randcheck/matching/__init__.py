"""Who inspects: a matcher turns visits and inspectors into a staffing, one rule assigns.

A matcher is a frozen value whose `design` knows no randomness; `assign` is the same for all:

>>> from randcheck.matching import MATCHERS
>>> MATCHERS["flow"](team_size=2)
FlowMatcher(team_size=2)

`FlowMatcher` finds a team for each visit whenever there is one under every hard rule. It does not
promise equal or published odds for pairs; nothing here claims them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

from randcheck.matching.assignment import assign
from randcheck.matching.flow import FlowMatcher
from randcheck.matching.staffing import Need, Slot, Staffing

if TYPE_CHECKING:
    from randcheck.registry import InspectorRegistry


class Matcher(Protocol):
    """Who may go where, before any dice."""

    def design(
        self, visits: Sequence[Need], inspectors: InspectorRegistry, as_of: date
    ) -> Staffing:
        """The places to fill and who may fill each; `StaffingError` when it cannot be done."""
        ...


#: Our matchers by name.
MATCHERS: dict[str, type[Any]] = {FlowMatcher.name: FlowMatcher}

__all__ = ["MATCHERS", "FlowMatcher", "Matcher", "Need", "Slot", "Staffing", "assign"]
