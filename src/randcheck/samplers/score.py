"""By a numeric score of risk in place of four classes: the higher the score, the higher the odds.

Rules enforced here:
1. Subjects of equal scores have equal odds, and odds never fall while the score rises.
2. Cells are runs of scores, cut where the scores within them differ least (`best_cuts`), and a
   cell's count is in proportion to the sum of its scores, from its legal minimum to all of it.
3. A cell too small for a whole unit joins the next higher one; a cell whose rate came out below
   that of the one under it joins it. Nobody is left without a chance.

Odds within a cell are take / size, exactly; Pareto and sequential Poisson sampling, which give each
subject odds of its own, have them only nearly (see docs/strategies.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import ClassVar

import numpy as np
from attrs import define, field, frozen
from attrs.converters import optional

from randcheck.design import Cell, Design
from randcheck.errors import ParameterError, shorten
from randcheck.frame import Frame
from randcheck.rates import count_from_rate, parse_count, parse_rate
from randcheck.samplers.boundaries import best_cuts
from randcheck.units import joined, largest_remainders, proportional

#: How many different scores are cut at most: more would take minutes, and no office means them all.
MOST_SCORES = 10_000


@define
class _Run:
    """Subjects whose scores lie from `low` to `high`; `share` is what the rule gives, unrounded."""

    low: int
    high: int
    size: int
    score: int
    share: Fraction = Fraction(0)
    take: int = 0

    @property
    def rate(self) -> Fraction:
        return Fraction(self.take, self.size)

    def join(self, other: _Run) -> _Run:
        return _Run(
            min(self.low, other.low),
            max(self.high, other.high),
            self.size + other.size,
            self.score + other.score,
            self.share + other.share,
            self.take + other.take,
        )


@frozen(kw_only=True)
class RiskScoreSampler:
    """Odds that grow with `Subject.risk_score`, in cells of similar scores.

    `rate` takes ⌈rate × N⌉ subjects, `count` that many; give one. `cells` is the most cells made,
    `least` the least rate of anybody, whatever the score. `unscored` is the score that subjects
    without one count as; without it such subjects are an error.
    """

    name: ClassVar[str] = "risk-score"
    rate: Fraction | None = field(default=None, converter=optional(parse_rate))
    count: int | None = field(default=None, converter=optional(parse_count))
    cells: int = 10
    least: Fraction = field(default=Fraction(0), converter=parse_rate)
    unscored: int | None = field(default=None, converter=optional(parse_count))

    def __attrs_post_init__(self) -> None:
        if (self.rate is None) == (self.count is None):
            given = {"rate": self.rate, "count": self.count}
            raise ParameterError("RiskScoreSampler", shorten(given), "is not clear", "give one")
        if parse_count(self.cells, "cells") < 1:
            raise ParameterError("cells", "0", "leaves nobody a cell", "give at least 1")

    def design(self, frame: Frame) -> Design:
        """Cells of similar scores, in the order of scores."""
        score_of = self._scores(frame)
        total = self.count
        if self.rate is not None:
            total = count_from_rate(self.rate, len(frame))
        runs = self._runs(score_of, total or 0)
        cells = []
        for run in runs:
            members = np.flatnonzero((score_of >= run.low) & (score_of <= run.high))
            name = f"score {run.low}" if run.low == run.high else f"score {run.low} to {run.high}"
            mean = float(Fraction(run.score, run.size))
            why = f"{run.take} of {total}: {run.size} subjects of mean score {mean:.1f}"
            cells.append(Cell(run.take, members, name=name, why=why))
        return Design.from_cells(frame, cells)

    def _scores(self, frame: Frame) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        codes = frame.codes("risk_score")
        unknown = codes.where(lambda score: score is None)
        if unknown.any() and self.unscored is None:
            reason = f"leaves open what {int(unknown.sum())} subjects without a score count as"
            raise ParameterError("unscored", "None", reason, "give a score, such as unscored=0")
        instead = 0 if self.unscored is None else self.unscored  # 0: nobody here has none
        values = [instead if score is None else score for score in codes.values]
        return np.array(values, dtype=np.int64)[codes.codes]

    def _runs(self, score_of: np.ndarray[tuple[int], np.dtype[np.int64]], total: int
              ) -> list[_Run]:  # fmt: skip
        """The cells, with their counts."""
        scores, counts = (each.tolist() for each in np.unique(score_of, return_counts=True))
        if len(scores) > MOST_SCORES:
            remedy = "round them, such as to tens"
            reason = f"are more than {MOST_SCORES} different ones"
            raise ParameterError("risk_score", f"{len(scores)} scores", reason, remedy)
        if total > len(score_of):
            reason = f"is {total - len(score_of)} more than the {len(score_of)} subjects there are"
            raise ParameterError("count", str(total), reason, "lower it")
        if not scores:
            return []
        cuts = best_cuts(scores, counts, self.cells)
        runs = []
        for start, end in zip(cuts, [*cuts[1:], len(scores)], strict=True):
            own = list(zip(scores[start:end], counts[start:end], strict=True))
            size, score = sum(n for _, n in own), sum(s * n for s, n in own)
            runs.append(_Run(own[0][0], own[-1][0], size, score))
        least = [count_from_rate(self.least, run.size) for run in runs]
        if sum(least) > total:
            reason = f"is {sum(least) - total} less than the {sum(least)} of the least rate"
            raise ParameterError("count", str(total), reason, "raise it, or lower `least`")
        sizes = [run.size for run in runs]
        shares = proportional(total, [run.score for run in runs], least, sizes)
        for run, share in zip(runs, shares, strict=True):
            run.share = share
        runs = [_together([runs[place] for place in each])
                for each in joined([run.share for run in runs])]  # fmt: skip
        rounded = largest_remainders(total, [run.share for run in runs], [run.size for run in runs])
        for run, take in zip(runs, rounded, strict=True):
            run.take = take
        return _rising(runs)


def _together(runs: Sequence[_Run]) -> _Run:
    whole = runs[0]
    for run in runs[1:]:
        whole = whole.join(run)
    return whole


def _rising(runs: Sequence[_Run]) -> list[_Run]:
    """The cells after each whose rate is below that of the one under it has joined it."""
    kept: list[_Run] = []
    for run in runs:
        kept.append(run)
        while len(kept) > 1 and kept[-1].rate < kept[-2].rate:
            kept.append(kept.pop(-2).join(kept.pop()))
    return kept
