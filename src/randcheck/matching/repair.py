"""Whole numerators brought within every limit, along shortest alternating paths.

Rules enforced here:
1. No person is above the capacity, no pair and no entry above its visit's limit; slots add up.
2. Where a limit is kept already, nothing changes; else as few units move as are above it.
3. The order is stated: entries in the order of the table, paths breadth first, so that the result
   is the same everywhere.
"""

from __future__ import annotations

from collections import deque
from functools import cached_property

import numpy as np

from randcheck.matching.marginals import Unsettled
from randcheck.matching.network import UNLIMITED, Floats, Ints, Longs, Network


def repair(network: Network, numerators: Ints, bits: int, most: Longs, loads: Floats) -> None:
    """Change numerators in place until no person and no pair is above the limit.

    `most` is the largest numerator of any entry or pair of a visit. What is too much is taken off
    entries, in the order of the table, and each slot that then lacks units finds them along a
    shortest alternating path: of the slot's people with room, the one furthest below the expected
    load that was aimed at, ties to the first; where nobody has room, the other slots of its
    people, ascending. Raises `Unsettled` when there is no path, that is, no such numerators exist.
    """
    _Repair(network, numerators, bits, most, loads).run()


class _Repair:
    """The state of `repair`: what each slot lacks, and the room of people and pairs."""

    def __init__(
        self, network: Network, numerators: Ints, bits: int, most: Longs, loads: Floats
    ) -> None:
        self.network = network
        self.x = numerators
        one = 1 << bits
        unlimited = network.capacities == UNLIMITED
        limit = np.where(unlimited, 1 << 60, network.capacities * one)
        load = np.bincount(network.people, weights=numerators, minlength=len(limit))
        self.room = limit - load.astype(np.int64)
        self.spare = (loads * float(one)).astype(np.int64) - load.astype(np.int64)
        self.most = most
        pairs = network.pair_of_entries
        several = pairs >= 0
        number = int(pairs.max(initial=-1)) + 1
        held = np.bincount(pairs[several], weights=numerators[several], minlength=number)
        cap = np.zeros(number, dtype=np.int64)
        visits = network.visit_of[network.slot_of_entries[several]]
        cap[pairs[several]] = most[visits]
        self.pair_room = np.append(cap - held.astype(np.int64), 1)

    def run(self) -> None:
        if (self.room >= 0).all() and (self.pair_room >= 0).all():
            return
        network = self.network
        self.by_person = np.argsort(network.people, kind="stable")
        self.person_starts = np.searchsorted(
            network.people[self.by_person], np.arange(len(network.capacities) + 1)
        )
        lacking: dict[int, int] = {}
        for pair in np.flatnonzero(self.pair_room[:-1] < 0).tolist():
            self._take_off(self._of_pair(pair), -int(self.pair_room[pair]), lacking)
        for person in np.flatnonzero(self.room < 0).tolist():
            own = self.by_person[self.person_starts[person] : self.person_starts[person + 1]]
            self._take_off(own.tolist(), -int(self.room[person]), lacking)
        for slot in sorted(lacking):
            while lacking[slot]:
                lacking[slot] -= self._find(slot, lacking[slot])

    @cached_property
    def _by_pair(self) -> tuple[Longs, Ints]:
        order = np.argsort(self.network.pair_of_entries, kind="stable")
        return order, self.network.pair_of_entries[order]

    def _of_pair(self, pair: int) -> list[int]:
        """The entries of a pair that several slots share."""
        order, pairs = self._by_pair
        first, last = np.searchsorted(pairs, (pair, pair + 1)).tolist()
        return [int(entry) for entry in order[first:last]]

    def _take_off(self, entries: list[int], excess: int, lacking: dict[int, int]) -> None:
        """Take units off entries, one each in turn, so that no single one is changed by much."""
        step = max(1, excess // max(len(entries), 1))
        while excess > 0:
            for entry in entries:
                units = min(step, excess, int(self.x[entry]))
                if not excess:
                    break
                if units:
                    self._change(entry, -units)
                    slot = int(self.network.slot_of_entries[entry])
                    lacking[slot] = lacking.get(slot, 0) + units
                    excess -= units

    def _change(self, entry: int, units: int) -> None:
        self.x[entry] += units
        person = self.network.people[entry]
        self.room[person] -= units
        self.spare[person] -= units
        pair = self.network.pair_of_entries[entry]
        if pair >= 0:
            self.pair_room[pair] -= units

    def _find(self, slot: int, wanted: int) -> int:
        """Bring up to `wanted` units to a slot along one shortest path; how many came."""
        network = self.network
        # slot → the entry that gains and the one that gives where it was reached
        came: dict[int, tuple[int, int] | None] = {slot: None}
        asked: set[int] = set()
        queue = deque([slot])
        while queue:
            taker = queue.popleft()
            entries = slice(int(network.starts[taker]), int(network.starts[taker + 1]))
            limit = int(self.most[network.visit_of[taker]])
            people = network.people[entries]
            able = self.x[entries] < limit
            if network.nested:
                pairs = network.pair_of_entries[entries]
                able_pairs = self.pair_room[pairs] > 0  # the last, -1, is that of no pair
            else:
                able_pairs = able
            direct = np.flatnonzero(able & able_pairs & (self.room[people] > 0))
            if len(direct):
                best = direct[np.argmax(self.spare[people[direct]])]  # the first of the largest
                return self._shift(entries.start + int(best), wanted, came)
            for gain in (entries.start + np.flatnonzero(able)).tolist():
                person = int(network.people[gain])
                pair = int(network.pair_of_entries[gain])
                if pair >= 0 and self.pair_room[pair] <= 0:
                    givers = [each for each in self._of_pair(pair) if each != gain]
                elif person in asked:
                    continue
                else:
                    asked.add(person)
                    first, last = self.person_starts[person : person + 2].tolist()
                    givers = self.by_person[first:last].tolist()
                for giver in givers:
                    other = int(network.slot_of_entries[giver])
                    if self.x[giver] > 0 and other not in came:
                        came[other] = (gain, giver)
                        queue.append(other)
        raise Unsettled

    def _shift(self, last: int, wanted: int, came: dict[int, tuple[int, int] | None]) -> int:
        """Move as many units as the whole path to the entry `last` allows."""
        network = self.network
        slot = int(network.slot_of_entries[last])
        step = came[slot]
        gains = [last]
        gives: list[int] = []
        while step is not None:
            gain, giver = step
            gains.append(gain)
            gives.append(giver)
            slot = int(network.slot_of_entries[gain])
            step = came[slot]
        units = min(wanted, int(self.room[network.people[last]]))
        for entry in gains:
            units = min(units, int(self.most[network.visit_of[network.slot_of_entries[entry]]])
                        - int(self.x[entry]))  # fmt: skip
        for entry in gives:
            units = min(units, int(self.x[entry]))
        pair = int(network.pair_of_entries[last])
        if pair >= 0:
            units = min(units, int(self.pair_room[pair]))
        for gain, giver in zip(gains[1:], gives, strict=True):
            own = int(network.pair_of_entries[gain])
            if own >= 0 and own != network.pair_of_entries[giver]:
                units = min(units, int(self.pair_room[own]))
        for entry in gives:
            self._change(entry, -units)
        for entry in gains:
            self._change(entry, units)
        return units
