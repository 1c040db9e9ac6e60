"""Which tasks to join (能联尽联、应联必联), as a number of visits.

Rules enforced here:
1. What is saved follows exactly from the tasks' own odds: tasks drawn apart make Σ_t π_tk visits to
   subject k, joined ones at least max_t π_tk, which shared tickets come close to.
2. The two groups that save most are joined first, as long as that saves enough; ties go to the
   earlier.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import field, frozen

from randcheck import dataframes
from randcheck.errors import ParameterError, shorten
from randcheck.frame import Frame
from randcheck.plan import Task


@frozen
class Overlap:
    """How far two items apply to the same subjects (交集度).

    `first` and `second` are how many subjects each applies to, `both` how many both do; `share` is
    `both` over the smaller of the two, 0 where that is nobody.
    """

    items: tuple[str, str]
    first: int
    second: int
    both: int

    @property
    def share(self) -> Fraction:
        smaller = min(self.first, self.second)
        return Fraction(self.both, smaller) if smaller else Fraction(0)


@frozen
class JointProposal:
    """Which tasks to join, and what that saves, in expected visits.

    `groups` are ids of tasks, in the order given; `separate` is what all tasks make when each is
    drawn apart, `joint` what they make as proposed, `least` what they would make all in one.
    `saved_by_pair` says of each pair of tasks what joining just those two saves.
    """

    groups: tuple[tuple[str, ...], ...]
    separate: Fraction
    joint: Fraction
    least: Fraction
    overlaps: tuple[Overlap, ...] = field(repr=lambda rows: f"<{len(rows)}>")
    saved_by_pair: tuple[tuple[str, str, Fraction], ...] = field(repr=lambda rows: f"<{len(rows)}>")

    @property
    def saved(self) -> Fraction:
        """Expected visits that the proposal saves."""
        return self.separate - self.joint

    @property
    def share(self) -> Fraction:
        """How much of what joining could save at all is saved; 1 where that is nothing."""
        possible = self.separate - self.least
        return self.saved / possible if possible else Fraction(1)

    def __str__(self) -> str:
        lines = [" + ".join(group) for group in self.groups]
        told = (
            f"{float(self.separate):.1f} expected visits apart, {float(self.joint):.1f} so joined: "
            f"{float(self.saved):.1f} saved, {float(self.share):.1%} of what joining can save"
        )
        return "\n".join([*lines, told])

    def to_dataframe(self, backend: dataframes.Backend = "pandas") -> Any:
        """The overlap of items: `item`, `other`, `subjects`, `others`, `both`, `share` (text)."""
        columns: dict[str, list[Any]] = {
            "item": [each.items[0] for each in self.overlaps],
            "other": [each.items[1] for each in self.overlaps],
            "subjects": [each.first for each in self.overlaps],
            "others": [each.second for each in self.overlaps],
            "both": [each.both for each in self.overlaps],
            "share": [str(each.share) for each in self.overlaps],
        }
        types = {"subjects": "int", "others": "int", "both": "int"}
        return dataframes.build(columns, {n: types.get(n, "text") for n in columns}, backend)


def propose_joint(
    frame: Frame, tasks: Sequence[Task], *, at_least: int = 1, days: int | None = None
) -> JointProposal:
    """The overlap of items, and which tasks to join.

    `frame` holds all the tasks' items and everybody whom they could draw; each task's sampler is
    asked for its design on the part of the frame that its items and scope leave it. Two groups of
    tasks are joined if that saves `at_least` expected visits, and if their as-of days are at most
    `days` apart where that is given. Raises `ParameterError` for a task whose items the frame does
    not have, and what the samplers raise.
    """
    ids = [task.id for task in tasks]
    if not tasks or len(set(ids)) < len(ids):
        raise ParameterError("tasks", shorten(ids), "are none, or one twice", "give each task once")
    odds = _Odds(frame, tasks)
    groups = [[row] for row in range(len(tasks))]
    while (pair := _best_pair(odds, groups, tasks, at_least, days)) is not None:
        first, second = pair
        groups[first] = sorted(groups[first] + groups[second])
        del groups[second]
    pairs = [(one, two) for one in range(len(tasks)) for two in range(one + 1, len(tasks))]
    return JointProposal(
        tuple(tuple(ids[row] for row in group) for group in groups),
        sum((odds.visits([row]) for row in range(len(tasks))), Fraction(0)),
        sum(map(odds.visits, groups), Fraction(0)),
        odds.visits(list(range(len(tasks)))),
        _overlaps(frame),
        tuple((ids[one], ids[two], odds.saved([one], [two])) for one, two in pairs),
    )


def _best_pair(
    odds: _Odds, groups: Sequence[list[int]], tasks: Sequence[Task], at_least: int, days: int | None
) -> tuple[int, int] | None:
    """The two groups that save most when joined, by position."""
    best, pair = Fraction(at_least), None
    for one in range(len(groups)):
        for two in range(one + 1, len(groups)):
            when = [tasks[row].as_of for row in groups[one] + groups[two]]
            if days is not None and (max(when) - min(when)).days > days:
                continue
            saved = odds.saved(groups[one], groups[two])
            if saved >= best and saved > 0 and (pair is None or saved > best):
                best, pair = saved, (one, two)
    return pair


class _Odds:
    """Each task's odds of a visit to each subject of the frame, kept once for equal subjects."""

    def __init__(self, frame: Frame, tasks: Sequence[Task]) -> None:
        codes: list[npt.NDArray[np.int64]] = []
        rates: list[list[Fraction]] = []
        for task in tasks:
            if unknown := [item for item in task.items if item not in frame.items]:
                reason = f"has items that the frame lacks: {', '.join(unknown)}"
                raise ParameterError("tasks", repr(task.id), reason, "build a frame of all items")
            part, position = frame.for_items(*task.items, among=frame.within(task.scope))
            design = task.sampler.design(part)
            highest = [
                max(design.cells[cell].rate for cell in pattern if cell >= 0)
                for pattern in design.patterns.tolist()
            ]
            code = np.zeros(len(frame), dtype=np.int64)
            code[position] = design.pattern_of + 1
            codes.append(code)
            rates.append([Fraction(0), *highest])
        kinds, counts = np.unique(np.array(codes), axis=1, return_counts=True)
        self.counts: list[int] = counts.tolist()
        self.rates = [
            [own[code] for code in row] for own, row in zip(rates, kinds.tolist(), strict=True)
        ]

    def of(self, group: Sequence[int]) -> list[Fraction]:
        """The least odds of a visit by any task of a group, for each kind of subject."""
        return [max(each) for each in zip(*(self.rates[row] for row in group), strict=True)]

    def visits(self, group: Sequence[int]) -> Fraction:
        """The least expected visits of a group of tasks that are joined."""
        return self._sum(self.of(group))

    def saved(self, one: Sequence[int], two: Sequence[int]) -> Fraction:
        """What joining two groups saves."""
        return self._sum(list(map(min, self.of(one), self.of(two))))

    def _sum(self, rates: Sequence[Fraction]) -> Fraction:
        return sum((n * rate for n, rate in zip(self.counts, rates, strict=True)), Fraction(0))


def _overlaps(frame: Frame) -> tuple[Overlap, ...]:
    masks = {item: frame.eligible(item) for item in frame.items}
    found = []
    for row, item in enumerate(frame.items):
        for other in frame.items[row + 1 :]:
            own, others = int(masks[item].sum()), int(masks[other].sum())
            both = int((masks[item] & masks[other]).sum())
            found.append(Overlap((item, other), own, others, both))
    return tuple(found)
