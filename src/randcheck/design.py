"""Cells, how many to take from each, and the odds sheet that publishes both.

Rules enforced here:
1. Every subject of the frame is in exactly one cell for each item that applies to it.
2. A cell gives a whole number of subjects, at most its size; nothing is taken from nothing.
3. A design is complete before any randomness exists; nothing here knows of tickets.
4. The odds sheet is a line of canonical JSON for the cells, then one a subject, by id bytes.

A subject's cells follow a pattern, and patterns are few: a design keeps them once.
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_left
from collections.abc import Container, Iterable, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import chain, repeat
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import evolve, field, frozen

from randcheck import canonical, dataframes
from randcheck.errors import DesignError, ParameterError, Problem, UnknownNameError, shorten
from randcheck.frame import Frame
from randcheck.rates import parse_count
from randcheck.table import Objects, Positions
from randcheck.tickets import PROTOCOL

#: How many lines of a sheet are joined before they are encoded.
CHUNK = 1 << 16

_NONE = -1


def _as_members(members: Any) -> npt.NDArray[Any]:
    array = members if isinstance(members, np.ndarray) else np.array(list(members), dtype=object)
    kinds = set(map(type, array.tolist())) if array.dtype == object else set()
    if kinds in ({bool}, {int}):  # a mask, or positions, as a plain list
        return array.astype(kinds.pop())
    return array


def _as_items(items: Iterable[str] | None) -> tuple[str, ...] | None:
    return (items,) if isinstance(items, str) else None if items is None else tuple(items)


@frozen(eq=False)
class Cell:
    """A part of the frame for some items, and how many are taken from it.

    `members` is a boolean mask over the frame, or ids, or positions in the frame as integers;
    `items` are the items that share this cell, `None` for all that apply to a member. The name, and
    `why` so many are taken, are for people and stay inside: the odds sheet shows a number. In a
    finished design `members` are positions, ascending.
    """

    take: int
    members: npt.NDArray[Any] = field(converter=_as_members, repr=lambda array: f"<{len(array)}>")
    items: tuple[str, ...] | None = field(default=None, converter=_as_items)
    name: str | None = None
    why: str = field(default="", repr=False)

    @property
    def size(self) -> int:
        """How many subjects are in the cell."""
        is_mask = self.members.dtype == bool
        return int(np.count_nonzero(self.members)) if is_mask else len(self.members)

    @property
    def rate(self) -> Fraction:
        """The realised sampling fraction, `take / size`; 0 in an empty cell."""
        return Fraction(self.take, self.size) if self.size else Fraction(0)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Cell):
            return NotImplemented
        mine, theirs = (self.take, self.items, self.name), (other.take, other.items, other.name)
        return mine == theirs and np.array_equal(self.members, other.members)

    def __hash__(self) -> int:
        return hash((self.take, self.items, self.name, self.size))


class Design:
    """How many are taken from which part of the frame: the whole odds of a draw.

    `patterns[pattern_of[k]]` holds, for each item, the number of the cell that subject `ids[k]` is
    in, and -1 where the item does not apply. Make one with `from_cells`.
    """

    def __init__(
        self,
        task_id: str,
        items: tuple[str, ...],
        ids: Objects,
        cells: tuple[Cell, ...],
        patterns: npt.NDArray[np.int32],
        pattern_of: Positions,
    ) -> None:
        self.task_id = task_id
        self.items = items
        self.ids = ids
        self.cells = cells
        self.patterns = patterns
        self.pattern_of = pattern_of

    @classmethod
    def from_cells(cls, frame: Frame, cells: Iterable[Cell]) -> Design:
        """A design from cells, numbered in the order given.

        Raises `DesignError` that lists everything wrong: a member twice or unknown, a subject in
        two cells or in none for an item that applies to it, a count that a cell cannot give.
        """
        given = list(cells)
        problems: list[Problem] = []
        assignment = np.full((len(frame.items), len(frame)), _NONE, dtype=np.int32)
        finished = []
        index: dict[str, int] = {}
        for number, cell in enumerate(given):
            members = _positions(frame, index, cell, number, problems)
            _check_take(cell, len(members), number, problems)
            _assign(frame, cell, members, number, assignment, problems)
            members.flags.writeable = False
            finished.append(evolve(cell, members=members))
        for row, item in enumerate(frame.items):
            lost = np.flatnonzero(frame.eligible(item) & (assignment[row] == _NONE))
            if len(lost):
                remedy = f"put everybody to whom {item!r} applies into a cell"
                problems.append(_named(None, "members", frame, lost, "are in no cell", remedy))
        if problems:
            raise DesignError(frame.task_id, problems)
        patterns, pattern_of = _patterns(assignment, len(given))
        return cls(frame.task_id, frame.items, frame.ids, tuple(finished), patterns, pattern_of)

    def with_takes(self, takes: Sequence[int]) -> Design:
        """The same cells with other counts, one for each; `DesignError` for what a cell lacks."""
        problems: list[Problem] = []
        cells = []
        for number, (cell, take) in enumerate(zip(self.cells, takes, strict=True)):
            cells.append(evolve(cell, take=take))
            _check_take(cells[-1], cell.size, number, problems)
        if problems:
            raise DesignError(self.task_id, problems)
        return Design(
            self.task_id, self.items, self.ids, tuple(cells), self.patterns, self.pattern_of
        )

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        taken = sum(cell.take for cell in self.cells)
        return f"<Design of {len(self.cells)} cells over {len(self)} subjects, Σ take {taken}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Design):
            return NotImplemented
        return self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    # --- the odds sheet ------------------------------------------------------------------------

    def to_bytes(self) -> bytes:
        """The odds sheet: canonical JSON lines, UTF-8, each ended by a newline."""
        header = {
            "cells": [[cell.size, cell.take] for cell in self.cells],
            "items": list(self.items),
            "protocol": PROTOCOL,
            "task_id": self.task_id,
        }
        pieces = [canonical.dumps(header), b"\n"]
        endings = np.array(
            [
                f",[{','.join('null' if cell == _NONE else str(cell) for cell in pattern)}]]\n"
                for pattern in self.patterns.tolist()
            ],
            dtype=object,
        )
        for start in range(0, len(self), CHUNK):
            rows = slice(start, start + CHUNK)
            names = map(canonical.quote, self.ids[rows])
            lines = zip(repeat("["), names, endings[self.pattern_of[rows]].tolist())
            pieces.append("".join(chain.from_iterable(lines)).encode())
        return b"".join(pieces)

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the odds sheet, lower-case hex: what `sha256sum` says of the file."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    # --- the odds ------------------------------------------------------------------------------

    def cells_of(self, subject_id: str) -> dict[str, int]:
        """The cell number for each item that applies to a subject."""
        pattern = self.patterns[self.pattern_of[self._position(subject_id)]].tolist()
        return {item: cell for item, cell in zip(self.items, pattern, strict=True) if cell != _NONE}

    def inclusion_probability(self, subject_id: str, item: str | None = None) -> Fraction:
        """The probability that a subject is drawn for an item, exactly: take / size of its cell.

        0 for an item that does not apply. The item may be left out where all items of the subject
        share one cell; `ParameterError` where they do not.
        """
        cells = self.cells_of(subject_id)
        if item is not None:
            if item not in self.items:
                raise UnknownNameError("item", (item,), self.items)
            return self.cells[cells[item]].rate if item in cells else Fraction(0)
        if len(set(cells.values())) > 1:
            raise ParameterError(
                "item",
                "None",
                f"is not clear: {subject_id!r} is in several cells",
                f"name one of {', '.join(cells)}",
            )
        return self.cells[next(iter(cells.values()))].rate

    def visit_bounds(self, subject_id: str) -> tuple[Fraction, Fraction]:
        """The bounds of a visit's own probability: the largest, and the sum cut at 1.

        Over the items' cells, each counted once: items that share a cell are drawn together. With
        shared tickets the truth is close to the largest (Fréchet's bounds for a union).
        """
        rates = [self.cells[cell].rate for cell in set(self.cells_of(subject_id).values())]
        return max(rates), min(Fraction(1), sum(rates, Fraction(0)))

    @cached_property
    def visit_bound(self) -> Fraction:
        """The least possible expected number of visits: Σ over subjects of their largest rate."""
        return self.visit_bound_of(range(len(self.cells)))

    def visit_bound_of(self, cells: Container[int]) -> Fraction:
        """The same for the visits that some of the cells make, by their numbers."""
        rates = [cell.rate if n in cells else Fraction(0) for n, cell in enumerate(self.cells)]
        counts = np.bincount(self.pattern_of, minlength=len(self.patterns)).tolist()
        largest = [
            max(rates[cell] for cell in row if cell != _NONE) for row in self.patterns.tolist()
        ]
        return sum((n * rate for n, rate in zip(counts, largest, strict=True)), Fraction(0))

    def expected_visits(self, draws: int = 100, seed: int = 0) -> tuple[float, float]:
        """The expected number of visits by simulation: the mean, and its standard error.

        An estimate, for planning; it decides nothing. `draws` simulated draws with 64-bit tickets.
        """
        if parse_count(draws, "draws") < 2:
            raise ParameterError("draws", str(draws), "is too few", "give at least 2")
        counts = self.simulated_visits(draws, seed)
        mean = sum(counts) / draws
        variance = sum((count - mean) ** 2 for count in counts) / (draws - 1)
        return mean, math.sqrt(variance / draws)

    def simulated_visits(
        self, draws: int, seed: int = 0, cells: Container[int] | None = None
    ) -> list[int]:
        """How many visits each of some simulated draws makes, or makes for some of the cells.

        The tickets are the generator's raw bits, so the numbers are the same on every machine.
        """
        bits = np.random.PCG64(seed)
        chosen = [cell for n, cell in enumerate(self.cells) if cells is None or n in cells]
        drawn = (self.taken(bits.random_raw(len(self)), chosen) for _ in range(draws))
        return [int(np.count_nonzero(taken)) for taken in drawn]

    def taken(
        self, tickets: npt.NDArray[np.uint64], cells: Iterable[Cell] | None = None
    ) -> npt.NDArray[np.bool_]:
        """Whom some or all of the cells take if these numbers, all different, were the tickets."""
        taken = np.zeros(len(self), dtype=bool)
        for cell in self.cells if cells is None else cells:
            if cell.take:
                chosen = np.argpartition(tickets[cell.members], cell.take - 1)[: cell.take]
                taken[cell.members[chosen]] = True
        return taken

    def to_dataframe(self, backend: dataframes.Backend = "pandas") -> Any:
        """One row a cell: `cell`, `name`, `items`, `size`, `take`, `rate` (exact text), `why`."""
        columns: dict[str, list[Any]] = {
            "cell": list(range(len(self.cells))),
            "name": [cell.name for cell in self.cells],
            "items": [list(cell.items or self.items) for cell in self.cells],
            "size": [cell.size for cell in self.cells],
            "take": [cell.take for cell in self.cells],
            "rate": [str(cell.rate) for cell in self.cells],
            "why": [cell.why for cell in self.cells],
        }
        types = {"cell": "int", "items": "texts", "size": "int", "take": "int"}
        return dataframes.build(columns, {n: types.get(n, "text") for n in columns}, backend)

    def _position(self, subject_id: str) -> int:
        row = bisect_left(self.ids, subject_id)
        if row == len(self.ids) or self.ids[row] != subject_id:
            raise UnknownNameError("subject in the frame", (subject_id,), ())
        return row


def _positions(
    frame: Frame, index: dict[str, int], cell: Cell, number: int, problems: list[Problem]
) -> Positions:
    """A cell's members as ascending positions in the frame, each once.

    `index` is filled when ids are first looked up, and serves all cells of a design.
    """
    members = cell.members
    if members.dtype == bool:
        if len(members) != len(frame):
            problems.append(
                Problem(number, "members", f"a mask of {len(members)}", "does not fit the frame",
                        f"give {len(frame)} values")
            )  # fmt: skip
            return np.zeros(0, dtype=np.int32)
        return np.flatnonzero(members).astype(np.int32)
    if np.issubdtype(members.dtype, np.integer):
        positions = members.astype(np.int64)
        outside = positions[(positions < 0) | (positions >= len(frame))].tolist()
    else:
        if not index:
            index.update((name, position) for position, name in enumerate(frame.ids))
        positions = np.array([index.get(name, _NONE) for name in members], dtype=np.int64)
        outside = members[positions == _NONE].tolist()
    if outside:
        problems.append(
            Problem(number, "members", shorten(outside), "are not in the frame", "leave them out")
        )
        return np.zeros(0, dtype=np.int32)
    if len(positions) < 2 or (np.diff(positions) > 0).all():
        return np.asarray(positions, dtype=np.int32)
    ascending, times = np.unique(positions, return_counts=True)
    if len(ascending) < len(positions):
        twice = ascending[times > 1]
        problems.append(
            _named(number, "members", frame, twice, "are listed twice", "list each once")
        )
    return ascending.astype(np.int32)


def _check_take(cell: Cell, size: int, number: int, problems: list[Problem]) -> None:
    if type(cell.take) is not int or cell.take < 0:
        problems.append(
            Problem(
                number, "take", shorten(cell.take), "is not a whole number from 0", "give an int"
            )
        )
    elif cell.take > size:
        where = "an empty cell" if size == 0 else f"a cell of {size}"
        remedy = f"take at most {size}, or check who is in the cell"
        problems.append(
            Problem(number, "take", str(cell.take), f"cannot be taken from {where}", remedy)
        )


def _assign(
    frame: Frame,
    cell: Cell,
    members: Positions,
    number: int,
    assignment: npt.NDArray[np.int32],
    problems: list[Problem],
) -> None:
    """Write the cell's number for its members and items; report what cannot be."""
    unknown = [item for item in cell.items or () if item not in frame.items]
    if unknown:
        remedy = f"items are {', '.join(frame.items)}"
        problems.append(Problem(number, "items", shorten(unknown), "are not the task's", remedy))
    concerned = np.zeros(len(members), dtype=bool)
    for row, item in enumerate(frame.items):
        if cell.items is not None and item not in cell.items:
            continue
        applies = frame.eligible(item)[members]
        chosen = members[applies]
        clash = chosen[assignment[row, chosen] != _NONE]
        if len(clash):
            reason = f"are in another cell for {item!r} already"
            remedy = "put each into one cell for an item"
            problems.append(_named(number, "members", frame, clash, reason, remedy))
        assignment[row, chosen] = number
        concerned |= applies
    if not concerned.all() and not unknown:
        idle = members[~concerned]
        reason = "have no item of this cell that applies to them"
        problems.append(_named(number, "members", frame, idle, reason, "leave them out"))


def _named(
    number: int | None, column: str, frame: Frame, rows: Any, reason: str, remedy: str
) -> Problem:
    first = ", ".join(frame.ids[row] for row in rows[:3])
    shown = f"{first} … ({len(rows)} in all)" if len(rows) > 3 else first
    return Problem(number, column, shown, reason, remedy)


def _patterns(
    assignment: npt.NDArray[np.int32], cells: int
) -> tuple[npt.NDArray[np.int32], Positions]:
    """The distinct columns of an items × subjects table, and which one each subject has."""
    items, subjects = assignment.shape
    if subjects == 0:  # an item that applies to nobody
        return np.empty((0, items), dtype=np.int32), np.empty(0, dtype=np.int32)
    number = np.zeros(subjects, dtype=np.int64)
    first = np.zeros(1, dtype=np.int64)
    for row in assignment:
        number = number * (cells + 1) + (row + 1)
        if len(first) * (cells + 1) <= 4 * subjects + 1000:
            present = np.zeros(len(first) * (cells + 1), dtype=bool)
            present[number] = True
            number = (np.cumsum(present) - 1)[number]
        else:
            number = np.unique(number, return_inverse=True)[1].reshape(-1)
        first = np.empty(int(number.max()) + 1, dtype=np.int64)
        first[number[::-1]] = np.arange(subjects)[::-1]
    return np.ascontiguousarray(assignment[:, first].T), number.astype(np.int32)
