"""Strategies: each turns a frame into a design, and knows nothing of dice.

A strategy is a frozen value with one pure method, `design(frame)`. Ours are found by name:

>>> from randcheck.samplers import SAMPLERS
>>> sorted(SAMPLERS)
['balanced', 'cycle', 'joint-item', 'risk-score', 'risk-stratified', 'rotated', 'uniform']
>>> SAMPLERS["uniform"](rate="3%")
UniformSampler(rate=Fraction(3, 100), count=None)

Anybody's own is any object with that method; nothing needs to be inherited or registered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from randcheck.samplers.allocation import (
    Allocated,
    Allocation,
    CompromiseAllocation,
    EqualAllocation,
    MinimaxAllocation,
    NeymanAllocation,
    PowerAllocation,
    ProportionalAllocation,
    RateAllocation,
)
from randcheck.samplers.balance import BalancedSampler
from randcheck.samplers.joint import JointItemSampler
from randcheck.samplers.optimum import Strata
from randcheck.samplers.risk import RiskStratifiedSampler
from randcheck.samplers.rotation import CycleSampler, Rotation
from randcheck.samplers.score import RiskScoreSampler
from randcheck.samplers.uniform import UniformSampler

if TYPE_CHECKING:
    from randcheck.design import Design
    from randcheck.frame import Frame


class Sampler(Protocol):
    """A strategy: who has which odds.

    `design` is pure: the same frame gives the same design, and nothing else is looked at.
    """

    def design(self, frame: Frame) -> Design:
        """Cells of the frame, and how many to take from each."""
        ...


#: Our samplers by name.
SAMPLERS: dict[str, type[Any]] = {
    kind.name: kind
    for kind in (
        UniformSampler,
        RiskStratifiedSampler,
        RiskScoreSampler,
        BalancedSampler,
        Rotation,
        CycleSampler,
        JointItemSampler,
    )
}

#: Our allocations by name.
ALLOCATIONS: dict[str, type[Any]] = {
    kind.name: kind
    for kind in (
        ProportionalAllocation,
        EqualAllocation,
        PowerAllocation,
        NeymanAllocation,
        MinimaxAllocation,
        CompromiseAllocation,
        RateAllocation,
    )
}

__all__ = [
    "ALLOCATIONS",
    "SAMPLERS",
    "Allocated",
    "Allocation",
    "BalancedSampler",
    "CompromiseAllocation",
    "CycleSampler",
    "EqualAllocation",
    "JointItemSampler",
    "MinimaxAllocation",
    "NeymanAllocation",
    "PowerAllocation",
    "ProportionalAllocation",
    "RateAllocation",
    "RiskScoreSampler",
    "RiskStratifiedSampler",
    "Rotation",
    "Sampler",
    "Strata",
    "UniformSampler",
]
