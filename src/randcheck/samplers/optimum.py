"""The units that matter most: a total shared among strata, exactly, for a million strata.

Rules enforced here:
1. Each stratum's units come in order, and each has a key that is lower than the one before; the
   answer is the `total` units with the largest keys beyond the minimums. For a sum of convex terms
   that is the exact optimum (Wright 2012, 2014; Friedrich, Münnich, de Vries & Wagner 2015, whose
   box constraints these are), and for the largest of falling terms as well.
2. Floats only find the threshold. Units within a millionth of it are ordered by exact keys, and
   every other is a hundred times further from it than a float can err.
3. Equal keys: the earlier stratum comes first.

The first unit of a stratum that is nobody's yet comes before all others: without it nothing can be
said of the stratum. Strata of weight 0 come last, the earlier first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import field, frozen

from randcheck.errors import ParameterError

#: Whole numbers of units, one for each stratum.
Counts = npt.NDArray[np.int64]

#: How near to the threshold a unit may be before its exact key is asked.
WINDOW = 1e-6

#: The least proportion of two weights; floats have no room for less.
FAINTEST = 1e-100


def _whole(values: Sequence[int] | Counts) -> Counts:
    return np.asarray(values, dtype=np.int64)


def _names(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(values)


@frozen(eq=False)
class Strata:
    """The parts that share a total: their names, sizes, and the box of their counts.

    `names` are what a rule knows a stratum by, such as its risk class; they may repeat. `minimums`
    are 0 and `maximums` the sizes unless given. Raises `ParameterError` for an empty box.
    """

    names: tuple[str, ...] = field(converter=_names)
    sizes: Counts = field(converter=_whole)
    minimums: Counts = field(converter=_whole)
    maximums: Counts = field(converter=_whole)

    @classmethod
    def of(
        cls,
        names: Sequence[str],
        sizes: Sequence[int],
        minimums: Sequence[int] | None = None,
        maximums: Sequence[int] | None = None,
    ) -> Strata:
        """Strata whose box is the sizes unless said otherwise."""
        lowest = [0] * len(sizes) if minimums is None else minimums
        strata = cls(names, sizes, lowest, sizes if maximums is None else maximums)
        wrong = (
            (strata.minimums < 0)
            | (strata.minimums > strata.maximums)
            | (strata.maximums > strata.sizes)
        )
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            box = [int(each[row]) for each in (strata.minimums, strata.maximums, strata.sizes)]
            raise ParameterError(
                "Strata",
                f"from {box[0]} to {box[1]} of {box[2]}",
                f"is an empty box, in stratum {row} ({strata.names[row]!r})"
                + (f" and {int(wrong.sum()) - 1} more" if wrong.sum() > 1 else ""),
                "the minimum must not exceed the maximum, nor that the size",
            )
        return strata

    def __len__(self) -> int:
        return len(self.names)

    def kinds(self) -> tuple[list[tuple[str, int]], Counts]:
        """The distinct pairs of name and size, and which one each stratum is."""
        codes: dict[str, int] = {}
        code = np.array([codes.setdefault(name, len(codes)) for name in self.names], dtype=np.int64)
        pairs = np.stack([code, self.sizes], axis=1) if len(self) else np.empty((0, 2), np.int64)
        distinct, kind_of = np.unique(pairs, axis=0, return_inverse=True)
        names = list(codes)
        return [(names[c], size) for c, size in distinct.tolist()], kind_of.reshape(-1)

    def check(self, total: int) -> None:
        """`ParameterError` when no counts in the box add up to the total."""
        most, least = int(self.maximums.sum()), int(self.minimums.sum())
        if total > most:
            whole = most == int(self.sizes.sum())
            room = f"the {most} subjects there are" if whole else f"the maximums of {most} together"
            remedy = "lower the total" if whole else "lower the total or raise the maximums"
            raise ParameterError("total", str(total), f"is {total - most} more than {room}", remedy)
        if total < least:
            raise ParameterError(
                "total",
                str(total),
                f"is {least - total} less than the floors of {least} together",
                "raise the total or lower the floors",
            )


@frozen
class Keys:
    """What a further unit is worth.

    `weights` gives each kind of stratum (see `Strata.kinds`) an exact weight, for the order of
    first units; a kind of weight 0 comes last. `exact(kind, unit)` is the key of a unit from the
    second on, exactly, in any scale that keeps the order; `count(threshold, scales, sizes)` how
    many units have a key above a threshold, in floats, where `scales` are the weights as floats.
    """

    weights: Sequence[Fraction]
    scales: Sequence[float]
    exact: Callable[[int, int], Fraction]
    count: Callable[[float, Any, Any], Any]


def count_of_variance(threshold: float, scales: Any, sizes: Any) -> Any:
    """Units whose key scale / (n (n - 1)) exceeds the threshold: the gain in Σ scale / n."""
    return np.floor((1 + np.sqrt(1 + 4 * (scales / threshold))) / 2)


def count_of_worst(threshold: float, scales: Any, sizes: Any) -> Any:
    """Units whose key scale (1 / (n - 1) - 1 / N) exceeds the threshold: what it is before them."""
    return np.ceil(1 / (threshold / scales + 1 / sizes))


def largest(total: int, strata: Strata, keys: Keys) -> list[int]:
    """The counts that hold the `total` units with the largest keys, within the box."""
    strata.check(total)
    _, kind_of = strata.kinds()
    counts = strata.minimums.copy()
    left = total - int(counts.sum())
    heavy = np.array([weight > 0 for weight in keys.weights], dtype=bool)[kind_of]
    first = np.flatnonzero(heavy & (counts == 0) & (strata.maximums > 0))
    if left < len(first):
        rank = _ranks([-weight for weight in keys.weights])[kind_of[first]]
        counts[first[np.lexsort((first, rank))[:left]]] = 1
        return [int(count) for count in counts.tolist()]
    counts[first] = 1
    left -= len(first)
    open_ = np.flatnonzero(heavy & (counts < strata.maximums))
    if left >= int((strata.maximums - counts)[open_].sum()):
        counts[open_] = strata.maximums[open_]
        left = total - int(counts.sum())
        for row in np.flatnonzero(counts < strata.maximums).tolist():
            given = min(left, int(strata.maximums[row] - counts[row]))
            counts[row] += given
            left -= given
    elif left:
        counts[open_] = _above(left, open_, counts, strata, keys, kind_of)
    return [int(count) for count in counts.tolist()]


def _above(
    left: int, rows: Counts, counts: Counts, strata: Strata, keys: Keys, kind_of: Counts
) -> Counts:
    """The counts of some strata after the `left` units with the largest keys."""
    least, most = counts[rows], strata.maximums[rows]
    kinds = kind_of[rows]
    scales = np.asarray(keys.scales, dtype=np.float64)[kinds]
    sizes = strata.sizes[rows].astype(np.float64)
    if scales.min() < FAINTEST * scales.max():
        raise ParameterError(
            "weights", f"{scales.max():.3g}", "is beyond all proportion to others", "give others 0"
        )

    def above(threshold: float) -> Counts:
        wanted = np.clip(keys.count(threshold, scales, sizes), least, most)
        return np.asarray(wanted, dtype=np.int64)

    total = left + int(least.sum())
    high = float(scales.max()) * 2
    low = float(scales.min()) / (2 * float(most.max()) ** 2 * float(sizes.max()))
    while high > low * (1 + WINDOW / 10):
        middle = float(np.sqrt(high) * np.sqrt(low))
        if int(above(middle).sum()) > total:
            low = middle
        else:
            high = middle
    sure, possible = above(high * (1 + WINDOW)), above(low * (1 - WINDOW))
    at = np.repeat(np.arange(len(rows)), possible - sure)
    begin = np.cumsum(possible - sure) - (possible - sure)
    unit = sure[at] + 1 + np.arange(len(at)) - begin[at]
    pairs, pair_of = np.unique(np.stack([kinds[at], unit], axis=1), axis=0, return_inverse=True)
    exact = _ranks([-keys.exact(kind, number) for kind, number in pairs.tolist()])
    order = np.lexsort((at, exact[pair_of.reshape(-1)]))
    chosen = at[order[: total - int(sure.sum())]]
    return np.asarray(sure + np.bincount(chosen, minlength=len(rows)), dtype=np.int64)


def _ranks(values: Sequence[Fraction]) -> Counts:
    """The place of each value among the distinct ones, ascending."""
    place = {value: rank for rank, value in enumerate(sorted(set(values)))}
    return np.array([place[value] for value in values], dtype=np.int64)
