"""The burden spread over time: who was just drawn rests, and everybody's turn comes in a cycle.

Rules enforced here:
1. How many are drawn is what the rates say of all; who rests only changes among whom they are
   drawn. So a firm's expected burden over years is the rate's, and its odds in each year are exact.
2. Those who rest have cells of their own, with a lower chance or none, which everybody can see.
3. In a cycle each draw takes its part of those not yet drawn in the cycle, and the last one all.

Both look at the history through the frame. This is negative coordination of successive samples
(Brewer, Early & Joyce 1972; Cotton & Hesse 1992), with whole counts and exact odds.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, ClassVar

import attrs
from attrs import field, frozen

from randcheck.design import Cell, Design
from randcheck.errors import ParameterError, shorten
from randcheck.exclusions import months_before, positive
from randcheck.frame import Frame
from randcheck.models import Scope
from randcheck.samplers import parameters
from randcheck.samplers.parameters import shown
from randcheck.strategy import has
from randcheck.table import Positions


def _is_sampler(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if not has(value, "design"):
        remedy = "give an object with design(frame), such as UniformSampler(rate='3%')"
        raise ParameterError(attribute.name, shorten(value), "is no sampler", remedy)


@frozen
class Rotation:
    """The cells of another sampler, each with those who were drawn lately apart.

    Who was drawn in the last `months` months before the as-of date, by any task or by one whose id
    begins with one of `tasks`, rests: the chance is `chance` times that of the others of the same
    cell, rounded down to whole units, and 0 unless given. A cell gives as many as without rotation;
    where too few are rested, the rest come from those who rest.

    The next year's odds follow from what was drawn this year, and are published with its sheet.
    """

    name: ClassVar[str] = "rotated"
    sampler: Any = field(validator=_is_sampler)
    months: int = field(kw_only=True, validator=positive)
    chance: Fraction = field(default=Fraction(0), kw_only=True, converter=parameters.as_chance)
    tasks: tuple[str, ...] = field(default=(), kw_only=True, converter=parameters.as_tasks)

    def design(self, frame: Frame) -> Design:
        """The sampler's cells, each as those who are rested and those who rest."""
        after = months_before(frame.as_of, self.months)
        rests = frame.times_drawn(after, tasks=self.tasks) > 0
        cells: list[Cell] = []
        for cell in self.sampler.design(frame).cells:
            cells += self._parted(cell, rests[cell.members])
        return Design.from_cells(frame, cells)

    def _parted(self, cell: Cell, rests: Any) -> Iterator[Cell]:
        resting, rested = cell.members[rests], cell.members[~rests]
        if not len(resting) or not len(rested):
            yield cell
            return
        weight = len(rested) + self.chance * len(resting)
        few = max(int(self.chance * len(resting) * cell.take / weight), cell.take - len(rested))
        told = f"{len(resting)} were drawn in the last {self.months} months and give {few}"
        why = "; ".join(filter(None, [cell.why, told]))
        yield Cell(cell.take - few, rested, cell.items, f"{cell.name}/rested", why)
        yield Cell(few, resting, cell.items, f"{cell.name}/resting", why)


@frozen(kw_only=True)
class CycleSampler:
    """Everybody once in a cycle, in a random order of batches: such as food firms in two years.

    The cycle began on the day `begins` and has `draws` draws, of which this is number `number`,
    from 1. It takes its part, ⌈those left / draws left⌉ in each stratum, of those who were not
    drawn since the cycle began; the last draw takes them all. Who joins the registry on the way is
    among those left. `tags` says whose turn it is, everybody's unless given; `others` is the
    sampler for all others. Draws of tasks whose id begins with one of `tasks` count, or of any.

    Within a cycle of a registry that does not change, each of the batches is equally likely to be a
    subject's: the expected burden is exactly one visit a cycle.
    """

    name: ClassVar[str] = "cycle"
    begins: date = field(converter=parameters.as_day)
    draws: int = field(validator=positive)
    number: int = field(validator=positive)
    tags: tuple[str, ...] = field(default=(), converter=parameters.as_tags)
    others: Any = field(default=None, validator=attrs.validators.optional(_is_sampler))
    strata: tuple[str, ...] = field(default=(), converter=parameters.as_strata)
    tasks: tuple[str, ...] = field(default=(), converter=parameters.as_tasks)

    def __attrs_post_init__(self) -> None:
        if self.number > self.draws:
            reason = f"is beyond the cycle's {self.draws} draws"
            raise ParameterError("number", str(self.number), reason, "begin a new cycle")
        if bool(self.tags) != (self.others is not None):
            given = {"tags": self.tags, "others": self.others}
            remedy = "give tags with a sampler for the others, or neither"
            raise ParameterError("others", shorten(given), "is not clear", remedy)

    def design(self, frame: Frame) -> Design:
        """Those whose turn is still to come, those who had theirs, and the others."""
        turn = frame.within(Scope(tags=self.tags or None, statuses=None))
        cells = list(self._turns(frame, turn))
        if self.others is not None:
            part, position = frame.for_items(*frame.items, among=~turn)
            cells += [
                attrs.evolve(cell, members=position[cell.members], name=f"others/{cell.name}")
                for cell in self.others.design(part).cells
            ]
        return Design.from_cells(frame, cells)

    def _turns(self, frame: Frame, turn: Any) -> Iterator[Cell]:
        since = self.begins - timedelta(days=1)
        had = frame.times_drawn(since, tasks=self.tasks) > 0
        left = self.draws - self.number + 1
        for values, members in frame.strata(*self.strata):
            own: Positions = members[turn[members]]
            waiting, done = own[~had[own]], own[had[own]]
            name = "/".join(["cycle", *map(shown, values)])
            why = f"draw {self.number} of {self.draws}: {len(waiting)} wait, {len(done)} had theirs"
            if len(waiting):
                yield Cell(-(-len(waiting) // left), waiting, name=name, why=why)
            if len(done):
                yield Cell(0, done, name=f"{name}/done", why=why)
