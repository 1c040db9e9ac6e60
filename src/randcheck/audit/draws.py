"""Which firms were drawn: never, always, too often, together, too evenly.

Rules enforced here:
1. The null hypothesis: in each draw and stratum the pool and the count are given, each subset of
   that count is equally likely, and draws are independent.
2. Pools and rates may differ between draws and strata: every statistic weighs a firm by its own
   probabilities, and its p-value comes from the same history drawn again, fairly.
3. A statistic is computed by the same code for the history and for its simulations.
4. Where pools answer to earlier draws (firms leave after they were drawn), draws cannot be compared
   with each other by this null hypothesis; then only what is within each draw is asked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from attrs import frozen

from randcheck.audit.report import (
    Floats,
    Ints,
    Mask,
    Question,
    batches,
    name_some,
    simulated_p,
    weigh,
)
from randcheck.audit.samples import PastSample

#: From how many standard deviations on the firms that leave after a draw are too often the drawn.
REACTS = 4.0


@frozen(eq=False)
class Block:
    """A stratum of a draw: the columns of its firms in the pool's order, and how many are taken."""

    draw: int
    columns: Ints
    take: int


@frozen(eq=False)
class World:
    """The draws as matrices of draws times firms: who could be drawn, at which rate, who was."""

    labels: tuple[str, ...]
    ids: tuple[str, ...]
    inside: Mask
    rate: Floats
    drawn: Mask
    blocks: tuple[Block, ...]

    @classmethod
    def of(cls, samples: Sequence[PastSample]) -> World:
        column: dict[str, int] = {}
        for sample in samples:
            for name in sample.pool:
                column.setdefault(name, len(column))
        shape = len(samples), len(column)
        inside, drawn, rate = np.zeros(shape, bool), np.zeros(shape, bool), np.zeros(shape)
        blocks = []
        for row, sample in enumerate(samples):
            drawn[row, [column[name] for name in sample.drawn]] = True
            cells: dict[str, list[int]] = defaultdict(list)
            for name in sample.pool:
                cells[sample.strata[name] if sample.strata else ""].append(column[name])
            for members in cells.values():
                columns = np.array(members, dtype=np.int64)
                take = int(drawn[row, columns].sum())
                inside[row, columns] = True
                rate[row, columns] = take / len(columns)
                blocks.append(Block(row, columns, take))
        labels = tuple(
            f"draw {row + 1}" if sample.task is None else sample.task
            for row, sample in enumerate(samples)
        )
        return cls(labels, tuple(column), inside, rate, drawn, tuple(blocks))

    @property
    def reacts(self) -> bool:
        """Whether firms leave the next pool because they were drawn: then pools are no givens.

        For each draw and stratum: how many of those who leave were drawn, against the
        hypergeometric expectation. Pools that ignore the draws pass for reacting ones in about
        three of 100,000 histories.
        """
        excess = variance = 0.0
        for block in self.blocks:
            size = len(block.columns)
            if block.draw + 1 == len(self.labels) or size < 2:
                continue
            leaves = ~self.inside[block.draw + 1, block.columns]
            both = int((leaves & self.drawn[block.draw, block.columns]).sum())
            share, gone = block.take / size, int(leaves.sum())
            excess += both - gone * share
            variance += gone * share * (1 - share) * (size - gone) / (size - 1)
        return variance > 0 and excess > REACTS * variance**0.5

    def observed(self) -> tuple[Mask, Floats]:
        """The history as `fair` gives its copies: one matrix, and its spread."""
        spread = np.zeros(1)
        for block in self.blocks:
            spread += _spread(self.drawn[block.draw, block.columns][None, None])[:, 0]
        return self.drawn[None], spread

    def fair(self, count: int, rng: np.random.Generator) -> Iterator[tuple[Mask, Floats]]:
        """`count` copies of the history, drawn again: matrices of copies × draws × firms, and the
        spread of each copy. They come in as many parts as memory demands.
        """
        alike: dict[tuple[int, int], list[Block]] = defaultdict(list)
        for block in self.blocks:
            alike[len(block.columns), block.take].append(block)
        for copies in batches(count, self.drawn.size):
            drawn, spread = np.zeros((copies, *self.drawn.shape), bool), np.zeros(copies)
            for (size, take), blocks in alike.items():
                taken = _subsets(copies * len(blocks), size, take, rng)
                taken = taken.reshape(copies, len(blocks), size)
                spread += _spread(taken).sum(axis=1)
                for place, block in enumerate(blocks):
                    drawn[:, block.draw, block.columns] = taken[:, place]
            yield drawn, spread


#: The tests that compare draws with each other.
BETWEEN = ("never drawn", "always drawn", "uneven counts", "lists alike", "pairs of firms")


def _subsets(count: int, size: int, take: int, rng: np.random.Generator) -> Mask:
    """`count` subsets of `take` among `size`, each equally likely, as rows of a mask."""
    if take in (0, size):
        return np.full((count, size), take > 0)
    fewer = min(take, size - take)  # who is out, when those are fewer
    chosen = np.argpartition(rng.random((count, size)), fewer - 1, axis=1)[:, :fewer]
    mask = np.zeros((count, size), bool)
    np.put_along_axis(mask, chosen, True, axis=1)
    return mask if fewer == take else ~mask


def _spread(taken: Mask) -> Floats:
    """Σ (gap − mean gap)² over the gaps between neighbours, as a multiple of what is expected,
    times the gaps' degrees of freedom. The last axis is a pool, and all take as many of it.
    """
    size, take = taken.shape[-1], int(taken[0, 0].sum())
    if take < 3 or take == size:
        return np.zeros(taken.shape[:2])
    gaps = np.diff(np.nonzero(taken)[2].reshape(*taken.shape[:2], take), axis=-1)
    squares = ((gaps - gaps.mean(axis=-1, keepdims=True)) ** 2).sum(axis=-1)
    found: Floats = squares / _gap_variance(size, take)
    return found


def _gap_variance(size: int, take: int) -> float:
    """Variance of a gap less the covariance of two, in a fair draw: (N+1)(N−n) / ((n+1)(n+2))."""
    return (size + 1) * (size - take) / ((take + 1) * (take + 2))


@frozen(eq=False)
class _Weights:
    """What does not change between copies of a history."""

    never: Floats
    always: Floats
    expected: Floats
    precision: Floats
    overlap: Floats
    deviation: Floats
    pairs: Mask
    freedom: int

    @classmethod
    def of(cls, world: World) -> _Weights:
        rate, inside = world.rate, world.inside
        with np.errstate(divide="ignore"):
            never = -np.log1p(-rate).sum(axis=0)
            always = -np.log(np.where(inside, rate, 1.0)).sum(axis=0)
        variance = rate * (1 - rate)
        common = variance @ variance.T
        own = variance.sum(axis=0)
        return cls(
            never=np.where(np.isfinite(never), never, 0.0),
            always=np.where(np.isfinite(always), always, 0.0),
            expected=rate.sum(axis=0),
            precision=np.divide(1.0, own, out=np.zeros_like(own), where=own > 0),
            overlap=rate @ rate.T,
            deviation=np.sqrt(common),
            pairs=np.triu(common > 0, 1),
            freedom=sum(
                block.take - 2
                for block in world.blocks
                if 3 <= block.take < len(block.columns)
            ),
        )  # fmt: skip


def _overlaps(drawn: Mask, weights: _Weights) -> Floats:
    """(overlap − expected) / standard deviation of each pair of draws, for each copy."""
    floats = drawn.astype(np.float32)  # whole numbers below 2^24 are exact
    overlap = (floats @ floats.transpose(0, 2, 1)).astype(np.float64)
    pairs = weights.pairs
    scores: Floats = (overlap[:, pairs] - weights.overlap[pairs]) / weights.deviation[pairs]
    return scores


def _statistics(drawn: Mask, spread: Floats, weights: _Weights, inside: Mask) -> dict[str, Floats]:
    times = drawn.sum(axis=1, dtype=np.int64)
    found = {
        "never drawn": (times == 0) @ weigh(weights.never),
        "always drawn": (times == inside.sum(axis=0)) @ weigh(weights.always),
        "uneven counts": (times - weights.expected) ** 2 @ weights.precision,
    }
    if weights.pairs.any():
        scores = _overlaps(drawn, weights)
        found["lists alike"] = np.abs(scores).max(axis=1)
        if weights.pairs.sum() > 1:
            found["pairs of firms"] = (scores**2).sum(axis=1)
    if weights.freedom:
        found["spacing"] = np.abs(np.log(np.maximum(spread / weights.freedom, 1e-12)))
    return found


def ask(world: World, simulations: int, rng: np.random.Generator) -> list[Question]:
    """The questions about firms that a history can answer."""
    weights = _Weights.of(world)
    observed = _statistics(*world.observed(), weights, world.inside)
    several = len(world.labels) > 1
    applies = {
        "never drawn": several and bool(weights.never.any()),
        "always drawn": several and bool(weights.always.any()),
        "uneven counts": several and bool(weights.precision.any()),
    }
    if world.reacts:
        applies = dict.fromkeys(BETWEEN, False)
    asked = [name for name in observed if applies.get(name, True)]
    if not asked:
        return []
    parts = [
        _statistics(drawn, spread, weights, world.inside)
        for drawn, spread in world.fair(simulations, rng)
    ]
    telling = {
        "never drawn": _never,
        "always drawn": _always,
        "uneven counts": _uneven,
        "lists alike": _alike,
        "pairs of firms": _pairs,
        "spacing": _spacing,
    }
    questions = []
    for name in asked:
        statistic = float(observed[name][0])
        p_value = simulated_p(statistic, np.concatenate([part[name] for part in parts]))
        shown, says = telling[name](world, weights, statistic)
        questions.append(Question(name, shown, p_value, "simulated", says))
    return questions


def _never(world: World, weights: _Weights, statistic: float) -> tuple[float, str]:
    return _listed(world, "never drawn", world.drawn.sum(axis=0) == 0, weights.never)


def _always(world: World, weights: _Weights, statistic: float) -> tuple[float, str]:
    every = world.drawn.sum(axis=0) == world.inside.sum(axis=0)
    return _listed(world, "drawn whenever they could be", every, weights.always)


def _listed(world: World, what: str, mask: Mask, surprise: Floats) -> tuple[float, str]:
    """How many firms these are and were to be expected, the most surprising first."""
    found = np.flatnonzero(mask & (surprise > 0))
    order = found[np.argsort(-surprise[found], kind="stable")]
    expected = float(np.exp(-surprise[surprise > 0]).sum())
    return float(len(found)), (
        f"firms {what}: {len(found)}, in fair draws about {expected:.3g}; ask why: "
        f"{name_some(world.ids[place] for place in order)}"
    )


def _uneven(world: World, weights: _Weights, statistic: float) -> tuple[float, str]:
    excess = world.drawn.sum(axis=0) - weights.expected
    order = np.argsort(-excess * np.sqrt(weights.precision), kind="stable")[:3]
    ratio = statistic / max(1, int((weights.precision > 0).sum()))
    named = name_some(
        f"{world.ids[place]} ({world.drawn[:, place].sum()} times for "
        f"{weights.expected[place]:.1f})"
        for place in order
    )
    return ratio, (
        f"how often firms were drawn varies {ratio:.3g} times as much as in fair draws; "
        f"most often: {named}"
    )


def _alike(world: World, weights: _Weights, statistic: float) -> tuple[float, str]:
    scores = _overlaps(world.drawn[None], weights)[0]
    one, two = np.argwhere(weights.pairs)[int(np.abs(scores).argmax())].tolist()
    shared = int((world.drawn[one] & world.drawn[two]).sum())
    return statistic, (
        f"{world.labels[one]} and {world.labels[two]} share {shared} firms, fair draws about "
        f"{weights.overlap[one, two]:.3g}: ask whether they were drawn separately"
    )


def _pairs(world: World, weights: _Weights, statistic: float) -> tuple[float, str]:
    ratio = statistic / int(weights.pairs.sum())
    return ratio, (
        f"lists overlap {ratio:.3g} times as unevenly as fair ones: the same firms come "
        "together again and again, or never"
    )


def _spacing(world: World, weights: _Weights, statistic: float) -> tuple[float, str]:
    ratio = float(world.observed()[1][0]) / weights.freedom
    how = "evenly, as by a fixed skip" if ratio < 1 else "in clumps"
    return ratio, (
        f"firms drawn lie {how}, in the pool's order: gaps vary {ratio:.3g} times as much as "
        "in fair draws"
    )
