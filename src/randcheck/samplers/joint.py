"""Several items in one visit (进一次门、查多项事): a design for each, one ticket for all.

Rules enforced here:
1. Each item gets exactly the design that its own sampler gives on the subjects it applies to.
2. Nothing couples the items but the shared tickets: a subject with a low ticket is drawn for many
   items at once, which makes the visits coincide.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from attrs import field, frozen

from randcheck.design import Cell, Design
from randcheck.errors import ParameterError, shorten
from randcheck.fields import FrozenMapping, as_mapping
from randcheck.frame import Frame


def _as_samplers(value: Mapping[str, Any]) -> FrozenMapping:
    for item, sampler in as_mapping(value, "samplers").items():
        if not callable(getattr(sampler, "design", None)):
            raise ParameterError(
                f"samplers[{item!r}]",
                shorten(sampler),
                "is no sampler",
                "give an object with design(frame), such as UniformSampler(rate='3%')",
            )
    return FrozenMapping(value)


@frozen
class JointItemSampler:
    """Each item drawn by its own sampler, all with the same tickets.

    `samplers` maps each item of the task to a sampler. The expected number of visits is close to
    the least possible, Σ over subjects of the largest rate, where the items' rates differ.
    """

    name: ClassVar[str] = "joint-item"
    samplers: FrozenMapping = field(converter=_as_samplers)

    def design(self, frame: Frame) -> Design:
        """The cells of all items, item by item in the task's order."""
        if set(self.samplers) != set(frame.items):
            raise ParameterError(
                "samplers",
                shorten(list(self.samplers)),
                f"are not the task's items {shorten(list(frame.items))}",
                "give each item of the task its sampler, and no other",
            )
        cells = []
        for item in frame.items:
            part, position = frame.for_items(item)
            inner = self.samplers[item].design(part)
            cells += [
                Cell(cell.take, position[cell.members], (item,), f"{item}/{cell.name}", cell.why)
                for cell in inner.cells
            ]
        return Design.from_cells(frame, cells)
