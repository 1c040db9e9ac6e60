"""Whoever was never inspected has higher odds: an example of a strategy of one's own."""

from datetime import date
from fractions import Fraction
from typing import ClassVar

from attrs import field, frozen

from randcheck import Cell, Design, Frame
from randcheck.rates import count_from_rate, parse_rate


@frozen(kw_only=True)
class FirstVisitSampler:
    """One rate for firms that the history does not know, and one for all others."""

    name: ClassVar[str] = "first-visit"
    never: Fraction = field(converter=parse_rate)
    others: Fraction = field(converter=parse_rate)

    def design(self, frame: Frame) -> Design:
        """A cell for those never drawn, and one for the others."""
        seen = frame.times_drawn(date.min) > 0
        parts = {"never drawn": (self.never, ~seen), "drawn before": (self.others, seen)}
        return Design.from_cells(
            frame,
            [
                Cell(count_from_rate(rate, int(members.sum())), members, name=name)
                for name, (rate, members) in parts.items()
                if members.any()
            ],
        )
