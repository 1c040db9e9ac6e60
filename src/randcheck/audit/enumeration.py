"""Exact probabilities of a procedure whose few inputs can all be tried.

Rules enforced here:
1. Every input is equally likely; one that is given twice counts twice.
2. Probabilities are fractions: a count of inputs over their number.
3. A pair is two different firms; a firm that is never drawn is together with nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from attrs import field, frozen

from randcheck.audit.history import split
from randcheck.audit.report import Ints, Mask, name_some
from randcheck.audit.samples import PastSample
from randcheck.errors import ParameterError, UnknownNameError
from randcheck.fields import FrozenMapping

#: How many rows of the table of pairs are counted at once.
ROWS = 512


@frozen(eq=False)
class Enumerated:
    """All that a procedure can do: `samples` different ones from `inputs` equally likely inputs.

    `inclusion` gives each firm's exact inclusion probability; `never` and `always` are the firms
    with 0 and 1, in the pool's order.
    """

    pool: tuple[str, ...] = field(repr=lambda ids: f"<{len(ids)}>")
    inputs: int
    samples: int
    inclusion: Mapping[str, Fraction] = field(repr=False)
    _places: Mapping[str, int] = field(repr=False)
    _taken: Mask = field(repr=False)
    _times: Ints = field(repr=False)

    @property
    def never(self) -> tuple[str, ...]:
        """Who can never be drawn."""
        return tuple(name for name in self.pool if self.inclusion[name] == 0)

    @property
    def always(self) -> tuple[str, ...]:
        """Who must always be drawn."""
        return tuple(name for name in self.pool if self.inclusion[name] == 1)

    def joint(self, one: str, other: str) -> Fraction:
        """The exact probability that both are drawn. Raises `UnknownNameError` for a stranger."""
        for name in (one, other):
            if name not in self._places:
                raise UnknownNameError("firm", (name,), self.pool)
        both = self._taken[:, self._places[one]] & self._taken[:, self._places[other]]
        return Fraction(int(self._times[both].sum()), self.inputs)

    @property
    def pairs(self) -> int:
        """How many pairs of firms there are."""
        return len(self.pool) * (len(self.pool) - 1) // 2

    @property
    def never_together(self) -> int:
        """How many pairs of firms can never be drawn together."""
        floats = self._taken.astype(np.float32)
        apart = 0
        for first in range(0, len(self.pool), ROWS):
            block = floats[:, first : first + ROWS].T @ floats == 0
            apart += int(np.triu(block, first + 1).sum())
        return apart

    def __str__(self) -> str:
        values = sorted(set(self.inclusion.values()))
        odds = ", ".join(map(str, values)) if len(values) <= 5 else f"{values[0]} to {values[-1]}"
        lines = [
            f"{self.inputs} inputs give {self.samples} different samples of {len(self.pool)} firms",
            f"inclusion probabilities: {odds}",
            f"never drawn: {len(self.never)}" + (f" ({name_some(self.never)})" * bool(self.never)),
            f"always drawn: {len(self.always)}"
            + (f" ({name_some(self.always)})" * bool(self.always)),
            f"never together: {self.never_together} of {self.pairs} pairs",
        ]
        return "\n".join(lines)


def enumerate_procedure(
    procedure: Callable[[tuple[str, ...], int, Any], Any],
    pool: Iterable[str],
    count: int,
    inputs: Iterable[Any],
) -> Enumerated:
    """Try `procedure(pool, count, input)` with every input, each as likely as any other.

    For a fixed skip the inputs are its possible starts; in general, all that chance may bring. The
    procedure gives ids, or a pair of ids and teams. Raises `ParameterError` for no input, and for
    what is no list of ids of the pool.
    """
    ids = PastSample(pool, ()).pool
    places = {name: place for place, name in enumerate(ids)}
    found: Counter[bytes] = Counter()
    for value in inputs:
        drawn, _ = split(procedure(ids, count, value))
        mask = np.zeros(len(ids), dtype=bool)
        mask[[places[name] for name in PastSample(ids, drawn).drawn]] = True
        found[mask.tobytes()] += 1
    total = found.total()
    if not total:
        raise ParameterError("inputs", "[]", "is empty", "give every equally likely input")
    taken = np.frombuffer(b"".join(found), dtype=bool).reshape(len(found), len(ids))
    times = np.array([*found.values()], dtype=np.int64)
    sums = (times @ taken).tolist()
    return Enumerated(
        pool=ids,
        inputs=total,
        samples=len(found),
        inclusion=FrozenMapping(
            {name: Fraction(value, total) for name, value in zip(ids, sums, strict=True)}
        ),
        places=places,
        taken=taken,
        times=times,
    )
