"""From a network to whole numerators: the aims in their order.

Rules enforced here:
1. First the hard rules; then predictability; then even expected loads; then entropy.
2. Predictability is a visit's largest odds divided by q / n, what equal odds would be. Where the
   most even and most random odds exceed 1.10 times the trivial bound, the least that the visit with
   the fewest specialists could reach if it were alone, all odds are capped at 1.05 times the least
   that is feasible for all visits together.
3. Independent parts are solved alone; the result is the same in any order and on any number of
   cores.
4. What is found for classes of visits and people is used only if it holds for each of them; else,
   and for small parts at once, each is its own class.
"""

from __future__ import annotations

import logging
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from randcheck.matching.factors import ClassFactors
from randcheck.matching.levels import Infeasible, Levels, even_loads, least_predictability
from randcheck.matching.marginals import Members, Unsettled, quantise
from randcheck.matching.network import Floats, Ints, Longs, Network, classify
from randcheck.matching.repair import repair

log = logging.getLogger("randcheck")

#: Parts with at most so many entries are solved with each visit and person as its own class.
SMALL = 20_000

#: What classes alone show to be above this multiple of the trivial bound is not looked at closer.
HOPELESS = 1.5
#: Above this multiple of the trivial bound odds are capped, …
TOLERATED = 1.10
#: (what coarse units are rounded to may not come nearer to it than this)
ROUNDED = 1.08
#: … at the first of these multiples of the least feasible that whole numerators can keep.
MARGINS = (1.05, 1.075)

#: Numerators are whole multiples of a power of 2 as long as equal odds are so many of these units.
FEWEST_UNITS = 10

#: A cap is rounded up to a whole numerator where that raises it by no more than this factor.
UP = 1.03

#: Where a load that classes promise is off by more than this part of it (of ten visits, if it is
#: fewer), each visit and person becomes its own class, unless there are more entries than `LARGE`.
LOAD_OFF = 0.025
LARGE = 400_000


def solve(network: Network, bits: int, cores: int | None = None) -> Ints:
    """Numerators over 2^bits for all entries.

    Raises `Infeasible` with a mask over the slots of the network: some that cannot all be filled.
    """
    numerators = np.zeros(len(network.people), dtype=np.int32)
    parts = list(network.components())
    log.info("matching: odds of %d pairs in %d parts", len(network.people), len(parts))

    def one(part: tuple[Network, Longs, Longs]) -> Ints | Infeasible:
        try:
            return _solve_part(part[0], bits)
        except Infeasible as failure:
            return failure

    workers = min(cores or os.cpu_count() or 1, len(parts))
    if workers > 1:
        with ThreadPoolExecutor(workers) as pool:
            found = list(pool.map(one, parts))
    else:
        found = [one(part) for part in parts]
    for (_, slots, entries), answer in zip(parts, found, strict=True):
        if isinstance(answer, Infeasible):
            short = np.zeros(len(network.places), dtype=bool)
            short[slots[answer.slots]] = True
            raise Infeasible(short)
        numerators[entries] = answer
    return numerators


def _solve_part(network: Network, bits: int) -> Ints:
    too_few = np.diff(network.starts) < network.places
    if too_few.any():
        raise Infeasible(too_few)
    if len(network.people) > SMALL:
        try:
            return _Part(network, bits, fine=False).odds()
        except Unsettled:
            log.info("matching: single visits and people, since classes do not fit them")
        except Infeasible:
            pass  # so is it for its members; the finer search names fewer slots
    return _Part(network, bits, fine=True).odds()


class _Part:
    """One independent part, at one fineness of classes."""

    def __init__(self, network: Network, bits: int, *, fine: bool) -> None:
        self.network = network
        self.bits = bits
        self.fine = fine
        self.classes = classify(network, fine=fine)
        self.fair = network.team_sizes / network.sizes
        self.fair_of_classes = _means(self.classes.of_visits, self.fair)

    def odds(self) -> Ints:
        """Numerators; `Unsettled` where classes do not hold for their members."""
        trivial = _trivial_bound(self.network, self.fair)
        levels, of_classes = self._levels(np.ones(len(self.fair_of_classes)))
        if of_classes.predictability(self.fair_of_classes) <= HOPELESS * trivial:
            for bits in self.precisions:
                most = np.full(self.network.visits, 1 << bits)
                if bits < self.bits:  # units are coarse: none may be one too many
                    equal = self.fair * float(1 << bits)
                    limit = np.maximum(np.floor(ROUNDED * trivial * equal), np.ceil(equal))
                    most = np.minimum(most, limit.astype(np.int64))
                try:
                    plain = self._quantised(levels, of_classes, most, bits)
                except Unsettled:
                    if bits == self.bits:
                        raise
                    continue
                if predictability(self.network, plain, self.bits) <= TOLERATED * trivial:
                    return plain
        log.info("matching: capping predictability")
        least = least_predictability(self.classes, self.fair_of_classes, trivial)
        for margin in MARGINS:
            capped = self._capped(margin * least)
            if capped is not None:
                return capped
        raise Unsettled

    @property
    def precisions(self) -> tuple[int, ...]:
        """The bits that numerators are found with: few where few do; rounding goes by bits."""
        if len(self.network.people) <= SMALL:
            return (self.bits,)
        smallest = float(self.fair.min()) * (1 << self.bits) / FEWEST_UNITS
        spare = max(0, int(smallest).bit_length() - 1)
        return (self.bits - spare, self.bits) if spare else (self.bits,)

    def _capped(self, t: float) -> Ints | None:
        """The odds where none exceeds t · q / n; `None` where whole numerators do not keep that."""
        sizes, teams = self.network.sizes, self.network.team_sizes
        levels, factors = self._levels(np.minimum(1.0, t * self.fair_of_classes))
        for bits in self.precisions:
            one = 1 << bits
            enough = -(-teams * one // sizes) + 1
            cap = np.minimum(1.0, t * self.fair) * one
            most = np.minimum(np.ceil(cap), np.maximum(np.floor(cap), cap * UP))
            most = np.minimum(one, np.maximum(most.astype(np.int64), enough))
            try:
                return self._quantised(levels, factors, most, bits)
            except Unsettled:
                continue
        return None

    def _levels(self, caps: Floats) -> tuple[Levels, ClassFactors]:
        """The most even loads under a cap for each class of visits, and factors of most entropy."""
        log.info("matching: levels of loads")
        try:
            levels = even_loads(self.classes, caps)
        except Infeasible as failure:
            raise Infeasible(failure.slots[self.classes.of_slots]) from None
        return levels, ClassFactors(self.classes, levels)

    def _quantised(self, levels: Levels, of_classes: ClassFactors, most: Longs, bits: int) -> Ints:
        """Numerators of at most `most` over 2^bits for each visit, then in full precision."""
        log.info("matching: marginals")
        network, classes = self.network, self.classes
        members = Members(network, classes, levels, of_classes)
        members.settle()
        log.info("matching: quantising")
        numerators = quantise(members, bits, most)
        repair(network, numerators, bits, most, members.loads)
        if not self.fine and len(network.people) <= LARGE:
            found = np.bincount(network.people, weights=numerators, minlength=len(members.loads))
            off = np.abs(found / float(1 << bits) - members.loads)
            if (off > LOAD_OFF * np.maximum(members.loads, 10.0)).any():
                raise Unsettled
        return numerators << (self.bits - bits)


def _trivial_bound(network: Network, fair: Floats) -> float:
    """The least predictability that every visit could reach if it were alone, at the worst visit.

    A slot's places are shared by its candidates at best.
    """
    slots = network.places / np.diff(network.starts)
    return max(1.0, float(np.max(slots / fair[network.visit_of])))


def predictability(network: Network, numerators: Ints, bits: int) -> float:
    """The largest odds of a pair divided by q / n of its visit."""
    held = numerators.astype(np.int64)
    if network.nested:
        pairs = network.pair_of_entries
        several = pairs >= 0
        sums = np.bincount(pairs[several], weights=numerators[several]).astype(np.int64)
        held[several] = sums[pairs[several]]
    firsts = network.starts[np.searchsorted(network.visit_of, np.arange(network.visits))]
    largest = np.maximum.reduceat(held, firsts) / float(1 << bits)
    return float(np.max(largest * network.sizes / network.team_sizes))


def _means(groups: Longs, values: Floats) -> Floats:
    counts = np.bincount(groups)
    return np.asarray(np.bincount(groups, weights=values) / counts)
