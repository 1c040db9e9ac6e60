"""Whether all teams can be found; if not, who is short of whom, and what would help.

Rules enforced here:
1. Feasible or not is decided by integer max-flow. What fails is a violation of Hall's condition:
   some slots whose places outnumber what the people eligible for them can fill, each at most once
   a visit and up to the capacity. It is taken from the minimal minimum cut, so it is the same
   everywhere.
2. Nothing is relaxed here. Which single relaxation would help is found by trying it, and told.
3. Where one person may hold several of the things that a team needs, ways to cut teams into slots
   are tried in a stated order. That question is NP-hard in general; the search has a limit and
   says so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

import numpy as np

from randcheck.errors import StaffingError
from randcheck.matching.eligibility import Eligibility, Mask
from randcheck.matching.levels import short_slots
from randcheck.matching.network import UNLIMITED, Network, classify
from randcheck.matching.teams import Demand, Part, Pools, Slot, Way, network_of, ways

#: How many steps beyond the first dead end the search for ways takes before it gives up.
LARGEST_SEARCH = 20_000

#: How many single relaxations are tried, and how many that help are told.
TRIALS, SHOWN = 40, 3


class Places:
    """Slots that are being filled: a flow in the network slot → person in a visit → person.

    A person in a visit has capacity 1, a person the capacity in visits. Shortest augmenting paths
    (Ford and Fulkerson 1956; Edmonds and Karp 1972).
    """

    def __init__(self, capacities: Sequence[int]) -> None:
        self.capacities = capacities
        self.visit_of: list[int] = []
        self.orders: list[Sequence[int]] = []
        self.members: list[list[int]] = []
        self.slots_of: list[list[int]] = [[] for _ in capacities]
        self._siblings: dict[int, list[int]] = {}

    def add(self, visit: int, places: int, candidates: Sequence[int]) -> bool:
        """Fill places of a visit; those that are filled already may be rearranged.

        If they cannot all be filled, `False`; the slot is there all the same, for `drop` to remove.
        """
        slot = len(self.members)
        self.visit_of.append(visit)
        self.orders.append(candidates)
        self.members.append([])
        self._siblings.setdefault(visit, []).append(slot)
        return all(self._augment(slot) for _ in range(places))

    def drop(self) -> None:
        """Take the slot that was added last away, with whom it holds."""
        slot = len(self.members) - 1
        for person in self.members.pop():
            self.slots_of[person].remove(slot)
        self.orders.pop()
        self._siblings[self.visit_of.pop()].pop()

    def fill(self, visit: int, slots: Sequence[tuple[int, Sequence[int]]]) -> bool:
        """All slots of a visit, or none."""
        for done, (places, candidates) in enumerate(slots, start=1):
            if not self.add(visit, places, candidates):
                for _ in range(done):
                    self.drop()
                return False
        return True

    def _has_room(self, person: int) -> bool:
        capacity = self.capacities[person]
        return capacity == UNLIMITED or len(self.slots_of[person]) < capacity

    def _augment(self, start: int) -> bool:
        came_by: dict[int, tuple[int, int]] = {}  # slot → (the slot that takes, whom it takes)
        seen = {start}
        asked: set[int] = set()
        queue = deque([start])
        while queue:
            slot = queue.popleft()
            siblings = self._siblings[self.visit_of[slot]]
            team = {person: other for other in siblings for person in self.members[other]}
            for person in self.orders[slot]:
                if person in team:
                    losers = [team[person]]  # passes from one slot of this visit to another
                elif person in asked:
                    continue
                elif self._has_room(person):
                    self._shift(slot, person, came_by)
                    return True
                else:
                    asked.add(person)
                    losers = self.slots_of[person]
                for loser in losers:
                    if loser not in seen:
                        seen.add(loser)
                        came_by[loser] = (slot, person)
                        queue.append(loser)
        return False

    def _shift(self, slot: int, person: int, came_by: dict[int, tuple[int, int]]) -> None:
        """Give a slot a person, and hand those it could lose back along the chain."""
        while True:
            self.members[slot].append(person)
            self.slots_of[person].append(slot)
            if slot not in came_by:
                return
            taker, taken = came_by[slot]
            self.members[slot].remove(taken)
            self.slots_of[taken].remove(slot)
            slot, person = taker, taken


class Search:
    """The ways in which each visit's team could be cut into slots, and the choice among them."""

    def __init__(self, eligibility: Eligibility, demand: Demand) -> None:
        self.eligibility = eligibility
        self.demand = demand
        self.pools = Pools(eligibility)
        #: for each region and parts the ways, each with its spare people where pools are smallest
        self._ways: dict[object, list[tuple[Way, int]]] = {}
        self.open = [self._possible(visit) for visit in range(len(eligibility.visits))]

    def first(self) -> list[Way]:
        """For each visit the first way that it could be staffed alone.

        Raises `StaffingError` that names every visit that has none.
        """
        hopeless = [visit for visit, own in enumerate(self.open) if not own]
        if hopeless:
            chosen = [next(ways(self.parts(visit))) for visit in hopeless]
            raise shortage(self, hopeless, chosen, alone=True)
        return [own[0] for own in self.open]

    def parts(self, visit: int) -> tuple[Part, ...]:
        return self.demand.parts(self.eligibility.visits.needs[visit])

    def _possible(self, visit: int) -> list[Way]:
        need = self.eligibility.visits.needs[visit]
        parts = self.demand.parts(need)
        region = need.subject.region
        key = region, parts
        if key not in self._ways:
            self._ways[key] = [(way, self._spare(region, way)) for way in ways(parts)]
        conflicted = len(self.eligibility.barred_from(visit))
        return [
            way for way, spare in self._ways[key] if spare >= conflicted or self._fits(visit, way)
        ]

    def _spare(self, region: str, way: Way) -> int:
        """How many people of any pool may be missing before a visit's team could fail."""
        total = sum(slot.places for slot in way)
        pools = [self.pools.members[self.pools.number(region, slot)] for slot in way]
        return min(len(pool) for pool in pools) - total

    def _fits(self, visit: int, way: Way) -> bool:
        """Whether this visit, alone, could be staffed in this way."""
        return Places([1] * len(self.eligibility.inspectors)).fill(visit, self.slots(visit, way))

    def slots(self, visit: int, way: Way) -> list[tuple[int, list[int]]]:
        """The places of each slot of a way, and its candidates."""
        region = self.eligibility.visits.needs[visit].subject.region
        conflicted = self.eligibility.barred_from(visit)
        return [
            (slot.places, np.setdiff1d(self.pools.members[self.pools.number(region, slot)],
                                       conflicted).tolist())
            for slot in way
        ]  # fmt: skip

    @property
    def has_choice(self) -> bool:
        return any(len(own) > 1 for own in self.open)

    def choose(self) -> list[Way] | None:
        """Ways such that all visits can be staffed at once, by depth-first search; `None` if none.

        A way that cannot be filled beside those of the visits before it is passed over; when none
        is left, the search steps back. Raises `StaffingError` when it gives up.
        """
        places = Places(_capacities(self.eligibility))
        taken: list[int] = []
        attempt = steps = 0
        stuck = False
        while len(taken) < len(self.open):
            visit = len(taken)
            if attempt < len(self.open[visit]):
                if places.fill(visit, self.slots(visit, self.open[visit][attempt])):
                    taken.append(attempt)
                    attempt = 0
                else:
                    stuck = True
                    attempt += 1
            elif not taken:
                return None
            elif steps > LARGEST_SEARCH:
                raise StaffingError(
                    [need.subject.id for need in self.eligibility.visits.needs[: visit + 1]],
                    sum(slot.places for slot in self.open[visit][0]),
                    0,
                    f"no way to cover overlapping specialties was found in {LARGEST_SEARCH} steps, "
                    "which does not prove that there is none",
                )
            else:
                attempt = taken.pop() + 1
                for _ in self.open[len(taken)][attempt - 1]:
                    places.drop()
            steps += stuck
        return [own[choice] for own, choice in zip(self.open, taken, strict=True)]

    def most(self) -> list[int]:
        """Visits that can be staffed together, to which no further one can be added.

        In ascending order of how many people could go; then by the subject's id. To staff the most
        visits is NP-hard in general, so this is a maximal set and not always a largest one.
        """
        places = Places(_capacities(self.eligibility))

        def people(visit: int) -> int:
            return len({p for way in self.open[visit] for _, own in self.slots(visit, way)
                        for p in own})  # fmt: skip

        order = sorted(range(len(self.open)), key=lambda visit: (people(visit), visit))
        return sorted(
            visit
            for visit in order
            if any(places.fill(visit, self.slots(visit, way)) for way in self.open[visit])
        )


def _capacities(eligibility: Eligibility) -> list[int]:
    limits = eligibility.inspectors.column("capacity")
    return [UNLIMITED if most is None else most for most in limits]


# --- in words ------------------------------------------------------------------------------------


def shortage(
    search: Search, visits: Sequence[int], chosen: Sequence[Way], *, alone: bool = False
) -> StaffingError:
    """What is wrong with some visits that cannot be staffed together in these ways.

    `alone` says that already each of them, by itself, cannot be staffed.
    """
    eligibility = search.eligibility
    needs = [eligibility.visits.needs[visit] for visit in visits]
    network = _part(search, visits, chosen)
    short = None if alone else short_slots(classify(network, fine=True))
    mask = np.ones(len(network.places), dtype=bool) if short is None else short
    slots = [slot for way in chosen for slot in way]
    concerned = np.flatnonzero(mask).tolist()
    needed, available, people = _hall(network, mask)
    named = sorted({needs[network.visit_of[slot]].subject.id for slot in concerned})
    regions = sorted({needs[network.visit_of[slot]].subject.region for slot in concerned})
    who = _who([slots[slot] for slot in concerned])
    where = f"in {_some(regions, 'region')}"
    if alone:
        available = sum(_alone(search, *each) for each in zip(visits, chosen, strict=True))
        reason = (
            f"not even alone does each find its team of {who} {where}, with all that it needs; "
            f"{people} are eligible for some place in some of them"
        )
    else:
        reason = (
            f"they need {needed} {who} {where}; the {people} who are eligible can fill {available} "
            "of these places, each once a visit and within the capacity; "
            f"{needed - available} short"
        )
    helps = list(_helps(search, visits, chosen, mask, network, needed - available))
    return StaffingError(named, needed, available, reason, helps)


def _alone(search: Search, visit: int, way: Way) -> int:
    """How many places of a visit could be filled if it were the only one."""
    places = Places([1] * len(search.eligibility.inspectors))
    for count, candidates in search.slots(visit, way):
        places.add(visit, count, candidates)
    return sum(map(len, places.members))


def _part(search: Search, visits: Sequence[int], chosen: Sequence[Way]) -> Network:
    """The network of some visits alone."""
    ways_of: dict[int, Way] = dict(zip(visits, chosen, strict=True))
    whole = network_of(
        search.eligibility,
        search.pools,
        [ways_of.get(visit, ()) for visit in range(len(search.open))],
    )
    numbers = np.cumsum(np.diff(whole.visit_of, prepend=whole.visit_of[:1]) > 0)
    return Network(
        numbers.astype(np.int32), whole.places, whole.starts, whole.people, whole.pool_of,
        whole.capacities,
    )  # fmt: skip


def _hall(network: Network, mask: Mask) -> tuple[int, int, int]:
    """Places that some slots need, how many can be filled at most, and by how many people."""
    needed = int(network.places[mask].sum())
    entries = mask[network.slot_of_entries]
    visits = network.visit_of[network.slot_of_entries[entries]].astype(np.int64)
    pairs = np.unique(visits * len(network.capacities) + network.people[entries])
    people, times = np.unique(pairs % len(network.capacities), return_counts=True)
    limits = network.capacities[people]
    filled = np.where(limits == UNLIMITED, times, np.minimum(times, limits))
    return needed, int(filled.sum()), len(people)


def _who(slots: Sequence[Slot]) -> str:
    """Whom slots need, in words."""
    asked = sorted({name for slot in slots for name in slot.asked})
    departments = sorted({slot.department for slot in slots if slot.department is not None})
    text = "experts" if all(slot.role == "expert" for slot in slots) else "inspectors"
    specialties = [name for kind, name in asked if kind == "specialty"]
    held = [name for kind, name in asked if kind == "qualification"]
    if departments:
        text += f" of {_some(departments, 'department')}"
    if specialties:
        text += f" with {_some(specialties, 'specialty', 'specialties')}"
    if held:
        text += f" with {_some(held, 'qualification')}"
    mixed = len({(slot.asked, slot.department) for slot in slots}) > 1
    return f"{text} (not all of these places need the same)" if mixed else text


def _some(names: Sequence[str], one: str, many: str | None = None) -> str:
    quoted = ", ".join(f"'{name}'" for name in names[:5]) + (" …" if len(names) > 5 else "")
    return f"the {one} {quoted}" if len(names) == 1 else f"the {many or one + 's'} {quoted}"


def _helps(
    search: Search,
    visits: Sequence[int],
    chosen: Sequence[Way],
    mask: Mask,
    network: Network,
    short: int,
) -> Iterator[str]:
    """The single relaxations that would make these visits feasible, each found by trying it."""
    eligibility = search.eligibility
    regions = sorted(
        {
            eligibility.visits.needs[visits[network.visit_of[slot]]].subject.region
            for slot in np.flatnonzero(mask)
        }
    )
    ids = eligibility.inspectors.ids
    limits = eligibility.inspectors.column("capacity")
    concerned = len({network.visit_of[slot] for slot in np.flatnonzero(mask).tolist()})
    told = tried = 0
    for person, kind, words in _relaxations(eligibility, regions):
        limit = 1 if kind == "capacity" else limits[person]
        if min(concerned, concerned if limit is None else limit) < short:
            continue  # one person could not make up for all that is short
        if told == SHOWN or tried == TRIALS:
            return
        tried += 1
        if _would_help(search, visits, chosen, person, kind, regions):
            told += 1
            yield words.format(ids[person])


def _relaxations(
    eligibility: Eligibility, regions: Sequence[str]
) -> Iterator[tuple[int, str, str]]:
    masks = eligibility.personal
    broken = np.sum(list(masks.values()), axis=0)
    for reason, words in (
        ("certificate", "a renewed certificate of {}"),
        ("on-leave", "the presence of {}"),
        ("training", "the missing training of {}"),
    ):
        for person in np.flatnonzero(masks[reason] & (broken == 1)).tolist():
            yield person, reason, words
    here = np.logical_or.reduce([eligibility.in_region(region) for region in regions])
    for person in np.flatnonzero(eligibility.able & ~here).tolist():
        yield person, "region", f"a loan of {{}} to {_some(regions, 'region')}"
    limits = eligibility.inspectors.column("capacity")
    for person in np.flatnonzero(here & (broken == masks["no-capacity"])).tolist():
        if limits[person] is not None:
            yield person, "capacity", "one visit more for {}"


def _would_help(
    search: Search,
    visits: Sequence[int],
    chosen: Sequence[Way],
    person: int,
    kind: str,
    regions: Sequence[str],
) -> bool:
    """Whether these visits were feasible if one rule did not hold for one person."""
    relaxed = _Relaxed(search.eligibility, person, kind, regions)
    other = Search.__new__(Search)
    other.eligibility, other.demand, other.open = relaxed, search.demand, search.open
    other.pools = Pools(relaxed)
    network = _part(other, visits, chosen)
    if kind == "capacity":
        network.capacities[person] += 1
    return short_slots(classify(network, fine=True)) is None


class _Relaxed(Eligibility):
    """An eligibility in which one rule does not hold for one person."""

    def __init__(self, other: Eligibility, person: int, kind: str, regions: Sequence[str]) -> None:
        self.visits, self.inspectors, self.barred = other.visits, other.inspectors, other.barred
        self.personal = other.personal
        self.able = other.able.copy()
        self.able[person] = True
        self._lent = (person, set(regions) if kind == "region" else set())

    def in_region(self, region: str) -> Mask:
        mask = super().in_region(region).copy()
        person, regions = self._lent
        if region in regions:
            mask[person] = True
        return mask
