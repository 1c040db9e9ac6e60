"""What an audit says: tests, their p-values, the correction for their number.

Rules enforced here:
1. A p-value is an exact fraction: an exact probability, or (1 + as extreme) / (1 + simulated).
2. Holm's correction over all tests that apply: the chance that a fair history has any finding is
   at most the level. What cannot happen in a fair draw has p = 0 and stands outside of it.
3. A finding is worded as a reason to look, and names whom it is about only where it is found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Literal

import numpy as np
import numpy.typing as npt
from attrs import evolve, frozen

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

#: How many numbers a simulation holds at once.
AT_ONCE = 4_000_000

#: How many ids a sentence names.
NAMED = 8

#: A firm weighs (−log of its chance) to this power: a few that were missed against high odds weigh
#: more than many that ordinary luck missed.
POWER = 4

#: What is said of a test that found nothing.
USUAL = "as in fair draws"


@frozen
class AuditTest:
    """One question to the history, and its answer.

    `statistic` is what was counted or measured, for a reader; `p_value` the chance that fair draws
    show as much or more of what is tested (see `docs/audit.md`);
    `adjusted` the same after Holm's correction; `method` is "exact" or "simulated"; `found` says
    that `adjusted` is at most the level; `says` is the answer in words.
    """

    name: str
    statistic: float
    p_value: Fraction
    method: Literal["exact", "simulated"]
    says: str
    adjusted: Fraction = Fraction(1)
    found: bool = False


@frozen
class Audit:
    """The tests that apply to a history, and what else should be read in it.

    `indicators` are facts without a p-value, such as a task that was drawn several times; they do
    not count as findings. `draws` is how many draws were kept, `attempts` how many there were.
    """

    tests: tuple[AuditTest, ...]
    indicators: tuple[str, ...]
    level: Fraction
    draws: int
    attempts: int
    simulations: int
    seed: int

    @property
    def ok(self) -> bool:
        """Whether no test found anything at the level."""
        return not self.findings

    @property
    def findings(self) -> tuple[AuditTest, ...]:
        """The tests that found something."""
        return tuple(test for test in self.tests if test.found)

    def __getitem__(self, name: str) -> AuditTest:
        """The test of that name; `KeyError` when it does not apply to this history."""
        for test in self.tests:
            if test.name == name:
                return test
        raise KeyError(name)

    def __str__(self) -> str:
        count = len(self.findings)
        verdict = (
            "nothing found" if not count else f"{count} of {len(self.tests)} tests found something"
        )
        lines = [
            f"{self.draws} draws, {self.attempts} attempts: {verdict} (a fair history has any "
            f"finding with a chance of at most {float(self.level):.3g})",
            f"{'':2}{'test':<18}{'statistic':>11}{'p':>9}{'adjusted':>10}  says",
        ]
        for test in self.tests:
            mark = "!" if test.found else ""
            lines.append(
                f"{mark:2}{test.name:<18}{test.statistic:>11.5g}{float(test.p_value):>9.2g}"
                f"{float(test.adjusted):>10.2g}  {test.says}"
            )
        lines += [f"note: {text}" for text in self.indicators]
        return "\n".join(lines)


@frozen
class Question:
    """A test before the correction: both wordings, one of which will be told.

    `certain` is one that no fair draw can fail, so it stands outside of the correction.
    """

    name: str
    statistic: float
    p_value: Fraction
    method: Literal["exact", "simulated"]
    found_says: str
    usual_says: str = USUAL
    certain: bool = False


def batches(count: int, width: int) -> Iterator[int]:
    """`count` copies of `width` numbers each in as many parts as memory demands: their sizes."""
    at_once = max(1, AT_ONCE // max(1, width))
    for first in range(0, count, at_once):
        yield min(at_once, count - first)


def simulated_p(observed: float, simulated: Floats) -> Fraction:
    """(1 + as extreme) / (1 + simulated): valid for any number of simulations.

    Values that differ only by rounding count as equal, which makes p larger.
    """
    near = observed - 1e-9 * abs(observed) - 1e-12
    return Fraction(1 + int((simulated >= near).sum()), 1 + len(simulated))


def weigh(surprise: Floats) -> Floats:
    """The weight of each firm from −log of its chance; what is impossible or certain weighs 0."""
    return np.where(np.isfinite(surprise), surprise, 0.0) ** POWER


def judge(questions: Sequence[Question], level: Fraction) -> tuple[AuditTest, ...]:
    """The tests with Holm's adjusted p-values, in the order of the questions."""
    asked = [each for each in questions if not each.certain]
    family = sorted(asked, key=lambda each: each.p_value)
    adjusted, last = {}, Fraction(0)
    for rank, each in enumerate(family):
        last = max(last, min(Fraction(1), each.p_value * (len(family) - rank)))
        adjusted[each.name] = last
    tests = []
    for each in questions:
        value = adjusted.get(each.name, each.p_value)
        test = AuditTest(
            each.name, each.statistic, each.p_value, each.method, each.usual_says, value
        )
        found = value <= level
        tests.append(evolve(test, found=True, says=each.found_says) if found else test)
    return tuple(tests)


def name_some(ids: Iterable[str]) -> str:
    """The first few ids, and how many more there are."""
    names = list(ids)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
