"""Merged cells where the usual paths do not lead; the properties are in test_joint.py."""

from fractions import Fraction

import numpy as np

from randcheck.samplers.merging import _Group, _raise_one


def test_a_group_that_leaves_takes_its_share_of_the_host_with_it():
    """The host was taken whole with the group in it: without it, one less can be taken."""
    leaving = _Group(np.array([2]), frozenset({0, 1}))
    host = _Group(np.array([0, 1]), frozenset({0}), take=3, joined=[leaving])
    kept, missing = [host], [0, 1]
    _raise_one(kept, missing, {0: Fraction(9, 10), 1: Fraction(9, 10)})
    assert [(group.take, group.size) for group in kept] == [(2, 2), (1, 1)]
    assert missing == [0, 0]  # what the host lost, the group gives
