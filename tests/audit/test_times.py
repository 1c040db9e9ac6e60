"""Pools over time, and redraws."""

from collections import Counter
from fractions import Fraction
from itertools import permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from randcheck.audit import PastSample, audit_history
from randcheck.audit.times import chance_of_falls, falls, sizes_over_time

FIRMS = [f"firm-{number:03}" for number in range(100)]


@given(st.lists(st.integers(1, 4), min_size=2, max_size=6))
def test_the_chance_of_falls_is_that_of_all_orders(sizes):
    count = falls(sizes)
    orders = Counter(falls(order) for order in permutations(sizes))
    extreme = sum(times for value, times in orders.items() if value >= count)
    assert chance_of_falls(sizes, count) == Fraction(extreme, orders.total())


def test_the_least_chance_is_one_order_of_all():
    assert chance_of_falls(range(30, 0, -1), 435) == Fraction(1, 265252859812191058636308480000000)
    assert chance_of_falls([3] * 5, 0) == 1


def pools(sizes, seed=0):
    dice = Random(seed)
    return [PastSample(FIRMS[:size], dice.sample(FIRMS[:size], 10)) for size in sizes]


def test_a_pool_that_shrinks_is_found():
    audit = audit_history(pools([100, 99, 97, 96, 94, 91, 90, 88]))
    test = audit["shrinking pools"]
    assert test.found
    assert test.method == "exact"
    assert "from 100 to" in test.says


def test_a_pool_that_grows_or_wavers_is_not():
    assert not audit_history(pools([88, 90, 91, 94, 96, 97, 99, 100]))["shrinking pools"].found
    assert not audit_history(pools([90, 95, 92, 94, 91, 93]))["shrinking pools"].found
    assert "shrinking pools" not in {test.name for test in audit_history(pools([90] * 9)).tests}


def test_firms_that_left_after_they_were_drawn_still_count():
    dice, pool, samples = Random(1), FIRMS, []
    for _ in range(8):
        samples.append(PastSample(pool, dice.sample(pool, 10)))
        pool = [name for name in pool if name not in samples[-1].drawn]
    assert sizes_over_time(samples) == [100] * 8
    samples.append(PastSample(FIRMS, FIRMS[:10]))  # the cycle begins again
    assert sizes_over_time(samples)[-1] == 100


def test_many_pools_are_simulated():
    sizes = [50 + place % 7 for place in range(160)]
    assert audit_history(pools(sizes), simulations=199)["shrinking pools"].method == "simulated"
    falling = [99 - place // 4 for place in range(160)]
    assert audit_history(pools(falling), simulations=199)["shrinking pools"].found


def attempts(seed, choose, tasks=20):
    dice, samples = Random(seed), []
    for number in range(tasks):
        lists = [dice.sample(FIRMS, 20) for _ in range(9)]
        keep = choose(lists, dice)
        samples += [
            PastSample(FIRMS, drawn, task=f"T-{number}", kept=drawn is keep) for drawn in lists
        ]
    return samples


def test_attempts_chosen_for_who_is_not_on_them():
    def least(lists, dice):
        return min(lists, key=lambda drawn: len({*drawn} & {*FIRMS[:4]}))

    for seed in range(5):
        audit = audit_history(attempts(seed, least, tasks=40))
        assert audit["redraws"].found
        assert "firm-00" in audit["redraws"].says
        assert audit.attempts == 360
        assert audit.draws == 40
        assert "tasks drawn more than once, which needs a reason: 40" in audit.indicators[0]


def test_attempts_chosen_by_dice_are_usual():
    p_values = [
        audit_history(attempts(seed, lambda lists, dice: dice.choice(lists)), simulations=199)[
            "redraws"
        ].p_value
        for seed in range(40)
    ]
    assert sum(value <= Fraction(1, 10) for value in p_values) <= 14  # at 10 %: once in 10^5


def test_several_kept_attempts_are_said_and_not_judged():
    samples = [PastSample(FIRMS, FIRMS[first::9], task="T", kept=True) for first in range(2)]
    audit = audit_history(samples)
    assert "redraws" not in {test.name for test in audit.tests}
    assert audit.indicators[1] == "more than one attempt was kept for T"


@pytest.mark.parametrize("kept", [1, 2, 3])
def test_any_number_of_attempts_may_be_kept(kept):
    dice = Random(kept)
    samples = [
        PastSample(FIRMS, dice.sample(FIRMS, 30), task=f"T-{number}", kept=place < kept)
        for number in range(6)
        for place in range(4)
    ]
    assert not audit_history(samples)["redraws"].found
