"""What a plan is measured by before it is approved, and how a finding is told.

Rules enforced here:
1. Every number of the rules is a parameter; the defaults are those of the national rules where
   they have one, and `None` or nothing where they have none.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from attrs import field, frozen

from randcheck.errors import ParameterError, shorten
from randcheck.fields import FrozenMapping, as_mapping
from randcheck.models import Scope
from randcheck.rates import parse_count, parse_rate
from randcheck.samplers.parameters import exact_number


def _as_caps(value: Any) -> FrozenMapping:
    given = as_mapping(value, "item_caps").items()
    return FrozenMapping({item: parse_rate(cap, f"item_caps[{item!r}]") for item, cap in given})


def _as_pace(value: Any) -> Fraction:
    pace = exact_number(value)
    if pace is None or pace <= 0:
        remedy = "give an int, a Fraction or a text such as '2.5'"
        raise ParameterError("visits_per_day", shorten(value), "is no exact number above 0", remedy)
    return pace


def _as_areas(value: Any) -> FrozenMapping:
    given = as_mapping(value, "areas")
    for office, regions in given.items():
        if isinstance(regions, str) or not all(isinstance(each, str) for each in regions):
            remedy = "give prefixes of regions, such as {'made-up county': ('990102',)}"
            raise ParameterError(f"areas[{office!r}]", shorten(regions), "are no regions", remedy)
    return FrozenMapping({office: tuple(regions) for office, regions in given.items()})


@frozen(kw_only=True)
class Norms:
    """What a plan is measured by.

    - `coverage`: the least share of firms drawn in the year; `firms` says who counts as a firm,
      everybody in the registry unless given. `risk_based`: the least share of risk-based draws.
    - `most_visits`: the most visits of a firm in the year, `item_caps`: the largest share of the
      firms that a general item applies to that may be drawn for it in the year. Without them
      nothing is said of caps.
    - `visits_per_day`: how many visits a team makes a day; `working_days`: of one person a month.
    - `areas`: each office's prefixes of regions; an office that is not named there is its region.
      `quota_slack`: how far a quota may be from the expected visits, as a share of it.
    - `joint_saves`: how many expected visits joining two tasks of a month must save at least.
    - `draws`, `seed`: simulated draws for estimates.
    """

    coverage: Fraction = field(default=Fraction(3, 100), converter=parse_rate)
    risk_based: Fraction = field(default=Fraction(80, 100), converter=parse_rate)
    firms: Scope = Scope(statuses=None)
    most_visits: int | None = None
    item_caps: Mapping[str, Fraction] = field(default=FrozenMapping({}), converter=_as_caps)
    visits_per_day: Fraction = field(default=Fraction(2), converter=_as_pace)
    working_days: int = field(default=20, converter=parse_count)
    areas: Mapping[str, tuple[str, ...]] = field(default=FrozenMapping({}), converter=_as_areas)
    quota_slack: Fraction = field(default=Fraction(1, 10), converter=parse_rate)
    joint_saves: int = field(default=1, converter=parse_count)
    draws: int = field(default=4, converter=parse_count)
    seed: int = field(default=0, converter=parse_count)

    def __attrs_post_init__(self) -> None:
        if self.most_visits is not None:
            parse_count(self.most_visits, "most_visits")
        for name in ("working_days", "draws"):
            if getattr(self, name) < 1:
                raise ParameterError(name, "0", "is too few", "give at least 1")

    def area(self, office: str) -> tuple[str, ...]:
        """The prefixes of an office's regions."""
        return tuple(self.areas.get(office, (office,)))

    def to_json(self) -> dict[str, Any]:
        return {
            "areas": {office: list(regions) for office, regions in self.areas.items()},
            "coverage": str(self.coverage),
            "draws": self.draws,
            "firms": self.firms.to_json(),
            "item_caps": {item: str(cap) for item, cap in self.item_caps.items()},
            "joint_saves": self.joint_saves,
            "most_visits": self.most_visits,
            "quota_slack": str(self.quota_slack),
            "risk_based": str(self.risk_based),
            "seed": self.seed,
            "visits_per_day": str(self.visits_per_day),
            "working_days": self.working_days,
        }


@frozen
class Finding:
    """What the check found: `severity` is `"error"`, `"warning"` or `"advice"`.

    `where` is a task, an office, a month (such as `2026-03`) or an item, or the plan.
    """

    code: str
    severity: str
    where: str
    expected: str
    found: str

    def __str__(self) -> str:
        return (
            f"{self.severity}, {self.code}, {self.where}: "
            f"expected {self.expected}, found {self.found}"
        )
