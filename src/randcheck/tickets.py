"""Seeds, tickets and their order: the dice, the same for every strategy.

Rules enforced here (protocol `randcheck/v1`, frozen):
1. field(x) = the length of x as 8 bytes, big-endian, then x.
2. seed = SHA-256(field("randcheck/v1") field(task id) field(commitment's SHA-256, 32 bytes)
   field(public randomness)).
3. purpose seed = lower-case hex of SHA-256(field(purpose) field(seed)), with the purposes
   "subjects" and "inspectors".
4. ticket(id) = SHA-256(purpose seed, ":", id), so that anyone recomputes one with `sha256sum`.
5. The order is ascending by ticket as a 256-bit number, then by the id's bytes.

A ticket depends on no other subject. The idea of ticket numbers is Rivest's consistent sampling.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from math import isqrt
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

PROTOCOL = "randcheck/v1"

Objects = npt.NDArray[np.object_]

#: A ticket's bytes and the position of its subject in the order of ids.
Ticket = tuple[bytes, int]

#: How many ids are fetched at a time.
CHUNK = 2048

#: Above every ticket: 33 bytes, all ones.
_NO_BOUND = b"\xff" * 33


def field(data: bytes) -> bytes:
    """The length of `data` as 8 bytes big-endian, then `data`."""
    return len(data).to_bytes(8, "big") + data


def seed(task_id: str, commitment: str, randomness: str) -> str:
    """The seed of a draw, lower-case hex; `commitment` is the hex SHA-256 of the commitment."""
    parts = (PROTOCOL.encode(), task_id.encode(), bytes.fromhex(commitment), randomness.encode())
    return hashlib.sha256(b"".join(map(field, parts))).hexdigest()


def purpose_seed(seed: str, purpose: str) -> str:
    """The seed for one purpose, `"subjects"` or `"inspectors"`, lower-case hex."""
    return hashlib.sha256(field(purpose.encode()) + field(bytes.fromhex(seed))).hexdigest()


def ticket(purpose_seed: str, subject_id: str) -> str:
    """The ticket of an id, lower-case hex: `printf '%s' "$SEED:$ID" | sha256sum`."""
    return hashlib.sha256(f"{purpose_seed}:{subject_id}".encode()).hexdigest()


def lowest(
    purpose_seed: str,
    ids: Objects,
    patterns: Sequence[Sequence[int]],
    pattern_of: npt.NDArray[Any],
    sizes: Sequence[int],
    counts: Sequence[int],
) -> list[list[Ticket]]:
    """For each cell its `counts[cell]` lowest tickets, in order.

    `ids` ascend by their bytes; `patterns[pattern_of[k]]` are the cells of `ids[k]`; `sizes` are
    the cells' sizes. Each id is hashed once, whatever the number of its cells. Only tickets below
    a bound a little above the expected last one are kept and sorted; a cell where the bound let
    too few through is done again without one, so the bound never shows in the result.
    """
    counts = [min(count, size) for count, size in zip(counts, sizes, strict=True)]
    bounds = [_bound(count, size) for count, size in zip(counts, sizes, strict=True)]
    while True:
        found = _below(purpose_seed, ids, patterns, pattern_of, bounds)
        short = [cell for cell, count in enumerate(counts) if len(found[cell]) < count]
        if not short:
            for each in found:  # a stable sort: equal tickets stay in the order of ids
                each.sort(key=itemgetter(0))
            return [each[:count] for each, count in zip(found, counts, strict=True)]
        for cell in short:
            bounds[cell] = _NO_BOUND


def _bound(count: int, size: int) -> bytes:
    """A bound that more than `count` of `size` tickets are below, but for one draw in 10^9."""
    if count == 0:
        return b""
    generous = count + 6 * isqrt(count) + 20
    if generous >= size:
        return _NO_BOUND
    return ((generous << 256) // size).to_bytes(32, "big")


def _below(
    purpose_seed: str,
    ids: Objects,
    patterns: Sequence[Sequence[int]],
    pattern_of: npt.NDArray[Any],
    bounds: Sequence[bytes],
) -> list[list[Ticket]]:
    """For each cell its tickets below its bound, with positions, in the order of ids.

    A digest is compared with the highest bound of its cells first; few pass and are sorted out.
    """
    highest = [max((bounds[cell] for cell in cells), default=b"") for cells in patterns]
    start = hashlib.sha256(f"{purpose_seed}:".encode()).copy
    if len(set(highest)) == 1:
        kept = _below_one(ids, start, highest[0])
    else:
        kept = _below_own(ids, start, np.array([*highest, None], dtype=object)[pattern_of])
    found: list[list[Ticket]] = [[] for _ in bounds]
    owners = pattern_of[[position for _, position in kept]].tolist() if kept else []
    for entry, owner in zip(kept, owners, strict=True):
        for cell in patterns[owner]:
            if entry[0] < bounds[cell]:
                found[cell].append(entry)
    return found


def _below_one(ids: Objects, start: Callable[[], Any], bound: bytes) -> list[Ticket]:
    """The tickets below one bound. This loop and the next are the hot ones.

    Both go by chunks that stay in the processor's cache.
    """
    kept = []
    for first in range(0, len(ids), CHUNK):
        for position, name in enumerate(ids[first : first + CHUNK].tolist(), start=first):
            state = start()
            state.update(name.encode())
            digest = state.digest()
            if digest < bound:
                kept.append((digest, position))
    return kept


def _below_own(ids: Objects, start: Callable[[], Any], bounds: Objects) -> list[Ticket]:
    """The tickets below a bound of each id's own."""
    kept = []
    for first in range(0, len(ids), CHUNK):
        chunk = slice(first, first + CHUNK)
        positions = range(first, len(ids))
        for name, bound, position in zip(
            ids[chunk].tolist(), bounds[chunk].tolist(), positions, strict=False
        ):
            state = start()
            state.update(name.encode())
            digest = state.digest()
            if digest < bound:
                kept.append((digest, position))
    return kept
