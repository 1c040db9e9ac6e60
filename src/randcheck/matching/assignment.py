"""The one rule that fills the places of teams: augmenting paths in a hashed order.

Rules enforced here:
1. Visits come in the order given; in each, candidates come in ascending order of
   SHA-256(inspectors' seed ":" field(subject id) field(inspector id)).
2. A place goes to the first candidate with room; where nobody has room, a shortest chain of
   replacements makes some (augmenting paths: Ford and Fulkerson 1956; Edmonds and Karp 1972), so
   that all places are filled whenever they can be.
3. Nobody is twice in one team, and nobody beyond the capacity.

The result is a function of the staffing and the seed alone.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Sequence

from randcheck.matching.staffing import Slot, Staffing
from randcheck.tickets import field


def assign(staffing: Staffing, purpose_seed: str) -> list[tuple[str, ...]]:
    """A team of inspector ids, ascending, for each visit, at random from the inspectors' seed.

    The staffing must be feasible, as a matcher's `design` makes sure.
    """
    start = hashlib.sha256(f"{purpose_seed}:".encode())
    encoded = [field(name.encode()) for name in staffing.inspectors]
    starts = []
    for name in staffing.visits:
        state = start.copy()
        state.update(field(name.encode()))
        starts.append(state)

    def shuffled(slot: Slot) -> list[int]:
        keys = {}
        for candidate in slot.candidates:
            state = starts[slot.visit].copy()
            state.update(encoded[candidate])
            keys[candidate] = (state.digest(), candidate)
        return sorted(slot.candidates, key=keys.__getitem__)

    places = Places(staffing.capacities)
    for slot in staffing.slots:
        places.add(slot.visit, slot.places, shuffled(slot))
    teams: list[list[str]] = [[] for _ in staffing.visits]
    for slot, members in zip(staffing.slots, places.members, strict=True):
        teams[slot.visit] += [staffing.inspectors[member] for member in members]
    return [tuple(sorted(team)) for team in teams]


class Places:
    """Slots that are being filled: a flow in the network slot → person in a visit → person.

    A person in a visit has capacity 1, a person the capacity in visits.
    """

    def __init__(self, capacities: Sequence[int | None]) -> None:
        self.capacities = capacities
        self.visit_of: list[int] = []
        self.places: list[int] = []
        self.orders: list[Sequence[int]] = []
        self.members: list[list[int]] = []
        self.slots_of: list[list[int]] = [[] for _ in capacities]
        self._siblings: dict[int, list[int]] = {}

    def add(self, visit: int, places: int, order: Sequence[int]) -> set[int]:
        """Fill `places` of a visit from candidates in order; already filled ones may move.

        Returns the empty set when all are filled, else the slots that were searched in vain: no
        rearrangement of these can free a person for the new slot.
        """
        slot = len(self.members)
        self.visit_of.append(visit)
        self.places.append(places)
        self.orders.append(order)
        self.members.append([])
        self._siblings.setdefault(visit, []).append(slot)
        for _ in range(places):
            if searched := self._augment(slot):
                return searched
        return set()

    def drop(self) -> None:
        """Take the slot that was added last away, with whom it holds."""
        slot = len(self.members) - 1
        for person in self.members.pop():
            self.slots_of[person].remove(slot)
        self.orders.pop()
        self.places.pop()
        self._siblings[self.visit_of.pop()].pop()

    def _has_room(self, person: int) -> bool:
        capacity = self.capacities[person]
        return capacity is None or len(self.slots_of[person]) < capacity

    def _augment(self, start: int) -> set[int]:
        """Fill one more place of a slot; the slots searched when that is impossible."""
        came_by: dict[
            int, tuple[int, int]
        ] = {}  # slot → (the slot that takes, the person it takes)
        seen = {start}
        asked: set[int] = set()
        queue = deque([start])
        while queue:
            slot = queue.popleft()
            team = self._team(self.visit_of[slot])
            for person in self.orders[slot]:
                if person in team:
                    losers = [team[person]]  # passes from one slot of this visit to another
                elif person in asked:
                    continue
                elif self._has_room(person):
                    self._shift(slot, person, came_by)
                    return set()
                else:
                    asked.add(person)
                    losers = self.slots_of[person]
                for loser in losers:
                    if loser not in seen:
                        seen.add(loser)
                        came_by[loser] = (slot, person)
                        queue.append(loser)
        return seen

    def _team(self, visit: int) -> dict[int, int]:
        return {person: slot for slot in self._siblings[visit] for person in self.members[slot]}

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
