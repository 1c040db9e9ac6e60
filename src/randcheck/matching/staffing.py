"""Before the year: is there staff enough, where not, and what would one more inspector change?

Rules enforced here:
1. Enough or not is decided by integer max-flow, as in a draw; shortages are violations of Hall's
   condition, named by region and by what is asked for.
2. What one more inspector would change is found by adding one, with the usual capacity, and
   counting the places that can then be filled, or else the largest expected load that is then
   needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from attrs import frozen

from randcheck.matching.fair import FairMatcher
from randcheck.matching.feasibility import Search
from randcheck.matching.levels import Infeasible, even_loads, shortfall
from randcheck.matching.network import UNLIMITED, Network, classify
from randcheck.matching.teams import Slot, Way, network_of, ways
from randcheck.matching.visits import Visits
from randcheck.registry import InspectorRegistry

#: Networks of more entries are looked at by classes of visits and people.
LARGE = 200_000


@frozen
class Shortage:
    """Places of one region and one need that cannot all be filled."""

    region: str
    asked: tuple[str, ...]
    places: int
    people: int


@frozen
class OneMore:
    """What one more inspector with a specialty (or none) in a region would change.

    `filled` more places can be filled; `largest_load` is the largest expected number of visits of
    one person then, `None` while places stay open.
    """

    region: str
    specialty: str | None
    filled: int
    largest_load: float | None


@frozen
class StaffingReport:
    """Whether visits can be staffed.

    `needed` places of teams, `fillable` of them at most; `shortages` where they cannot; the visits
    whose outcome is nearly known, since fewer than the team's size and two more could go; the
    largest expected load; and what one more inspector would change, the most helpful first.
    """

    needed: int
    fillable: int
    shortages: tuple[Shortage, ...]
    predictable: tuple[str, ...]
    largest_load: float | None
    one_more: tuple[OneMore, ...]

    @property
    def enough(self) -> bool:
        """Whether every place can be filled."""
        return self.fillable == self.needed

    def __str__(self) -> str:
        lines = [f"{self.fillable} of {self.needed} places in teams can be filled"]
        lines += [
            f"  {short.region}, {' and '.join(short.asked) or 'anybody'}: "
            f"{short.places} places, {short.people} people"
            for short in self.shortages
        ]
        lines += [
            f"  one more with {more.specialty or 'no specialty'} in {more.region}: "
            f"{more.filled} more places"
            for more in self.one_more
            if more.filled
        ]
        return "\n".join(lines)


def staffing(
    visits: Visits, inspectors: InspectorRegistry, matcher: FairMatcher | None = None
) -> StaffingReport:
    """Whether there is staff enough for expected visits, and what one more inspector would change.

    `visits` may be those of a simulated draw, or of a whole year with yearly capacities.
    """
    chosen = FairMatcher() if matcher is None else matcher
    search = Search(chosen.eligibility(visits, inspectors), chosen.demand)
    chosen_ways = [
        own[0] if own else next(ways(search.parts(visit))) for visit, own in enumerate(search.open)
    ]
    network = network_of(search.eligibility, search.pools, chosen_ways)
    needed = int(network.places.sum())
    short, mask = _short(network)
    slots = [slot for way in chosen_ways for slot in way]
    sizes = network.sizes
    few = np.flatnonzero(sizes < network.team_sizes + 2).tolist()
    return StaffingReport(
        needed=needed,
        fillable=needed - short,
        shortages=tuple(_shortages(visits, network, slots, mask)),
        predictable=tuple(visits.needs[visit].subject.id for visit in few),
        largest_load=_largest(network),
        one_more=tuple(_one_more(visits, network, chosen_ways, short)),
    )


def _short(network: Network) -> tuple[int, Any]:
    """How many places stay open at least, and the slots of a cut that proves it."""
    classes = classify(network, fine=len(network.people) <= LARGE)
    short, over = shortfall(classes)
    return short, over[classes.of_slots]


def _largest(network: Network) -> float | None:
    """The lowest common ceiling of expected visits, `None` where not all can be staffed."""
    classes = classify(network, fine=len(network.people) <= LARGE)
    try:
        levels = even_loads(classes, np.ones(int(classes.of_visits.max(initial=0)) + 1))
    except Infeasible:
        return None
    return float(np.max(levels.loads / np.maximum(classes.people, 1), initial=0.0))


def _shortages(
    visits: Visits, network: Network, slots: Sequence[Slot], mask: Any
) -> Iterator[Shortage]:
    groups: dict[tuple[str, tuple[str, ...]], tuple[int, set[int]]] = {}
    for slot in np.flatnonzero(mask).tolist():
        region = visits.needs[network.visit_of[slot]].subject.region
        asked = tuple(name for _, name in slots[slot].asked)
        places, people = groups.get((region, asked), (0, set()))
        own = network.people[network.starts[slot] : network.starts[slot + 1]].tolist()
        groups[region, asked] = places + int(network.places[slot]), people | set(own)
    for region, asked in sorted(groups):
        places, people = groups[region, asked]
        yield Shortage(region, asked, places, len(people))


def _one_more(
    visits: Visits, network: Network, chosen: Sequence[Way], short: int
) -> Iterator[OneMore]:
    """One more for each region and each specialty that its visits need, and for none."""
    slots = [slot for way in chosen for slot in way]
    regions = [visits.needs[visit].subject.region for visit in network.visit_of.tolist()]
    kinds: set[tuple[str, str | None]] = {(region, None) for region in regions}
    kinds |= {
        (region, name)
        for region, slot in zip(regions, slots, strict=True)
        for kind, name in slot.asked
        if kind == "specialty"
    }
    limits = network.capacities[network.capacities != UNLIMITED]
    usual = int(np.sort(limits)[len(limits) // 2]) if len(limits) else UNLIMITED
    found = []
    for region, name in sorted(kinds, key=lambda kind: (kind[0], kind[1] or "")):
        fits = [
            own == region and slot.role == "inspector" and {n for _, n in slot.asked} <= {name}
            for own, slot in zip(regions, slots, strict=True)
        ]
        more = _with_one(network, np.array(fits, dtype=bool), usual)
        left, _ = _short(more)
        found.append(OneMore(region, name, short - left, None if left else _largest(more)))
    yield from sorted(found, key=lambda each: (-each.filled, each.largest_load or 0.0))


def _with_one(network: Network, fits: Any, capacity: int) -> Network:
    """The network with one person more, who may fill some slots."""
    starts = network.starts + np.concatenate([[0], np.cumsum(fits)])
    people = np.insert(network.people, network.starts[1:][fits], len(network.capacities))
    # a pool that the person joins for some of its slots only becomes two
    pools = 2 * network.pool_of + fits
    return Network(
        network.visit_of, network.places, starts, people.astype(np.int32),
        pools.astype(np.int32), np.append(network.capacities, capacity),
    )  # fmt: skip
