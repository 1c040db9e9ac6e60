"""What the team of a visit must be: slots, each for people who hold certain things.

Rules enforced here:
1. A team has at least two distinct inspectors. Each specialty that the visit's items need is held
   by somebody in the team; one person may hold several.
2. Where departments supply their own members, each department of the visit's items gives its
   number, and the specialties of its items are held among them.
3. A lead holds the qualification that is asked for. An expert goes beside the team and is not
   counted as an inspector.
4. Where one person may hold several of the things that are needed, there are several ways to cut a
   team into slots; the one with most slots comes first, then by the order of names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
from attrs import frozen

from randcheck.errors import ParameterError, shorten
from randcheck.matching.eligibility import Eligibility, Mask
from randcheck.matching.network import UNLIMITED, Ints, Network
from randcheck.matching.visits import Need

#: How many different things one part of a team may have to hold; ways to cover them grow fast.
MOST_ASKED = 8

#: One thing that somebody must hold: a specialty or a qualification.
Asked = tuple[str, str]


@frozen
class Part:
    """Members of one team that come from one pool: so many, who hold among them what is asked."""

    size: int
    asked: tuple[Asked, ...] = ()
    department: str | None = None
    role: str = "inspector"


@frozen
class Slot:
    """Places of a visit for people who each hold all of `asked`."""

    places: int
    asked: tuple[Asked, ...]
    department: str | None
    role: str


#: One way to cut a visit's team into slots.
Way = tuple[Slot, ...]


@frozen(kw_only=True)
class Demand:
    """What a matcher demands of each team."""

    team_size: int
    each_department: int | None = None
    lead: str | None = None
    experts: tuple[str, ...] = ()

    def parts(self, need: Need) -> tuple[Part, ...]:
        """The parts of the team of a visit."""
        specialties = {each for item in need.items for each in item.specialties}
        parts: list[tuple[int, set[Asked], str | None]] = []
        if self.each_department is None:
            parts.append((self.team_size, {("specialty", each) for each in specialties}, None))
        else:
            by_department: dict[str, set[Asked]] = {}
            rest: set[Asked] = set()
            for item in need.items:
                own = {("specialty", each) for each in item.specialties}
                if item.department is None:
                    rest |= own
                else:
                    by_department.setdefault(item.department, set()).update(own)
            size = self.each_department
            parts += [(size, by_department[name], name) for name in sorted(by_department)]
            free = self.team_size - self.each_department * len(by_department)
            if free > 0 or not parts:
                parts.append((max(free, 0), rest, None))
            else:
                parts[0][1].update(rest)
        if self.lead is not None:
            parts[0][1].add(("qualification", self.lead))
        told = [Part(size, tuple(sorted(asked)), department) for size, asked, department in parts]
        experts = [each for each in self.experts if each in specialties]
        told += [Part(1, (("specialty", each),), None, "expert") for each in experts]
        return tuple(told)


def ways(parts: Sequence[Part]) -> Iterator[Way]:
    """The ways to cut these parts into slots, in the stated order."""
    return (tuple(chain) for chain in map(_flat, product(*map(_ways_of_part, parts))))


def _flat(chosen: tuple[Way, ...]) -> list[Slot]:
    return [slot for way in chosen for slot in way]


def _ways_of_part(part: Part) -> list[Way]:
    if len(part.asked) > MOST_ASKED:
        names = tuple(name for _, name in part.asked)
        reason = f"are too many to be covered by one team: {len(names)} above {MOST_ASKED}"
        remedy = "let each department supply members, or check the items in several visits"
        raise ParameterError("specialties", shorten(names), reason, remedy)
    found = []
    for blocks in _partitions(list(part.asked), part.size):
        slots = [Slot(1, tuple(block), part.department, part.role) for block in blocks]
        if len(blocks) < part.size:
            slots.append(Slot(part.size - len(blocks), (), part.department, part.role))
        found.append(tuple(slots))
    return sorted(found, key=len, reverse=True)


def _partitions(names: list[Asked], most: int) -> Iterator[list[list[Asked]]]:
    """All partitions of a list of names into at most so many blocks."""
    if not names:
        yield []
        return
    for rest in _partitions(names[:-1], most):
        for block in range(len(rest)):
            yield [[*own, names[-1]] if k == block else own for k, own in enumerate(rest)]
        if len(rest) < most:
            yield [*rest, [names[-1]]]


class Pools:
    """The people who may fill each kind of slot in each region, found once."""

    def __init__(self, eligibility: Eligibility) -> None:
        self.eligibility = eligibility
        self._masks: dict[Any, Mask] = {}
        self._numbers: dict[tuple[str, Slot], int] = {}
        self.members: list[Ints] = []

    def number(self, region: str, slot: Slot) -> int:
        """The number of a pool; `members[number]` are its people, ascending."""
        key = (region, Slot(1, slot.asked, slot.department, slot.role))
        if key not in self._numbers:
            self._numbers[key] = len(self.members)
            mask = self.eligibility.able & self._mask(("region", region))
            mask &= self._mask(("role", slot.role))
            for asked in slot.asked:
                mask = mask & self._mask(asked)
            if slot.department is not None:
                mask = mask & self._mask(("department", slot.department))
            self.members.append(np.flatnonzero(mask).astype(np.int32))
        return self._numbers[key]

    def _mask(self, key: tuple[str, str]) -> Mask:
        if key not in self._masks:
            kind, name = key
            inspectors = self.eligibility.inspectors
            if kind == "region":
                mask = self.eligibility.in_region(name)
            elif kind == "role":
                mask = self.eligibility.role(name)
            elif kind == "department":
                mask = inspectors.codes("department").where(lambda own: own == name)
            else:
                column = {"specialty": "specialties", "qualification": "qualifications"}[kind]
                mask = inspectors.codes(column).where(lambda own: name in own)
            self._masks[key] = mask
        return self._masks[key]


def network_of(eligibility: Eligibility, pools: Pools, chosen: Sequence[Way]) -> Network:
    """The arrays of a matching problem: for each visit the slots of one way."""
    visit_of, places, pool_of, people = [], [], [], []
    regions = [need.subject.region for need in eligibility.visits]
    scratch = np.zeros(len(eligibility.inspectors), dtype=bool)
    known: dict[tuple[str, Way], list[tuple[int, int]]] = {}
    starts = eligibility.barred.starts.tolist()
    for visit, way in enumerate(chosen):
        key = (regions[visit], way)
        if key not in known:
            known[key] = [(slot.places, pools.number(regions[visit], slot)) for slot in way]
        conflicted = None
        if starts[visit] < starts[visit + 1]:
            conflicted = eligibility.barred_from(visit)
            scratch[conflicted] = True
        for count, pool in known[key]:
            visit_of.append(visit)
            places.append(count)
            pool_of.append(pool)
            members = pools.members[pool]
            people.append(members if conflicted is None else members[~scratch[members]])
        if conflicted is not None:
            scratch[conflicted] = False
    capacities = [
        UNLIMITED if most is None else most for most in eligibility.inspectors.column("capacity")
    ]
    sizes = [len(each) for each in people]
    return Network(
        visit_of=np.array(visit_of, dtype=np.int32),
        places=np.array(places, dtype=np.int32),
        starts=np.cumsum([0, *sizes], dtype=np.int64),
        people=np.concatenate([np.zeros(0, np.int32), *people]).astype(np.int32),
        pool_of=np.array(pool_of, dtype=np.int32),
        capacities=np.array(capacities, dtype=np.int64),
    )
