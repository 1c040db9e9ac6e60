"""The matching problem in arrays: slots of visits on one side, people on the other.

Rules enforced here:
1. A slot's candidates are positions of inspectors, ascending; slots are in the order of visits.
2. A class is a set of slots, or of people, that differ in nothing but single conflicts. What is
   found for classes is proposed for their members, and checked.
3. Parts that share nobody (jurisdictions) are independent, and solved one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import frozen

from randcheck.matching.odds import shared_pairs

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: No limit on a person's visits.
UNLIMITED = -1


@frozen(eq=False, slots=False)
class Network:
    """Slots and their candidates.

    Slot s belongs to the visit `visit_of[s]`, takes `places[s]` people out of
    `people[starts[s]:starts[s + 1]]`, and draws them from pool `pool_of[s]`, of which single
    conflicts are left out. `capacities[p]` is a person's limit, or `UNLIMITED`.
    """

    visit_of: Ints
    places: Ints
    starts: Longs
    people: Ints
    pool_of: Ints
    capacities: Longs

    @cached_property
    def slot_of_entries(self) -> Ints:
        return np.repeat(np.arange(len(self.places), dtype=np.int32), np.diff(self.starts))

    @cached_property
    def visits(self) -> int:
        """How many visits there are; they are numbered from 0."""
        return int(self.visit_of[-1]) + 1 if len(self.visit_of) else 0

    @cached_property
    def nested(self) -> bool:
        """Whether some visit has several slots."""
        return self.visits < len(self.places)

    @cached_property
    def pair_of_entries(self) -> Ints:
        """For each entry its pair of visit and person if that has several entries, else -1."""
        return shared_pairs(self.visit_of, self.visit_of[self.slot_of_entries], self.people)

    @cached_property
    def place_in_visit(self) -> Longs:
        """The number of each slot in its visit, from 0."""
        firsts = np.searchsorted(self.visit_of, self.visit_of)
        return np.asarray(np.arange(len(self.visit_of)) - firsts)

    @cached_property
    def sizes(self) -> Longs:
        """How many different people each visit could be given."""
        entries = np.bincount(
            self.visit_of, weights=np.diff(self.starts), minlength=self.visits
        ).astype(np.int64)
        if not self.nested:
            return entries
        pairs = self.pair_of_entries
        again = np.ones(len(pairs), dtype=bool)
        again[np.unique(pairs, return_index=True)[1]] = False
        again &= pairs >= 0
        twice = np.bincount(self.visit_of[self.slot_of_entries[again]], minlength=self.visits)
        return entries - twice

    @cached_property
    def team_sizes(self) -> Longs:
        """How many people each visit's team has."""
        return np.bincount(self.visit_of, weights=self.places, minlength=self.visits).astype(
            np.int64
        )

    @cached_property
    def membership(self) -> tuple[Longs, npt.NDArray[np.bool_]]:
        """The pool of each slot, numbered from 0, and who is in which: shape (pools, people)."""
        pools = _numbered(self.pool_of)
        member = np.zeros((int(pools.max(initial=-1)) + 1, len(self.capacities)), dtype=bool)
        member[pools[self.slot_of_entries], self.people] = True
        return pools, member

    def components(self) -> Iterator[tuple[Network, Longs, Longs]]:
        """The independent parts, with the slots and the entries that each is made of.

        Visits are joined that share a pool, or whose pools share somebody.
        In the order of their first visits. A part has the same people's numbers as the whole.
        """
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import connected_components

        pools, member = self.membership
        size = len(member)
        inside, who = np.nonzero(member)
        together = self.visit_of[1:] == self.visit_of[:-1]
        heads = np.concatenate([who + size, pools[1:][together]])
        tails = np.concatenate([inside, pools[:-1][together]])
        nodes = size + len(self.capacities)
        links = np.ones(len(heads), dtype=np.int8)
        graph = csr_array((links, (tails, heads)), shape=(nodes, nodes))
        _, label = connected_components(graph, directed=False)
        firsts_of_visits = np.searchsorted(self.visit_of, np.arange(self.visits))
        visits, label = self.visits, label[pools[firsts_of_visits]]
        if visits and (label == label[0]).all():
            yield self, np.arange(len(self.places)), np.arange(len(self.people))
            return
        _, firsts = np.unique(label, return_index=True)
        of_slots = label[self.visit_of]
        by_label = np.argsort(of_slots, kind="stable")
        bounds = np.searchsorted(of_slots[by_label], np.arange(int(label.max(initial=-1)) + 2))
        for first in np.sort(firsts).tolist():
            own = label[first]
            slots = by_label[bounds[own] : bounds[own + 1]]
            counts = np.diff(self.starts)[slots]
            starts = np.concatenate([[0], np.cumsum(counts)])
            entries = np.repeat(self.starts[slots] - starts[:-1], counts) + np.arange(starts[-1])
            numbers = np.cumsum(np.diff(self.visit_of[slots], prepend=self.visit_of[slots[0]]) > 0)
            part = Network(
                visit_of=numbers.astype(np.int32),
                places=self.places[slots],
                starts=starts.astype(np.int64),
                people=self.people[entries],
                pool_of=self.pool_of[slots],
                capacities=self.capacities,
            )
            yield part, slots, entries


@frozen(eq=False)
class Classes:
    """A network whose slots and people are taken together by classes.

    Arc k joins the class of slots `slot[k]` and the class of people `person[k]`, and stands for
    `count[k]` entries; `pair[k]` is its pair of a class of visits and a class of people where that
    has several arcs, else -1. `slots[i]`, `visits[i]` and `people[j]` count members; `of_entries`
    gives each entry's arc, `visit_of[i]` the class of visits.
    """

    slot: Longs
    person: Longs
    count: Longs
    pair: Longs
    slots: Longs
    visit_of: Longs
    places: Longs
    people: Longs
    capacities: Longs
    of_entries: Longs
    of_slots: Longs
    of_people: Longs
    of_visits: Longs


def classify(network: Network, *, fine: bool) -> Classes:
    """The classes of a network: by pools and capacities, or (`fine`) each its own."""
    if fine:
        of_visits = np.arange(network.visits)
        known = np.unique(network.people)
        person_class = np.full(len(network.capacities), -1, dtype=np.int64)
        person_class[known] = np.arange(len(known))
    else:
        of_visits = _kinds_of_visits(network)
        person_class = _kinds_of_people(network)
    place = network.place_in_visit
    of_slots = _numbered(of_visits[network.visit_of] * (int(place.max(initial=0)) + 1) + place)
    number = int(person_class.max(initial=-1)) + 1
    key = of_slots[network.slot_of_entries] * number + person_class[network.people]
    counts = np.bincount(key)
    arcs = np.flatnonzero(counts)
    index = np.zeros(len(counts), dtype=np.int64)
    index[arcs] = np.arange(len(arcs))
    slot, person = np.divmod(arcs, number)
    slots = np.bincount(of_slots)
    first = np.zeros(len(slots), dtype=np.int64)
    first[of_slots[::-1]] = np.arange(len(of_slots))[::-1]
    visit_of = of_visits[network.visit_of[first]]
    pairs = visit_of[slot] * number + person
    group = _numbered(pairs)
    several = np.bincount(group) > 1
    held = person_class[person_class >= 0]
    capacities = np.zeros(number, dtype=np.int64)
    capacities[held] = network.capacities[person_class >= 0]
    return Classes(
        slot=slot,
        person=person,
        count=counts[arcs],
        pair=np.where(several, np.cumsum(several) - 1, -1)[group],
        slots=slots,
        visit_of=visit_of,
        places=network.places[first].astype(np.int64),
        people=np.bincount(held, minlength=number),
        capacities=capacities,
        of_entries=index[key],
        of_slots=of_slots,
        of_people=person_class,
        of_visits=of_visits,
    )


def _kinds_of_visits(network: Network) -> Longs:
    """Visits whose slots have the same pools and places, numbered."""
    width = int(network.pool_of.max(initial=0)) + 1
    key = network.pool_of.astype(np.int64) + width * network.places.astype(np.int64)
    key = _numbered(key)
    if not network.nested:
        return key
    shapes: dict[tuple[int, ...], int] = {}
    bounds = np.searchsorted(network.visit_of, np.arange(network.visits + 1)).tolist()
    keys = key.tolist()
    return np.array(
        [
            shapes.setdefault(tuple(keys[first:last]), len(shapes))
            for first, last in pairwise(bounds)
        ],
        dtype=np.int64,
    )


def _kinds_of_people(network: Network) -> Longs:
    """People of the same pools and capacity, numbered; -1 for those in no pool."""
    _, member = network.membership
    marks = np.packbits(member.T, axis=1)
    limits = network.capacities.astype("<i8").view(np.uint8).reshape(-1, 8)
    rows = np.column_stack([marks, limits])
    used: npt.NDArray[np.bool_] = np.asarray(member.any(axis=0))
    kinds = np.full(len(used), -1, dtype=np.int64)
    packed = np.ascontiguousarray(rows[used]).view(f"V{rows.shape[1]}").ravel()
    kinds[used] = np.unique(packed, return_inverse=True)[1]
    return kinds


def _numbered(keys: npt.NDArray[Any]) -> Longs:
    """The keys as numbers from 0, in their own order."""
    return np.asarray(np.unique(keys, return_inverse=True)[1], dtype=np.int64)
