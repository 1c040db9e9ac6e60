"""The one rule that turns odds and a seed into teams, the same for every matcher.

Rules enforced here (docs/spec.md, section 2; protocol `randcheck/v1`, frozen):
1. Integers only, from the lowest bit up. At each bit the entries that have it set are linked two by
   two in each slot, and on the other side in each visit of an inspector, then in each inspector,
   then among the inspectors. One coin for each cycle of links decides which half gains the bit.
2. Every slot is filled, nobody is twice in a team, nobody has more visits than the capacity allows,
   and a person's load is the expected one rounded down or up.
3. Each pair goes together with exactly its odds.

Proof. A slot's numerators add up to a multiple of 2^k, so at each bit the number of its active
entries is even and each has one link there; each has one link on the other side, so links form
cycles that alternate between the sides. Along a cycle one half gains 2^b and the other loses it.
(a) A link in a slot joins the halves, so a slot's sum never changes. (b) On the other side a set of
the laminar family visit of a person ⊂ person ⊂ everybody has at most one active entry that is not
linked inside it, so its sum changes by at most 2^b at bit b and is a multiple of 2^(b+1)
afterwards: it ends at its own value rounded down or up to a multiple of 2^k, which neither 2^k
(once in a team) nor capacity · 2^k can be between. (c) A coin is fair, so each numerator is a
martingale, and ends at 2^k with probability numerator / 2^k. The family is a bihierarchy, for
which Budish, Che, Kojima and Milgrom (2013) show that such a lottery exists; the bit by bit
pairing is the derandomised form of dependent rounding on cycles (Gandhi, Khuller, Parthasarathy,
Srinivasan 2006).
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from randcheck.matching.odds import Odds
from randcheck.tickets import field

log = logging.getLogger("randcheck")

Ints = npt.NDArray[np.integer[Any]]


def assign(odds: Odds, purpose_seed: str) -> list[tuple[str, ...]]:
    """The team of each visit of `odds.visits`, ids ascending, from the inspectors' seed (hex)."""
    chosen = members(odds, purpose_seed)
    teams: list[list[str]] = [[] for _ in odds.visits]
    for visit, person in zip(
        odds.visit_of_entries[chosen].tolist(), odds.people[chosen].tolist(), strict=True
    ):
        teams[visit].append(odds.inspectors[person])
    return [tuple(sorted(team)) for team in teams]


def members(odds: Odds, purpose_seed: str) -> npt.NDArray[np.bool_]:
    """Which entries of the table are members of teams, shape `(len(odds.people),)`."""
    log.info("matching: rounding %d odds", len(odds.people))
    return _round(odds, _coins(odds, purpose_seed))


def _coins(odds: Odds, purpose_seed: str) -> Callable[[int, Ints], Ints]:
    """The coins of a draw: for a bit and the positions of leaders, 0 or 1 each."""
    names = [field(name.encode()) for name in odds.visits]
    most = max(len(odds.inspectors) // 256, int(odds.place_in_visit.max(initial=0))) + 1
    numbers = [field(str(number).encode()) for number in range(most)]

    def tossed(bit: int, leaders: Ints) -> Ints:
        start = hashlib.sha256(f"{purpose_seed}:".encode())
        start.update(field(str(bit).encode()))
        slots, people = odds.slot_of_entries[leaders], odds.people[leaders]
        blocks = len(odds.inspectors) // 256 + 1
        known, own = np.unique(slots.astype(np.int64) * blocks + people // 256, return_inverse=True)
        slot, block = np.divmod(known, blocks)
        digests = bytearray()
        for visit, place, number in zip(
            odds.visit_of[slot].tolist(),
            odds.place_in_visit[slot].tolist(),
            block.tolist(),
            strict=True,
        ):
            state = start.copy()
            state.update(names[visit] + numbers[place] + numbers[number])
            digests += state.digest()
        bits = np.unpackbits(np.frombuffer(digests, dtype=np.uint8)).reshape(-1, 256)
        return np.asarray(bits[own, people % 256], dtype=np.int32)

    return tossed


def _round(odds: Odds, tossed: Callable[[int, Ints], Ints]) -> npt.NDArray[np.bool_]:
    """All bits in turn; `tossed` gives the coins of the cycles' leaders."""
    values = odds.numerators.copy()
    mask = (1 << odds.bits) - 1
    pairs = odds.pair_of_entries if len(odds.visits) < len(odds.places) else None
    people = odds.people.astype(np.uint16 if len(odds.inspectors) <= 1 << 16 else np.int32)
    live = np.flatnonzero(values & mask).astype(np.int32)
    used = int(np.bitwise_or.reduce(values[live], initial=0)) & mask  # no bit below its lowest
    for bit in range((used & -used).bit_length() - 1 if used else odds.bits, odds.bits):
        active = live[(values[live] >> bit) & 1 == 1]
        if len(active):
            partner = _partners(people[active], None if pairs is None else pairs[active])
            halves, leaders = _halves(partner)
            up = tossed(bit, active[leaders])
            # `halves` numbers the cycles, twice each: 2c for the leader's half, 2c + 1 for the
            # other
            gain = np.column_stack((up, 1 - up)).ravel()
            values[active] += ((2 * gain - 1) << bit)[halves]
            live = live[(values[live] & mask) != 0]
    return np.asarray(values == 1 << odds.bits)


def _partners(people: Ints, pairs: Ints | None) -> npt.NDArray[np.int32]:
    """The link of each active entry on the inspectors' side, as positions among the active.

    The entries come in table order: by visit, slot, inspector. `pairs` numbers the pairs of visit
    and inspector that have several entries.
    """
    partner = np.full(len(people), -1, dtype=np.int32)
    if pairs is not None:
        several = np.flatnonzero(pairs >= 0).astype(np.int32)
        several = several[np.argsort(pairs[several], kind="stable")]
        _link(several, pairs[several], partner)
    waiting = np.argsort(people, kind="stable").astype(np.int32)
    if pairs is not None:
        waiting = waiting[partner[waiting] < 0]
    waiting = _link(waiting, people[waiting], partner)
    _link(waiting, np.zeros(len(waiting), dtype=np.int8), partner)
    return partner


def _link(waiting: Ints, group: Ints, partner: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Link neighbours of the same group two by two; the last of each odd group, which waits on."""
    ends = np.flatnonzero(np.append(group[1:] != group[:-1], True)) if len(group) else group
    sizes = np.diff(ends, prepend=-1)
    left = ends[sizes % 2 == 1]
    linked = np.delete(waiting, left)
    partner[linked[0::2]] = linked[1::2]
    partner[linked[1::2]] = linked[0::2]
    return np.asarray(waiting[left], dtype=np.int32)


def _halves(partner: npt.NDArray[np.int32]) -> tuple[Ints, Ints]:
    """The half of each active entry, and the leader of each cycle.

    In a slot the active entries are linked as 0-1, 2-3, …, since the number is even in each slot.
    To go along both links is a permutation, whose orbits are the halves of the cycles.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    size = len(partner)
    along = partner ^ 1
    graph = csr_array(
        (np.ones(size, dtype=np.int8), along, np.arange(size + 1, dtype=np.int32)),
        shape=(size, size),
    )
    count, orbit = connected_components(graph, directed=True, connection="strong")
    first = np.empty(count, dtype=np.int64)
    first[orbit[::-1]] = np.arange(size)[::-1]  # the last one written is the first entry
    other = first[orbit[first ^ 1]]
    leads = first < other
    leaders = first[leads]
    number = np.empty(count, dtype=np.int32)
    number[leads] = 2 * np.arange(len(leaders))
    number[orbit[leaders ^ 1]] = 2 * np.arange(len(leaders)) + 1
    return number[orbit], leaders
