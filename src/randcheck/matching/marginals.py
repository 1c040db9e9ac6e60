"""Odds of single visits and people, in floats, and the whole numerators nearest by.

Rules enforced here:
1. Every slot and person starts with the factors of its class; rows, pairs and columns are scaled in
   turn until their sums are near enough, or come no nearer.
2. Floats only propose, as in `factors`; integers decide.
3. A slot's numerators add up exactly; each is rounded down or up, so that columns stay close too.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from randcheck.matching.factors import ClassFactors, bounded, curve, ratio_of, sums_of
from randcheck.matching.levels import Levels
from randcheck.matching.network import UNLIMITED, Classes, Floats, Ints, Longs, Network

#: Entries that are worked on at a time, so that they stay in the processor's cache.
CHUNK = 1 << 15

#: Fractions of a numerator are kept in whole units of 2^-16.
FRACTION = 16

#: How often rows and columns are scaled, at most.
ROUNDS = 40

#: How far below the capacity a load is aimed at, in visits.
BELOW = 1 / 16

#: A column is near enough when its sum is off by no more than this part of itself.
NEAR = 1e-4


class Unsettled(Exception):  # noqa: N818  never leaves the package: finer classes are tried
    """What was found for classes does not hold for their members."""


class Members:
    """The odds of single slots and people, found from those of their classes."""

    def __init__(
        self, network: Network, classes: Classes, levels: Levels, found: ClassFactors
    ) -> None:
        self.network = network
        known = np.maximum(classes.of_people, 0)
        seen = classes.of_people >= 0
        #: the expected visits of each person that are aimed at
        self.loads = np.where(seen, (levels.loads / np.maximum(classes.people, 1))[known], 0.0)
        self.a = found.a[classes.of_slots].copy()
        self.b = np.where(seen, found.b[known], 0.0)
        self.slot_cap = levels.caps[classes.of_visits][network.visit_of]
        self.room = self.slot_cap * np.diff(network.starts)
        self.need = network.places.astype(np.float64)
        self.fixed, self.arcs = found.fixed(), classes.of_entries
        self.space = np.zeros(len(self.b))
        for slots, entries in self.chunks():
            local = network.slot_of_entries[entries] - np.int32(slots.start)
            cap = self.slot_cap[slots][local]
            self.space += sums_of(network.people[entries], cap, len(self.b))
        self.shared = _Shared(self, found.of_arcs()[classes.of_entries]) if network.nested else None

    def chunks(self) -> Iterator[tuple[slice, slice]]:
        """Slots and their entries, some whole slots at a time."""
        starts, first = self.network.starts, 0
        while first < len(starts) - 1:
            last = int(np.searchsorted(starts, starts[first] + CHUNK, side="right")) - 1
            last = max(last, first + 1)
            yield slice(first, last), slice(int(starts[first]), int(starts[last]))
            first = last

    def odds(self, slots: slice, entries: slice) -> Floats:
        """The odds of the entries of some slots, by the factors as they stand."""
        local, product = self._products(slots, entries)
        product *= self.a[slots][local]
        return curve(product, self.slot_cap[slots][local])

    def _products(self, slots: slice, entries: slice) -> tuple[Ints, Floats]:
        """The place of each entry's slot among these, and its factors but that of the slot."""
        network = self.network
        product = self.b[network.people[entries]]
        if self.fixed is not None:
            product *= self.fixed[self.arcs[entries]]
        if self.shared is not None:
            product *= self.shared.c[self.shared.pairs[entries]]
        return network.slot_of_entries[entries] - np.int32(slots.start), product

    def settle(self) -> None:
        """Scale rows, pairs and columns until they are near enough, or come no nearer."""
        before = (np.inf, np.inf)
        for number in range(ROUNDS):
            now = self._round()
            done = [off <= NEAR or (number > 2 and off > 0.9 * last)
                    for off, last in zip(now, before, strict=True)]  # fmt: skip
            if all(done):
                break
            before = now
        for slots, entries in self.chunks():
            self._scale_rows(slots, entries)

    def _round(self) -> tuple[float, float]:
        """One round; how far off the worst column, and the worst pair above its cap, were."""
        sums = np.zeros(len(self.b))
        for slots, entries in self.chunks():
            x = self._scale_rows(slots, entries)
            sums += sums_of(self.network.people[entries], x, len(sums))
            if self.shared is not None:
                self.shared.count(entries, x)
        off = float(np.max(np.abs(sums - self.loads) / (self.loads + 1.0), initial=0.0))
        if off > NEAR:
            self.b = bounded(self.b * ratio_of(self.loads, sums, self.space))
        return off, 0.0 if self.shared is None else self.shared.scale()

    def drift(self, bits: int) -> Longs:
        """What each person's entries are off the expected load, on average, in units of 2^-bits.

        Who is at the capacity is aimed a little lower: what rounding puts above has to be moved.
        """
        size = len(self.b)
        sums, counts = np.zeros(size), np.bincount(self.network.people, minlength=size)
        for slots, entries in self.chunks():
            people = self.network.people[entries]
            sums += sums_of(people, self.odds(slots, entries), size)
        capacities = self.network.capacities
        limits = np.where(capacities == UNLIMITED, np.inf, capacities - BELOW)
        off = (np.minimum(self.loads, limits) - sums) / np.maximum(counts, 1.0)
        return (off * float(1 << bits)).astype(np.int64)

    def _scale_rows(self, slots: slice, entries: slice) -> Floats:
        """Make the rows of some slots add up to their places; the odds of their entries then."""
        local, product = self._products(slots, entries)
        product *= self.a[slots][local]
        cap = self.slot_cap[slots]
        found = sums_of(local, curve(product, 1.0), len(cap)) * cap
        step = ratio_of(self.need[slots], found, self.room[slots])
        self.a[slots] = bounded(self.a[slots] * step)
        product *= step[local]
        return curve(product, cap[local])


class _Shared:
    """The pairs of visit and person that several slots share, with their factors c, at most 1."""

    def __init__(self, members: Members, found: Floats) -> None:
        network = members.network
        self.pairs = network.pair_of_entries
        several = self.pairs >= 0
        own = self.pairs[several]
        number = int(self.pairs.max(initial=-1)) + 1
        cap = members.slot_cap[network.slot_of_entries[several]]
        self.cap = np.zeros(number)
        self.cap[own] = cap
        self.most = sums_of(own, cap, number)
        self.c = np.ones(number + 1)
        self.c[own] = found[several]
        self.held = np.zeros(number)

    def count(self, entries: slice, x: Floats) -> None:
        """Add some entries to what their pairs hold."""
        pairs = self.pairs[entries]
        several = np.flatnonzero(pairs >= 0)
        if len(several):
            own = pairs[several]
            first = int(own.min())
            sums = sums_of(own - first, x[several], 0)
            self.held[first : first + len(sums)] += sums

    def scale(self) -> float:
        """Lower pairs above their cap, or raise them again; how far above the worst was."""
        above = (self.held - self.cap) / (self.cap + 1e-3)
        moved = (above > 0) | (self.c[:-1] < 1.0)
        ratio = ratio_of(self.cap[moved], self.held[moved], self.most[moved])
        self.c[:-1][moved] = np.minimum(1.0, bounded(self.c[:-1][moved] * ratio))
        self.held = np.zeros(len(self.held))
        return float(above.max(initial=0.0))


def quantise(members: Members, bits: int, most: Longs) -> Ints:
    """Whole numerators over 2^bits, each at most `most` of its visit; slots add up exactly.

    In each slot the units that rounding down leaves over go to the entries that lost most, ties to
    the first. What a person lost or gained before is remembered, and so is, spread over all
    entries, what the person's column is off.
    """
    network = members.network
    starts, places = network.starts.tolist(), network.places.tolist()
    numerators = np.empty(len(network.people), dtype=np.int32)
    owed = np.zeros(len(network.capacities), dtype=np.int64)
    drift = members.drift(bits + FRACTION)
    held = np.zeros(len(network.capacities), dtype=np.int64)  # by earlier slots of the same visit
    mask = (1 << FRACTION) - 1
    limits = most[network.visit_of].tolist()
    place = network.place_in_visit.tolist()
    several = (np.bincount(network.visit_of) > 1)[network.visit_of].tolist()
    for slots, entries in members.chunks():
        fixed = (members.odds(slots, entries) * float(1 << (bits + FRACTION))).astype(np.int64)
        for slot in range(slots.start, slots.stop):
            own = slice(starts[slot], starts[slot + 1])
            people = network.people[own]
            exact = fixed[own.start - entries.start : own.stop - entries.start]
            whole = exact >> FRACTION
            part = exact & mask
            lost = owed[people] + part
            limit: int | Longs = limits[slot]
            if several[slot]:
                if not place[slot]:
                    held[:] = 0
                limit = limits[slot] - held[people]
                whole = np.minimum(whole, limit)
            left = (places[slot] << bits) - int(whole.sum())
            given = _hand_out(whole, lost, left, limit)
            if several[slot]:
                held[people] += given
            numerators[own] = given
            owed[people] += exact - (given << FRACTION) + drift[people]
    return numerators


def _hand_out(whole: Longs, lost: Longs, left: int, limit: int | Longs) -> Longs:
    """`left` more units (or fewer), one each, to those who lost most (or least)."""
    size = len(whole)
    first = np.arange(size - 1, -1, -1)
    while left:
        step = 1 if left > 0 else -1
        key = step * lost * size + first
        closed = whole >= limit if left > 0 else whole <= 0
        count = min(abs(left), size - int(np.count_nonzero(closed)))
        if not count:
            raise Unsettled
        key[closed] = np.iinfo(np.int64).min
        chosen = np.argpartition(key, size - count)[size - count :]
        whole = whole.copy()
        whole[chosen] += step
        left -= step * count
    return whole
