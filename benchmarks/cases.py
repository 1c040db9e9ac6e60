"""Made-up visits and inspectors, as facts for randcheck and as plain arrays for its peers.

Everything comes from the raw 64-bit output of PCG64 with a fixed seed, in whole numbers: the same
case everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cached_property
from math import log1p
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import frozen

import randcheck as rc
from randcheck.matching.visits import Need, Visits

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

AS_OF = date(2026, 7, 1)
SPECIALTIES = ("food", "medicine", "metrology", "special equipment")

#: Shares of ten counties in percent: of the visits, and of the inspectors bound to one county.
VISIT_SHARES = (22, 17, 14, 11, 9, 8, 7, 5, 4, 3)
STAFF_SHARES = (18, 15, 13, 11, 10, 9, 8, 7, 5, 4)

#: How many may go to a county for each specialty, at least.
FEWEST_HOLDERS = 4

#: One office: so many visits and inspectors (the cases of growth are rows of such offices).
OFFICE = (1250, 125)


@frozen(eq=False)
class Pairs:
    """Who may go where: the candidates of visit v are `people[starts[v]:starts[v + 1]]`.

    `skilled` says of each pair whether the person counts as the specialist of the visit's team;
    where a visit needs none, everybody does. All ascend by visit, then by person.
    """

    starts: Ints
    visits: npt.NDArray[np.int32]
    people: npt.NDArray[np.int32]
    skilled: Mask

    @property
    def counts(self) -> Ints:
        """How many people may go to each visit."""
        return np.diff(self.starts)


@frozen(eq=False)
class Case:
    """Visits ascend by county. A home of -1 is everywhere, a specialty of -1 is none."""

    team_size: int
    county: Ints
    specialty: Ints
    home: Ints
    holds: Mask  # shape (inspectors, specialties)
    capacity: Ints
    conflicts: Ints  # shape (pairs, 2): visit and inspector

    @cached_property
    def pairs(self) -> Pairs:
        """The candidates of every visit, county by county."""
        everywhere = self.home == -1
        found = []
        for county in range(int(self.county.max()) + 1):
            rows = np.flatnonzero(self.county == county)
            staff = np.flatnonzero(everywhere | (self.home == county))
            if not len(rows):
                continue
            place = np.full(len(self.home), -1)
            place[staff] = np.arange(len(staff))
            visits, people = self.conflicts.T
            own = (self.county[visits] == county) & (place[people] >= 0)
            may = np.ones((len(rows), len(staff)), dtype=bool)
            may[visits[own] - rows[0], place[people[own]]] = False
            row, column = np.nonzero(may)
            found.append((row + rows[0], staff[column]))
        visits, people = (np.concatenate(parts) for parts in zip(*found, strict=True))
        wanted = self.specialty[visits]
        return Pairs(
            starts=np.searchsorted(visits, np.arange(len(self.county) + 1)),
            visits=visits.astype(np.int32),
            people=people.astype(np.int32),
            skilled=(wanted == -1) | self.holds[people, wanted],
        )

    def visits(self) -> Visits:
        """The visits as facts, made anew."""
        price = rc.Item("price", "Price marking", "Price Law")
        special = [
            rc.Item(f"special-{number}", name.title(), "Made-up Law", specialties=(name,))
            for number, name in enumerate(SPECIALTIES)
        ]
        return Visits(
            [
                Need(
                    rc.Subject(_subject(row), f"Made-up firm {row}", region=_region(county)),
                    (price,) if wanted == -1 else (price, special[wanted]),
                )
                for row, (county, wanted) in enumerate(
                    zip(self.county.tolist(), self.specialty.tolist(), strict=True)
                )
            ],
            AS_OF,
        )

    def inspectors(self) -> rc.InspectorRegistry:
        """The registry of inspectors, made anew."""
        conflicts: list[list[str]] = [[] for _ in self.home]
        for visit, person in self.conflicts.tolist():
            conflicts[person].append(_subject(visit))
        return rc.InspectorRegistry.from_records(
            rc.Inspector(
                f"inspector-{row:05}",
                f"Made-up inspector {row}",
                "market",
                regions=() if home == -1 else (_region(home),),
                specialties=tuple(np.array(SPECIALTIES)[self.holds[row]].tolist()),
                certificate=f"99-{row:05}",
                certificate_expires=date(2027, 1, 1),
                capacity=capacity,
                conflicts=tuple(conflicts[row]),
            )
            for row, (home, capacity) in enumerate(
                zip(self.home.tolist(), self.capacity.tolist(), strict=True)
            )
        )

    def positions(self, teams: Sequence[Sequence[str]]) -> Ints:
        """Teams of ids as positions, shape (visits, team size)."""
        return np.array([[int(name[-5:]) for name in team] for team in teams], dtype=np.int64)

    def check(self, teams: Ints) -> None:
        """Stop the benchmark when teams break a rule, whoever made them."""
        size, people = len(self.county), len(self.home)
        keys = self.pairs.visits.astype(np.int64) * people + self.pairs.people
        chosen = np.arange(size)[:, None] * people + np.sort(teams, axis=1)
        places = np.searchsorted(keys, chosen).clip(max=len(keys) - 1)
        for rule, kept in (
            ("a team has its size", teams.shape == (size, self.team_size)),
            ("nobody is twice in a team", (np.diff(chosen, axis=1) > 0).all()),
            ("only who may goes", (keys[places] == chosen).all()),
            ("a specialist is in the team", self.pairs.skilled[places].any(axis=1).all()),
            (
                "capacities hold",
                (np.bincount(teams.ravel(), minlength=people) <= self.capacity).all(),
            ),
        ):
            if not kept:
                raise SystemExit(f"broken: {rule}")


def _subject(row: int) -> str:
    return f"firm-{row:06}"


def _region(county: int) -> str:
    return f"99{county:04}"


class _Dice:
    """Whole numbers from the raw output of one generator."""

    def __init__(self, seed: int) -> None:
        self._bits = np.random.PCG64(seed)

    def below(self, bound: int, size: int) -> Ints:
        high: Any = np.asarray(self._bits.random_raw(size), dtype=np.uint64) >> np.uint64(32)
        return np.asarray(high * np.uint64(bound) >> np.uint64(32), dtype=np.int64)

    def number(self, least: int, most: int) -> int:
        return least + int(self.below(most - least + 1, 1)[0])

    def percent(self, share: int, size: int) -> Mask:
        return self.below(100, size) < share

    def conflicts(self, percent: float, visits: int, people: int) -> Ints:
        """Random pairs, such that each of visits × people is there with this share."""
        drawn = round(-log1p(-percent / 100) * visits * people)
        key = np.unique(self.below(visits, drawn) * people + self.below(people, drawn))
        return np.column_stack(np.divmod(key, people))


def dense(visits: int, people: int) -> Case:
    """Everybody may go everywhere, but for 5 % conflicts; capacity is 1.5 times the mean load."""
    dice = _Dice(1)
    return Case(
        team_size=2,
        county=np.zeros(visits, dtype=np.int64),
        specialty=np.full(visits, -1),
        home=np.full(people, -1),
        holds=np.zeros((people, len(SPECIALTIES)), dtype=bool),
        capacity=np.full(people, -(-3 * visits // people)),
        conflicts=dice.conflicts(5, visits, people),
    )


def city(visits: int, people: int) -> Case:
    """Ten unequal counties; 30 % may go anywhere; 40 % of the visits need one of four specialties.

    Each inspector holds one or two specialties; capacities are 1.2, 1.5 or 1.8 times the mean load;
    0.5 % of the pairs are conflicts.
    """
    dice = _Dice(2)
    specialty = np.where(dice.percent(40, visits), dice.below(4, visits), -1)
    everywhere = np.arange(people) % 10 < 3
    home = np.full(people, -1)
    home[~everywhere] = _by_shares(STAFF_SHARES, int((~everywhere).sum()))
    first, step = dice.below(4, people), 1 + dice.below(3, people)
    holds = np.zeros((people, 4), dtype=bool)
    holds[np.arange(people), first] = True
    second = dice.percent(50, people)
    holds[second, (first + step)[second] % 4] = True
    for county in range(len(VISIT_SHARES)):
        if holds[everywhere | (home == county)].sum(axis=0).min() < FEWEST_HOLDERS:
            raise ValueError(f"too few holders of a specialty may go to county {county}")
    return Case(
        team_size=2,
        county=_by_shares(VISIT_SHARES, visits),
        specialty=specialty,
        home=home,
        holds=holds,
        capacity=-(-2 * visits * (12 + 3 * dice.below(3, people)) // (10 * people)),
        conflicts=dice.conflicts(0.5, visits, people),
    )


def _by_shares(shares: Sequence[int], size: int) -> Ints:
    """Counties, ascending, as near to their shares as whole numbers come."""
    places = (2 * np.arange(size) + 1) * sum(shares) // (2 * size)
    return np.searchsorted(np.cumsum(shares), places, side="right")


def offices(visits: int, people: int) -> Case:
    """Rows of offices of 1,250 visits and 125 inspectors each, with 5 % conflicts inside each."""
    dice = _Dice(3)
    each, staff = OFFICE
    if visits * staff != people * each or visits % each:
        raise ValueError(f"give a multiple of {each} visits and as many times {staff} inspectors")
    pairs = dice.conflicts(5, visits, staff)
    pairs[:, 1] += pairs[:, 0] // each * staff
    return Case(
        team_size=2,
        county=np.arange(visits) // each,
        specialty=np.full(visits, -1),
        home=np.arange(people) // staff,
        holds=np.zeros((people, len(SPECIALTIES)), dtype=bool),
        capacity=np.full(people, 3 * each // staff),
        conflicts=pairs,
    )


def small(seed: int) -> Case:
    """Few visits and people, of every kind from loose to impossible."""
    dice = _Dice(1000 + seed)
    visits, people, size = dice.number(12, 40), dice.number(6, 20), dice.number(2, 3)
    counties, with_specialties = dice.number(1, 3), dice.number(0, 1)
    slack = dice.number(100, 300)  # percent of the mean load
    wanted = np.where(dice.percent(40, visits), dice.below(2, visits), -1)
    load = visits * size * (50 + dice.below(101, people)) * slack  # 50 to 150 % of the mean
    return Case(
        team_size=size,
        county=np.sort(dice.below(counties, visits)),
        specialty=wanted if with_specialties else np.full(visits, -1),
        home=np.where(dice.percent(50, people), -1, dice.below(counties, people)),
        holds=dice.percent(50, people * len(SPECIALTIES)).reshape(people, -1),
        capacity=-(-load // (people * 10_000)),
        conflicts=dice.conflicts(dice.number(5, 30), visits, people),
    )


BUILDERS = {"dense": dense, "city": city, "offices": offices}


def build(name: str, visits: int, people: int) -> Case:
    return BUILDERS[name](visits, people)
