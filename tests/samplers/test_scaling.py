"""The largest scale, where steps lie closer together than the first search can tell."""

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from randcheck.errors import ParameterError
from randcheck.samplers.scaling import keep_budget


def cells(*pairs):
    return SimpleNamespace(cells=[SimpleNamespace(take=take, size=size) for take, size in pairs])


@pytest.mark.parametrize("seed", range(40))
def test_it_is_the_last_step_that_keeps_the_budget(seed):
    """Takes of hundreds of thousands: several of their steps k / t are within a millionth."""
    dice = np.random.Generator(np.random.PCG64(seed))
    takes = [int(take) for take in dice.integers(300_000, 900_000, 4)]
    sizes = [take + int(dice.integers(0, 500_000)) for take in takes]
    budget = int(dice.integers(4, sum(sizes)))
    design = cells(*zip(takes, sizes, strict=True))
    found = keep_budget(design, "budget", budget, range(4), expected=False, top=None)

    def at(scale):
        wanted = (-(-scale.numerator * take // scale.denominator) for take in takes)
        return [min(size, take) for size, take in zip(sizes, wanted, strict=True)]

    counts = [found[cell] for cell in range(4)]
    assert sum(counts) <= budget
    scale = min(Fraction(n, t) for n, t, size in zip(counts, takes, sizes, strict=True) if n < size)
    assert counts == at(scale)
    assert sum(at(scale + Fraction(1, 10**12))) > budget


def test_nothing_to_scale():
    design = cells((0, 5), (0, 7))
    assert keep_budget(design, "b", 3, range(2), expected=False, top=None) == {0: 0, 1: 0}


def test_a_scale_that_is_limited():
    found = keep_budget(cells((4, 9)), "b", 100, [0], expected=False, top=Fraction(1))
    assert found == {0: 4}


def test_the_least_that_a_budget_pays_for():
    with pytest.raises(ParameterError, match="b = 1 is 1 less than one for each of the 2 cells"):
        keep_budget(cells((4, 9), (1, 3)), "b", 1, range(2), expected=False, top=None)
    found = keep_budget(cells((4, 9), (1, 3)), "b", 2, range(2), expected=False, top=None)
    assert found == {0: 1, 1: 1}
