"""Expected loads as even as the rules allow, and the least possible predictability.

Rules enforced here:
1. Whether every slot can be filled is decided by integer max-flow, exactly.
2. Loads are the lowest common ceiling that is feasible, then the next for whom that does not bind,
   and so on: the lexicographically optimal base of a polymatroid (Megiddo 1974; Fujishige 1980), by
   splitting along minimum cuts. Ceilings are whole multiples of 2^-scale of a visit.
3. The least predictability t* is the least t for which odds of at most t · q / n are feasible, n
   the people a visit could be given: by Newton steps on the cuts (Radzik 1998), ending in a cut
   that proves that less is impossible.
4. From a solver only what does not depend on its choices is used: the value of a maximum flow, its
   minimal minimum cut, and which arcs lie between strong components of the residual graph.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import frozen

from randcheck.matching.network import UNLIMITED, Classes, Floats, Longs

Mask = npt.NDArray[np.bool_]

#: Flows are in whole units of 2^-scale places; the scale is as fine as 32 bits allow.
MOST_SCALE = 16

FREE, EMPTY, FULL = 0, 1, 2


class Infeasible(Exception):  # noqa: N818  never leaves the package: it becomes a StaffingError
    """Some slots need more than the people beside them can give. The classes of slots in a cut."""

    def __init__(self, slots: Mask) -> None:
        super().__init__(slots)
        self.slots = slots


@frozen(eq=False)
class Levels:
    """For each class of people the expected visits of all its members, for each arc its state.

    An arc is `EMPTY` or `FULL` (at its cap) where it is so in every flow with these loads. `caps`
    are the caps as they were used: rounded up to whole units.
    """

    loads: Floats
    caps: Floats
    state: npt.NDArray[np.int8]


def even_loads(classes: Classes, caps: Floats) -> Levels:
    """The most even loads where no odds exceed `caps`, one cap for each class of visits.

    Raises `Infeasible`.
    """
    state = np.zeros(len(classes.slot), dtype=np.int8)
    loads = np.zeros(len(classes.people))
    graph = _Graph(classes, caps)
    waiting = [graph.whole()]
    while waiting:
        part = waiting.pop()
        need = graph.demand.copy()
        np.subtract.at(need, classes.slot[state == FULL], graph.arc_caps[state == FULL])
        need[~part.slots] = 0
        tied = int(part.pair_room[part.tied].sum())
        ceilings = graph.ceilings(int(need.sum()) - tied, part.people, part.base)
        if ceilings is None:
            raise Infeasible(part.slots)
        flow = graph.flow(part, state, need, ceilings - part.base)
        if flow.value == int(need.sum()):
            room = (ceilings - part.base)[part.people].astype(np.float64)
            share = (flow.value - tied) / float(room.sum()) if room.any() else 0.0
            loads[part.people] = part.base[part.people] + room * share
            _fix(state, graph, flow)
        else:
            waiting += _split(part, flow, graph, state)
    unit = float(1 << graph.scale)
    return Levels(loads / unit, graph.caps / unit, state)


@frozen(eq=False)
class _Part:
    """Slots and people that are looked at by themselves.

    `base` is what people have from slots elsewhere, `pair_room` what is left of each pair's cap,
    and a `tied` pair is one that is used to its cap although its person is elsewhere.
    """

    slots: Mask
    people: Mask
    base: Longs
    pair_room: Longs
    tied: Mask


def _split(part: _Part, flow: _Flow, graph: _Graph, state: npt.NDArray[np.int8]) -> list[_Part]:
    """The two sides of a minimum cut: the one with the higher loads, and the rest.

    In the most even flow what crosses the cut is at its cap, and nothing comes back.
    """
    classes = graph.classes
    over, busy = flow.slots & part.slots, flow.people & part.people
    pairs = np.append(flow.pairs, False)[classes.pair]  # the pair of an arc is on the high side
    direct = classes.pair < 0
    high = np.where(direct, busy[classes.person], pairs)
    looked_at = np.zeros(len(state), dtype=bool)
    looked_at[flow.arcs] = True
    crossing = looked_at & over[classes.slot] & ~high
    state[crossing] = FULL
    state[looked_at & ~over[classes.slot] & (high | busy[classes.person])] = EMPTY
    tied = flow.pairs & ~flow.people[graph.pair_person]
    tied = (tied & part.people[graph.pair_person]) | (part.tied & flow.pairs)
    new = tied & ~part.tied
    base, room = part.base.copy(), part.pair_room.copy()
    np.add.at(base, graph.pair_person[new], room[new])
    given = crossing & (direct | ~np.append(part.tied, False)[classes.pair])
    np.add.at(base, classes.person[given], graph.arc_caps[given])
    np.subtract.at(room, classes.pair[crossing & ~direct], graph.arc_caps[crossing & ~direct])
    upper = _Part(over, busy, part.base, part.pair_room, tied)
    lower = _Part(part.slots & ~over, part.people & ~busy, base, room, part.tied & ~flow.pairs)
    return [upper, lower] if lower.slots.any() or lower.people.any() else [upper]


def least_predictability(classes: Classes, fair: Floats, start: float) -> float:
    """The least t from `start` on for which odds of at most t · fair are feasible.

    `fair` is q / n for each class of visits; odds never exceed 1. Raises `Infeasible`.
    """
    t = start
    free = np.zeros(len(classes.slot), dtype=np.int8)
    for _ in range(200):
        graph = _Graph(classes, np.minimum(1.0, t * fair))
        whole = graph.whole()
        limits = graph.limits(whole.people)
        flow = graph.flow(whole, free, graph.demand, limits)
        if flow.value == int(graph.demand.sum()):
            return t
        over, busy = flow.slots, flow.people
        fixed = int(limits[busy].sum()) - int(graph.demand[over].sum())
        needed = -fixed / float(1 << graph.scale)
        weight, share = graph.cut(flow, fair)
        if not len(weight):
            raise Infeasible(over)
        t = max(_solve(needed, weight, share), t * (1 + 1e-7))
    return t


def _solve(needed: float, weight: Floats, share: Floats) -> float:
    """The least t with Σ weight · min(1, t · share) ≥ needed; infinite odds are never asked for."""
    order = np.argsort(-share, kind="stable")
    weight, share = weight[order], share[order]
    rest = float(np.cumsum(weight * share)[-1])  # in this sequence on every platform
    full = 0.0
    for own, each in zip(weight.tolist(), share.tolist(), strict=True):
        if rest > 0 and (needed - full) / rest * each <= 1:
            return (needed - full) / rest
        full += own
        rest -= own * each
    return 1.0 / float(share.min())


@frozen(eq=False)
class _Flow:
    """A maximum flow: its value, and the source's side of the minimal minimum cut."""

    value: int
    slots: Mask
    people: Mask
    pairs: Mask
    arcs: Longs
    residual: Any


class _Graph:
    """source → classes of slots → (pairs) → classes of people → sink, with whole capacities."""

    def __init__(self, classes: Classes, caps: Floats, scale: int = MOST_SCALE) -> None:
        total = int((classes.slots * classes.places).sum())
        self.scale = max(0, min(scale, 30 - max(total, 1).bit_length()))
        unit = 1 << self.scale
        self.classes = classes
        self.demand = classes.slots * classes.places * unit
        of_arcs = classes.visit_of[classes.slot]
        self.caps = np.ceil(caps * unit).astype(np.int64)
        self.arc_caps = classes.count * self.caps[of_arcs]
        number = int(classes.pair.max(initial=-1)) + 1
        self.pair_caps = np.zeros(number, dtype=np.int64)
        several = classes.pair >= 0
        self.pair_caps[classes.pair[several]] = self.arc_caps[several]
        self.pair_person = np.zeros(number, dtype=np.int64)
        self.pair_person[classes.pair[several]] = classes.person[several]
        # nodes: slots, pairs, people, source, sink
        self.first_pair = len(classes.slots)
        self.first_person = self.first_pair + number
        self.source = self.first_person + len(classes.people)
        self.sink = self.source + 1

    def limits(self, people: Mask) -> Longs:
        """What each class of people can do at most."""
        classes, total = self.classes, int(self.demand.sum())
        own = np.where(classes.capacities == UNLIMITED, total, classes.capacities << self.scale)
        most = np.minimum(classes.people * np.minimum(own, total), total)
        return np.where(people, most, 0)

    def ceilings(self, need: int, people: Mask, base: Longs) -> Longs | None:
        """The lowest common ceiling at which these people can take so much on top of their base."""
        limits = np.maximum(self.limits(people), base)
        count = self.classes.people

        def at(level: int) -> Longs:
            return np.where(people, np.minimum(limits, np.maximum(base, count * level)), base)

        if need > int((limits - base)[people].sum()):
            return None
        low, high = 0, int(self.demand.sum()) + int(base.max(initial=0)) + 1
        while low < high:
            middle = (low + high) // 2
            if int((at(middle) - base).sum()) >= need:
                high = middle
            else:
                low = middle + 1
        return at(low)

    def whole(self) -> _Part:
        """Everything at once."""
        everybody = self.classes.people > 0
        return _Part(
            slots=np.ones(len(self.classes.slots), dtype=bool),
            people=everybody,
            base=np.zeros(len(everybody), dtype=np.int64),
            pair_room=self.pair_caps,
            tied=np.zeros(len(self.pair_caps), dtype=bool),
        )

    def heads(self, arcs: Longs) -> Longs:
        """Where arcs lead: to a pair, or straight to people."""
        classes = self.classes
        pair, person = classes.pair[arcs], classes.person[arcs]
        return np.where(pair >= 0, self.first_pair + pair, self.first_person + person)

    def flow(self, part: _Part, state: npt.NDArray[np.int8], need: Longs, room: Longs) -> _Flow:
        """A maximum flow of what slots need into the room that people have, along free arcs."""
        from scipy.sparse import csr_matrix
        from scipy.sparse.csgraph import breadth_first_order, maximum_flow

        classes = self.classes
        tied = np.append(part.tied, False)[classes.pair]
        usable = part.slots[classes.slot] & (part.people[classes.person] | tied)
        arcs = np.flatnonzero(usable & (state == FREE))
        pairs = np.unique(classes.pair[arcs])
        pairs = pairs[pairs >= 0]
        after_pairs = np.where(
            part.tied[pairs], self.sink, self.first_person + self.pair_person[pairs]
        )
        slots, people = np.flatnonzero(part.slots & (need > 0)), np.flatnonzero(part.people)
        tails = [
            classes.slot[arcs], self.first_pair + pairs,
            np.full(len(slots), self.source), self.first_person + people,
        ]  # fmt: skip
        ends = [self.heads(arcs), after_pairs, slots, np.full(len(people), self.sink)]
        caps = np.concatenate([self.arc_caps[arcs], part.pair_room[pairs], need[slots],
                               room[people]])  # fmt: skip
        tail, end = np.concatenate(tails), np.concatenate(ends)
        size = self.sink + 1
        capacity = csr_matrix(
            (np.minimum(caps, 2**31 - 1).astype(np.int32), (tail, end)), shape=(size, size)
        )
        found = maximum_flow(capacity, self.source, self.sink)
        residual = (capacity - found.flow).tocsr()
        residual.data = np.maximum(residual.data, 0)
        residual.eliminate_zeros()
        reached = np.zeros(size, dtype=bool)
        reached[breadth_first_order(residual, self.source, return_predecessors=False)] = True
        return _Flow(
            value=int(found.flow_value),
            slots=reached[: self.first_pair],
            people=reached[self.first_person : self.source],
            pairs=reached[self.first_pair : self.first_person],
            arcs=arcs,
            residual=residual,
        )

    def cut(self, flow: _Flow, fair: Floats) -> tuple[Floats, Floats]:
        """The arcs and pairs across a cut: how many entries each has, and their fair odds."""
        classes = self.classes
        over = flow.slots[classes.slot]
        direct = (classes.pair < 0) & over & ~flow.people[classes.person]
        entered = (classes.pair >= 0) & over
        entered[entered] = ~flow.pairs[classes.pair[entered]]
        across = direct | entered
        numbers = np.flatnonzero(flow.pairs & ~flow.people[self.pair_person])
        firsts = np.searchsorted(np.sort(classes.pair), numbers)
        pairs = np.argsort(classes.pair, kind="stable")[firsts]
        arcs = np.concatenate([np.flatnonzero(across), pairs])
        return classes.count[arcs].astype(np.float64), fair[classes.visit_of[classes.slot[arcs]]]


def _fix(state: npt.NDArray[np.int8], graph: _Graph, flow: _Flow) -> None:
    """Mark the arcs that have the same flow in every flow with these loads.

    An arc between two strong components of the residual graph lies on no cycle: nothing can change
    along it.
    """
    from scipy.sparse.csgraph import connected_components

    _, component = connected_components(flow.residual, directed=True, connection="strong")
    arcs = flow.arcs
    tails, heads = graph.classes.slot[arcs], graph.heads(arcs)
    fixed = component[tails] != component[heads]
    if fixed.any():
        left = np.asarray(flow.residual[tails[fixed], heads[fixed]]).ravel()
        state[arcs[fixed]] = np.where(left == 0, FULL, EMPTY)


def short_slots(classes: Classes) -> Mask | None:
    """Classes of slots that violate Hall's condition most, or `None` where all can be filled."""
    short, slots = shortfall(classes)
    return slots if short else None


def shortfall(classes: Classes) -> tuple[int, Mask]:
    """How many places cannot be filled at best, and the classes of slots that prove it.

    They are the source's side of the minimal minimum cut, which is the same for every maximum flow.
    """
    graph = _Graph(classes, np.ones(len(classes.slots)), scale=0)
    whole = graph.whole()
    free = np.zeros(len(classes.slot), dtype=np.int8)
    flow = graph.flow(whole, free, graph.demand, graph.limits(whole.people))
    return int(graph.demand.sum()) - flow.value, flow.slots
