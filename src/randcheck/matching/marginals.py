"""Odds of most entropy for given loads and caps, in floats, and the whole numerators nearest by.

Rules enforced here:
1. x = u·abc / (1 + abc): a for the slot, b for the person, c for a pair that several slots share, u
   the cap. Of all odds with these sums it has the most entropy (Cover and Thomas 2006, chapter 12);
   a, b and c are found by scaling rows and columns in turn (Sinkhorn 1967; Darroch and Ratcliff
   1972).
2. Floats only propose: element by element + − × ÷, and sums in a fixed sequence (`bincount`), so
   that every platform proposes the same. Integers decide.
3. A slot's numerators add up exactly; each is rounded down or up, so that columns stay close too.
   What still breaks a limit is moved along shortest alternating paths, in the order of the table.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from randcheck.matching.levels import FREE, FULL, Levels
from randcheck.matching.network import UNLIMITED, Classes, Floats, Ints, Longs, Network

#: Entries that are worked on at a time, so that they stay in the processor's cache.
CHUNK = 1 << 15

#: Fractions of a numerator are kept in whole units of 2^-16.
FRACTION = 16

#: How often rows and columns of members are scaled, at most.
ROUNDS = 40

#: How far below the capacity a load is aimed at, in visits.
BELOW = 1 / 16

#: The factor of an arc that is full, and one over that of an empty one.
FIXED = 1e9

#: Newton's method is used for at most so many classes of people, in so many steps a time.
MOST_UNKNOWNS, NEWTON_STEPS = 400, 40

#: A column is near enough when its sum is off by no more than this part of itself.
NEAR = 1e-4


class Unsettled(Exception):  # noqa: N818  never leaves the package: finer classes are tried
    """What was found for classes does not hold for their members."""


class ClassFactors:
    """Factors a, b, c of classes of slots, people and pairs, by scaling and by Newton's method."""

    def __init__(self, classes: Classes, levels: Levels) -> None:
        self.classes = classes
        self.free = free = levels.state == FREE
        self.full = full = levels.state == FULL
        self.whole = whole = classes.count * levels.caps[classes.visit_of[classes.slot]]
        need = (classes.slots * classes.places).astype(np.float64)
        self.need = need - _sums(classes.slot[full], whole[full], len(need))
        taken = _sums(classes.person[full], whole[full], len(levels.loads))
        self.load = np.maximum(levels.loads - taken, 0.0)
        self.near = 1e-7 * (levels.loads + 1.0)
        self.slot, self.person, self.weight, self.pair = (
            each[free] for each in (classes.slot, classes.person, whole, classes.pair)
        )
        self.room = _sums(self.slot, self.weight, len(self.need))
        self.space = _sums(self.person, self.weight, len(self.load))
        self.several = self.pair >= 0
        pairs = int(self.pair.max(initial=-1)) + 1
        self.pair_cap = np.zeros(pairs)
        self.pair_cap[self.pair[self.several]] = self.weight[self.several]
        self.a, self.b = np.ones(len(self.need)), np.ones(len(self.load))
        self.c = np.ones(pairs + 1)

        self._find()

    def _find(self) -> None:
        for rounds in (20, 20, 20, 20, 1000):
            if any(self._scale() for _ in range(rounds)):
                break
            if len(self.load) <= MOST_UNKNOWNS and len(self.need) <= 4 * MOST_UNKNOWNS:
                for _ in range(NEWTON_STEPS):
                    if not self._newton():
                        break

    def of_arcs(self) -> Floats:
        """The factor of the pair of each arc, 1 without."""
        arcs = np.ones(len(self.free))
        arcs[self.free] = self.c[self.pair]
        return arcs

    def fixed(self) -> Floats | None:
        """A further factor of arcs: a very small one if empty, a very large one if full.

        A visit with conflicts of its own may still use them where it must.
        """
        if self.free.all():
            return None
        return np.where(self.free, 1.0, np.where(self.full, FIXED, 1.0 / FIXED))

    def predictability(self, fair: Floats) -> float:
        """The largest odds of a pair over `fair`, those of equal odds, as far as classes tell."""
        x = np.where(self.full, self.whole, 0.0)
        x[self.free] = self._odds(self.a, self.b)
        x = x / np.maximum(self.classes.count, 1)
        pairs, several = self.classes.pair, self.classes.pair >= 0
        if several.any():
            x[several] = _sums(pairs[several], x[several], 0)[pairs[several]]
        return float(np.max(x / fair[self.classes.visit_of[self.classes.slot]], initial=0.0))

    def _odds(self, a: Floats, b: Floats) -> Floats:
        return _curve(a[self.slot] * b[self.person] * self.c[self.pair], self.weight)

    def _scale(self) -> bool:
        """Scale rows, pairs, then columns; whether columns were near enough before.

        A step makes a row exact if all its entries were equal: a is multiplied by the ratio of the
        odds form d / (U - d) of its target to that of its sum, U being the sum of its caps.
        """
        sums = _sums(self.slot, self._odds(self.a, self.b), len(self.need))
        self.a = _bounded(self.a * _ratio(self.need, sums, self.room))
        if len(self.pair_cap):
            x = self._odds(self.a, self.b)
            held = _sums(self.pair[self.several], x[self.several], len(self.pair_cap))
            most = _sums(self.pair[self.several], self.weight[self.several], len(self.pair_cap))
            ratio = _ratio(self.pair_cap, held, most)
            self.c[:-1] = np.minimum(1.0, _bounded(self.c[:-1] * ratio))
        sums = _sums(self.person, self._odds(self.a, self.b), len(self.load))
        if (np.abs(sums - self.load) <= self.near).all():
            return True
        self.b = _bounded(self.b * _ratio(self.load, sums, self.space))
        return False

    def _gradients(self, a: Floats, b: Floats) -> tuple[Floats, Floats, Floats]:
        x = self._odds(a, b)
        rows = _sums(self.slot, x, len(self.need)) - self.need
        return rows, _sums(self.person, x, len(self.load)) - self.load, x

    def _newton(self) -> bool:
        """One damped Newton step for the logarithms of a and b; whether it came nearer.

        The rows are eliminated first; what is left, people against people, by Gaussian elimination
        through element-wise operations alone.
        """
        rows, columns, x = self._gradients(self.a, self.b)
        curve = x * (1.0 - x / self.weight)
        ridge = 1e-12 * (float(self.space.max(initial=0.0)) + 1.0)
        of_rows = _sums(self.slot, curve, len(rows)) + ridge
        of_columns = _sums(self.person, curve, len(columns)) + ridge
        table = np.zeros((len(rows), len(columns)))
        table[self.slot, self.person] = curve
        matrix = np.zeros((len(columns), len(columns)))
        matrix[np.arange(len(columns)), np.arange(len(columns))] = of_columns
        right = -columns
        for own, weight, gap in zip(table, of_rows.tolist(), rows.tolist(), strict=True):
            part = own / weight
            matrix -= part[:, None] * own[None, :]
            right += part * gap
        matrix[np.arange(len(columns)), np.arange(len(columns))] += ridge
        step_b = _eliminate(matrix, right)
        step_a = -(rows + _sums(self.slot, curve * step_b[self.person], len(rows))) / of_rows
        before = float(np.cumsum(np.abs(rows))[-1] + np.cumsum(np.abs(columns))[-1])
        for _ in range(8):
            a, b = self.a * _growth(step_a), self.b * _growth(step_b)
            a, b = _bounded(a), _bounded(b)
            rows, columns, _ = self._gradients(a, b)
            now = float(np.cumsum(np.abs(rows))[-1] + np.cumsum(np.abs(columns))[-1])
            if now < 0.99 * before:
                self.a, self.b = a, b
                return bool((np.abs(columns) > self.near).any())
            step_a, step_b = step_a / 4, step_b / 4
        return False


def _eliminate(matrix: npt.NDArray[np.float64], right: Floats) -> Floats:
    """The solution of a symmetric, diagonally dominant system; `matrix` and `right` are used up."""
    size = len(right)
    for k in range(size - 1):
        factor = matrix[k + 1 :, k] / matrix[k, k]
        matrix[k + 1 :, k + 1 :] -= factor[:, None] * matrix[k, k + 1 :][None, :]
        right[k + 1 :] -= factor * right[k]
    for k in range(size - 1, -1, -1):
        right[k] = right[k] / matrix[k, k]
        right[:k] -= matrix[:k, k] * right[k]
    return right


def _growth(step: Floats) -> Floats:
    """About the exponential of a step cut at ±2, without a library's exponential."""
    cut = np.minimum(np.maximum(step, -2.0), 2.0) / 4
    half = (1.0 + cut) / (1.0 - cut)
    return np.asarray(half * half)


def _bounded(factors: Floats) -> Floats:
    """Factors of what is all but certain or impossible, kept where products stay finite."""
    return np.minimum(np.maximum(factors, 1e-60), 1e60)


def _curve(product: Floats, cap: Floats | float) -> Floats:
    return np.asarray(cap * (product / (product + 1.0)))


def _ratio(target: Floats, found: Floats, most: Floats) -> Floats:
    return _odds_form(target, most) / _odds_form(found, most)


def _odds_form(value: Floats, most: Floats) -> Floats:
    """Value / (most - value), kept within 1e±18; 1 where there is nothing to share."""
    share = np.divide(value, most, out=np.full_like(most, 0.5), where=most > 0)
    share = np.minimum(np.maximum(share, 1e-18), 1.0)
    return np.asarray(share / np.maximum(1.0 - share, 1e-18))


def _sums(groups: npt.NDArray[np.integer[Any]], values: Floats, size: int) -> Floats:
    return np.bincount(groups, weights=values, minlength=size).astype(np.float64, copy=False)


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
            self.space += _sums(network.people[entries], cap, len(self.b))
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
        return _curve(product, self.slot_cap[slots][local])

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
            sums += _sums(self.network.people[entries], x, len(sums))
            if self.shared is not None:
                self.shared.count(entries, x)
        off = float(np.max(np.abs(sums - self.loads) / (self.loads + 1.0), initial=0.0))
        if off > NEAR:
            self.b = _bounded(self.b * _ratio(self.loads, sums, self.space))
        return off, 0.0 if self.shared is None else self.shared.scale()

    def drift(self, bits: int) -> Longs:
        """What each person's entries are off the expected load, on average, in units of 2^-bits.

        Who is at the capacity is aimed a little lower: what rounding puts above has to be moved.
        """
        size = len(self.b)
        sums, counts = np.zeros(size), np.zeros(size)
        for slots, entries in self.chunks():
            people = self.network.people[entries]
            sums += _sums(people, self.odds(slots, entries), size)
            counts += np.bincount(people, minlength=size)
        capacities = self.network.capacities
        limits = np.where(capacities == UNLIMITED, np.inf, capacities - BELOW)
        off = (np.minimum(self.loads, limits) - sums) / np.maximum(counts, 1.0)
        return (off * float(1 << bits)).astype(np.int64)

    def _scale_rows(self, slots: slice, entries: slice) -> Floats:
        """Make the rows of some slots add up to their places; the odds of their entries then."""
        local, product = self._products(slots, entries)
        product *= self.a[slots][local]
        cap = self.slot_cap[slots]
        found = _sums(local, _curve(product, 1.0), len(cap)) * cap
        step = _ratio(self.need[slots], found, self.room[slots])
        self.a[slots] = _bounded(self.a[slots] * step)
        product *= step[local]
        return _curve(product, cap[local])


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
        self.most = _sums(own, cap, number)
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
            sums = _sums(own - first, x[several], 0)
            self.held[first : first + len(sums)] += sums

    def scale(self) -> float:
        """Lower pairs above their cap, or raise them again; how far above the worst was."""
        above = (self.held - self.cap) / (self.cap + 1e-3)
        moved = (above > 0) | (self.c[:-1] < 1.0)
        ratio = _ratio(self.cap[moved], self.held[moved], self.most[moved])
        self.c[:-1][moved] = np.minimum(1.0, _bounded(self.c[:-1][moved] * ratio))
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
    visits = network.visit_of.tolist()
    for slots, entries in members.chunks():
        fixed = (members.odds(slots, entries) * float(1 << (bits + FRACTION))).astype(np.int64)
        for slot in range(slots.start, slots.stop):
            own = slice(starts[slot], starts[slot + 1])
            people = network.people[own]
            exact = fixed[own.start - entries.start : own.stop - entries.start]
            whole = exact >> FRACTION
            part = exact & mask
            lost = owed[people] + part
            left = (places[slot] << bits) - int(whole.sum())
            limit: int | Longs = limits[slot]
            if network.nested:
                if slot and visits[slot - 1] != visits[slot]:
                    held[:] = 0
                limit = limits[slot] - held[people]
                whole = np.minimum(whole, limit)
                left = (places[slot] << bits) - int(whole.sum())
            given = _hand_out(whole, lost, left, limit)
            if network.nested:
                held[people] += given
            numerators[own] = given
            owed[people] += exact - (given << FRACTION) + drift[people]
    return numerators


def _hand_out(whole: Longs, lost: Longs, left: int, limit: int | Longs) -> Longs:
    """`left` more units (or fewer), one each, to those who lost most (or least)."""
    size = len(whole)
    place = np.arange(size)
    while left:
        open_ = np.flatnonzero(whole < limit if left > 0 else whole > 0)
        if not len(open_):
            raise Unsettled
        key = (lost if left > 0 else -lost)[open_] * size + (size - 1 - place[open_])
        count = min(abs(left), len(open_))
        chosen = open_[np.argpartition(key, len(key) - count)[len(key) - count :]]
        step = 1 if left > 0 else -1
        whole = whole.copy()
        whole[chosen] += step
        left -= step * count
    return whole


def repair(network: Network, numerators: Ints, bits: int, most: Longs, loads: Floats) -> None:
    """Change numerators in place until no person and no pair is above the limit.

    `most` is the largest numerator of any entry or pair of a visit. What is too much is taken off
    entries, in the order of the table, and each slot that then lacks units finds them along a
    shortest alternating path: of the slot's people with room, the one furthest below the expected
    load that was aimed at, ties to the first; where nobody has room, the other slots of its
    people, ascending. Raises `Unsettled` when there is no path, that is, no such numerators exist.
    """
    Repair(network, numerators, bits, most, loads).run()


class Repair:
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
        came: dict[int, tuple[int, int] | None] = {
            slot: None
        }  # slot → entry that gains, that gives
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
