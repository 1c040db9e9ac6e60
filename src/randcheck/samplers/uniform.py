"""Simple random sampling: the same chance for everybody.

Rules enforced here:
1. One cell: a subject that is drawn is checked on every item that applies to it.
2. Either a rate, rounded up, or a count.
"""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar, cast

import numpy as np
from attrs import field, frozen
from attrs.converters import optional

from randcheck.design import Cell, Design
from randcheck.errors import ParameterError, shorten
from randcheck.frame import Frame
from randcheck.rates import count_from_rate, parse_count, parse_rate


@frozen(kw_only=True)
class UniformSampler:
    """The same probability for everybody in the frame.

    `rate` (text, `Fraction` or `Decimal`) takes ⌈rate × N⌉ subjects, `count` that many; give one.
    """

    name: ClassVar[str] = "uniform"
    rate: Fraction | None = field(default=None, converter=optional(parse_rate))
    count: int | None = field(default=None, converter=optional(parse_count))

    def __attrs_post_init__(self) -> None:
        if (self.rate is None) == (self.count is None):
            given = {"rate": self.rate, "count": self.count}
            raise ParameterError(
                "UniformSampler", shorten(given), "is not clear", "give one of both"
            )

    def design(self, frame: Frame) -> Design:
        """One cell of the whole frame."""
        everybody = np.arange(len(frame))
        take = self.count
        if take is None:
            take = count_from_rate(cast(Fraction, self.rate), len(frame))
        return Design.from_cells(frame, [Cell(take, everybody, name="all")])
