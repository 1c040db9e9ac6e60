import math
import random
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from randcheck.errors import ParameterError
from randcheck.samplers import (
    ALLOCATIONS,
    CompromiseAllocation,
    EqualAllocation,
    MinimaxAllocation,
    NeymanAllocation,
    PowerAllocation,
    ProportionalAllocation,
    RateAllocation,
    Strata,
)

NAMES = "ABCD"


def random_case(dice):
    """Up to four strata of up to seven, in a box, with a total that the box allows."""
    size = dice.randint(1, 4)
    sizes = [dice.randint(0, 7) for _ in range(size)]
    maximums = [dice.randint(0, n) for n in sizes]
    minimums = [dice.randint(0, dice.choice([0, n])) for n in maximums]
    total = dice.randint(sum(minimums), sum(maximums))
    return Strata.of(NAMES[:size], sizes, minimums, maximums), total


def choices(strata, total):
    box = zip(strata.minimums.tolist(), strata.maximums.tolist(), strict=True)
    every = product(*(range(low, high + 1) for low, high in box))
    return [counts for counts in every if sum(counts) == total]


def variance(squares, counts):
    """Σ squares / n; what has weight and nobody in the sample costs more than anything else."""
    missing = sorted(
        (s for s, n in zip(squares, counts, strict=True) if n == 0 and s), reverse=True
    )
    return (len(missing), sum(missing)), sum(
        s / n for s, n in zip(squares, counts, strict=True) if n
    )


def ratios(dice, size):
    return [Fraction(dice.randint(0, 9), dice.randint(1, 5)) for _ in range(size)]


def neyman(dice, strata):
    given_ = dict(zip(strata.names, ratios(dice, len(strata)), strict=True))
    squares = [
        (n * given_[x]) ** 2 for x, n in zip(strata.names, strata.sizes.tolist(), strict=True)
    ]
    return NeymanAllocation(deviations=given_), squares


def weighted_by_cost(dice, strata):
    rule, squares = neyman(dice, strata)
    costs = {name: Fraction(dice.randint(1, 9), dice.randint(1, 3)) for name in strata.names}
    each = [square / costs[name] for name, square in zip(strata.names, squares, strict=True)]
    return NeymanAllocation(deviations=rule.deviations, costs=costs), each


def proportional(dice, strata):
    return ProportionalAllocation(), [Fraction(n) ** 2 for n in strata.sizes.tolist()]


def equal(dice, strata):
    return EqualAllocation(), [Fraction(n > 0) for n in strata.sizes.tolist()]


@pytest.mark.parametrize("criterion", [neyman, weighted_by_cost, proportional, equal])
def test_separable_criteria_reach_the_exact_optimum(criterion):
    dice = random.Random(criterion.__name__)
    for _ in range(1000):
        strata, total = random_case(dice)
        rule, squares = criterion(dice, strata)
        allocated = rule.allocate(strata, total)
        assert allocated.gap == 0
        best = min(variance(squares, counts) for counts in choices(strata, total))
        assert variance(squares, allocated.counts) == best


def test_the_power_criterion_reaches_the_exact_optimum():
    """Square roots of whole numbers, compared with 50 digits."""
    from decimal import Decimal, localcontext

    dice = random.Random(2)
    for _ in range(1000):
        strata, total = random_case(dice)
        power = Fraction(dice.randint(0, 4), dice.choice([1, 2, 3, 4]))
        if power > 1:
            continue
        variations = dict(zip(strata.names, ratios(dice, len(strata)), strict=True))
        counts = PowerAllocation(power, variations).allocate(strata, total).counts
        with localcontext() as context:
            context.prec = 50
            exponent = Decimal(2 * power.numerator) / Decimal(power.denominator)
            squares = [
                (Decimal(n) ** exponent if n else Decimal(0))
                * (Decimal(v.numerator) / Decimal(v.denominator)) ** 2
                for n, v in zip(strata.sizes.tolist(), variations.values(), strict=True)
            ]
            mine = variance(squares, counts)
            others = [variance(squares, each) for each in choices(strata, total)]
            assert mine[0] == min(missing for missing, _ in others)
            best = min(rest for missing, rest in others if missing == mine[0])
            assert mine[1] <= best + Decimal(10) ** -40


def test_minimax_reaches_the_exact_optimum_and_then_the_next_worst():
    dice = random.Random(3)
    for _ in range(1000):
        strata, total = random_case(dice)
        variations = dict(zip(strata.names, ratios(dice, len(strata)), strict=True))
        sizes = strata.sizes.tolist()

        def worst(counts, variations=variations, sizes=sizes):
            """The relative variances, the worst first."""
            triples = zip(variations.values(), counts, sizes, strict=True)
            return sorted(
                (
                    ((1, v**2) if n == 0 else (0, v**2 * (Fraction(1, n) - Fraction(1, size))))
                    for v, n, size in triples
                    if size and v
                ),
                reverse=True,
            )

        mine = MinimaxAllocation(variations).allocate(strata, total).counts
        assert worst(mine) == min(worst(counts) for counts in choices(strata, total))


def test_a_budget_gap_is_proven_and_small():
    dice = random.Random(4)
    gaps = []
    for _ in range(1000):
        strata, _ = random_case(dice)
        rule, squares = neyman(dice, strata)
        costs = {name: Fraction(dice.randint(1, 9), dice.randint(1, 3)) for name in strata.names}
        budget = Fraction(dice.randint(0, 60))
        priced = NeymanAllocation(deviations=rule.deviations, costs=costs, budget=budget)
        box = zip(strata.minimums.tolist(), strata.maximums.tolist(), strict=True)
        affordable = [
            counts
            for counts in product(*(range(low, high + 1) for low, high in box))
            if sum(n * c for n, c in zip(counts, costs.values(), strict=True)) <= budget
            and all(n or not s or not m for n, s, m in zip(
                counts, squares, strata.maximums.tolist(), strict=True))
        ]  # fmt: skip
        if not affordable:
            with pytest.raises(ParameterError, match="less than one visit in each stratum"):
                priced.allocate(strata, None)
            continue
        allocated = priced.allocate(strata, None)
        assert allocated.counts in affordable
        best = min(variance(squares, counts)[1] for counts in affordable)
        mine = variance(squares, allocated.counts)[1]
        assert best >= mine * (1 - allocated.gap)
        gaps.append(allocated.gap)
    assert len(gaps) > 500
    assert sum(gap == 0 for gap in gaps) > 150


def test_several_items_at_once_have_a_proven_gap():
    dice = random.Random(5)
    gaps, losses = [], []
    for _ in range(300):
        strata, total = random_case(dice)
        items = {
            item: dict(zip(strata.names, ratios(dice, len(strata)), strict=True)) for item in "xyz"
        }
        every = [
            [(n * own[x]) ** 2 for x, n in zip(strata.names, strata.sizes.tolist(), strict=True)]
            for own in items.values()
        ]
        measured = [squares for squares in every if any(squares)]
        feasible = [
            counts
            for counts in choices(strata, total)
            if all(n or not m or not any(s) for n, m, *s in zip(
                counts, strata.maximums.tolist(), *every, strict=True))
        ]  # fmt: skip
        rule = CompromiseAllocation(items)
        if not feasible:
            with pytest.raises(ParameterError, match="that give each stratum one"):
                rule.allocate(strata, total)
            continue
        allocated = rule.allocate(strata, total)
        assert allocated.counts in feasible
        if not measured or not any(variance(s, allocated.counts)[1] for s in measured):
            continue
        alone = [
            min(variance(squares, counts)[1] for counts in feasible) or Fraction(1)
            for squares in measured
        ]

        def worst(counts, measured=measured, alone=alone):
            return max(
                variance(squares, counts)[1] / least
                for squares, least in zip(measured, alone, strict=True)
            )

        best, mine = min(map(worst, feasible)), worst(allocated.counts)
        assert best >= mine * (1 - allocated.gap) * (1 - Fraction(1, 10**12))
        gaps.append(float(allocated.gap))
        losses.append(float(mine / best) - 1)
    assert len(gaps) > 100
    assert sorted(gaps)[len(gaps) // 2] < 0.05
    assert max(losses) < 0.15


@given(st.integers(0, 2**32), st.integers(0, 3))
def test_the_order_of_strata_matters_only_for_ties(seed, turn):
    dice = random.Random(seed)
    strata, total = random_case(dice)
    rule, squares = neyman(dice, strata)
    order = [(turn + row) % len(strata) for row in range(len(strata))]
    turned = Strata.of(
        *([each[row] for row in order] for each in (
            strata.names, strata.sizes, strata.minimums, strata.maximums))
    )  # fmt: skip
    counts = rule.allocate(turned, total).counts
    back = [counts[order.index(row)] for row in range(len(strata))]
    assert variance(squares, back) == variance(squares, rule.allocate(strata, total).counts)


def test_ties_go_to_the_earlier_stratum():
    same = Strata.of("AAAA", [5, 5, 5, 5])
    for rule in (ProportionalAllocation(), EqualAllocation(), MinimaxAllocation()):
        assert rule.allocate(same, 1).counts == (1, 0, 0, 0)
        assert rule.allocate(same, 6).counts == (2, 2, 1, 1)


def test_strata_that_do_not_vary_come_last_and_are_filled_in_order():
    rule = NeymanAllocation(deviations={"A": 0, "B": 1})
    strata = Strata.of("ABA", [4, 3, 4])
    assert rule.allocate(strata, 2).counts == (0, 2, 0)
    assert rule.allocate(strata, 8).counts == (4, 3, 1)


@pytest.mark.parametrize(
    ("total", "words"), [(9, "3 more than the 6 subjects"), (1, "2 less than the floors of 3")]
)
def test_an_infeasible_box_says_by_how_much(total, words):
    with pytest.raises(ParameterError, match=words):
        ProportionalAllocation().allocate(Strata.of("AB", [3, 3], [2, 1]), total)


def test_maximums_are_named_where_they_are_the_reason():
    with pytest.raises(ParameterError, match="1 more than the maximums of 4 together"):
        ProportionalAllocation().allocate(Strata.of("AB", [3, 3], [0, 0], [2, 2]), 5)


def test_an_empty_box_is_named():
    with pytest.raises(ParameterError, match=r"from 2 to 1 of 3 .*stratum 1 \('B'\) and 1 more"):
        Strata.of("ABC", [3, 3, 3], [0, 2, 2], [3, 1, 1])


# --- published tables --------------------------------------------------------------------------


def test_cochran_1977_table_5_1_optimum_and_proportional():
    """64 cities in strata of 16 and 48, S² = 53,843 and 5,581, n = 24: 12 and 12; 6 and 18."""
    cities = Strata.of(["large", "small"], [16, 48])
    rule = NeymanAllocation(variances={"large": 53_843, "small": 5_581})
    assert rule.allocate(cities, 24).counts == (12, 12)
    assert ProportionalAllocation().allocate(cities, 24).counts == (6, 18)


def test_lohr_census_of_agriculture():
    """Lohr, Sampling: Design and Analysis, chapter 3: 300 of 3,078 counties in four regions."""
    regions = Strata.of(["NE", "NC", "S", "W"], [220, 1054, 1382, 422])
    assert ProportionalAllocation().allocate(regions, 300).counts == (21, 103, 135, 41)


HOSPITALS = {"sizes": [215, 65, 252, 50, 149, 144],
             "deviations": [26_787_207, 10_645_109, 6_909_676, 11_085_034, 9_817_762, 44_553_355],
             "costs": [1400, 200, 300, 600, 450, 1000]}  # fmt: skip


def test_valliant_dever_kreuter_hospitals():
    """Practical Tools for Designing and Weighting Survey Samples; the data of `strAlloc`.

    Neyman's n_h = n N_h S_h / Σ N S, and with 100,000 to spend n_h ∝ N_h S_h / √c_h: whole counts
    are within one of them, and no variance of rounded ones is lower.
    """
    names = list("abcdef")
    strata = Strata.of(names, HOSPITALS["sizes"])
    deviations = dict(zip(names, HOSPITALS["deviations"], strict=True))
    products = [n * s for n, s in zip(HOSPITALS["sizes"], HOSPITALS["deviations"], strict=True)]
    counts = NeymanAllocation(deviations).allocate(strata, 100).counts
    for count, product_ in zip(counts, products, strict=True):
        assert abs(count - 100 * product_ / sum(products)) < 1
    costs = dict(zip(names, HOSPITALS["costs"], strict=True))
    allocated = NeymanAllocation(deviations, costs=costs, budget=100_000).allocate(strata, None)
    spread = [p / math.sqrt(c) for p, c in zip(products, HOSPITALS["costs"], strict=True)]
    scale = 100_000 / sum(
        p * math.sqrt(c) for p, c in zip(products, HOSPITALS["costs"], strict=True)
    )
    assert allocated.gap < Fraction(1, 200)
    assert sum(n * c for n, c in zip(allocated.counts, costs.values(), strict=True)) <= 100_000
    for count, each in zip(allocated.counts, spread, strict=True):
        assert abs(count - scale * each) < 2.5


# --- rules -------------------------------------------------------------------------------------


def test_equal_and_power_lie_where_they_should():
    strata = Strata.of("ABC", [900, 90, 10])
    assert EqualAllocation().allocate(strata, 60).counts == (25, 25, 10)
    assert PowerAllocation("1").allocate(strata, 100).counts == (90, 9, 1)
    assert PowerAllocation("0").allocate(strata, 27).counts == (9, 9, 9)
    assert PowerAllocation().allocate(Strata.of("AB", [900, 100]), 40).counts == (30, 10)


def test_rates_are_rounded_up_in_the_box():
    strata = Strata.of("ABB", [10, 10, 10], [0, 5, 0], [10, 10, 2])
    rule = RateAllocation({"A": "21%", "B": "30%"})
    assert rule.allocate(strata, None).counts == (3, 5, 2)
    assert rule.allocate(strata, 10).counts == (3, 5, 2)
    assert RateAllocation("100%").allocate(strata, None).counts == (10, 10, 2)
    with pytest.raises(ParameterError, match="1 from the 10 that the rates give"):
        rule.allocate(strata, 11)


def test_last_years_results():
    rule = NeymanAllocation.from_results({"A": (98, 0), "B": [98, 49]})
    assert rule.variances == {"A": Fraction(99, 10_000), "B": Fraction(1, 4)}
    assert rule.allocate(Strata.of("AB", [500, 500]), 60).counts == (10, 50)
    for wrong in ((3, 4), (3,), (3, True), "12", (-1, -2), None):
        with pytest.raises(ParameterError, match="results"):
            NeymanAllocation.from_results({"A": wrong})


@pytest.mark.parametrize(
    "rule",
    [
        NeymanAllocation({"A": 1}),
        NeymanAllocation(variances={"A": 1}),
        NeymanAllocation({"A": 1, "B": 2}, costs={"A": 1}),
        MinimaxAllocation({"A": 1}),
        PowerAllocation("1/2", {"A": 1}),
        CompromiseAllocation({"x": {"A": 1}}),
        RateAllocation({"A": "1%"}),
    ],
)
def test_a_name_that_a_rule_lacks_is_an_error(rule):
    with pytest.raises(ParameterError, match=r"lacks \['B'\]"):
        rule.allocate(Strata.of("AB", [10, 10]), 4)


@pytest.mark.parametrize("bad", [0.3, "x", -1, None, True, "1/0", "nan", "9" * 101])
def test_numbers_are_exact_and_from_0(bad):
    with pytest.raises(ParameterError, match="deviations"):
        NeymanAllocation({"A": bad})
    with pytest.raises(ParameterError, match="variations"):
        MinimaxAllocation({"A": bad})


@pytest.mark.parametrize(
    "make",
    [
        lambda: NeymanAllocation(),
        lambda: NeymanAllocation({"A": 1}, {"A": 1}),
        lambda: NeymanAllocation({"A": 1}, costs={"A": 0}),
        lambda: NeymanAllocation({"A": 1}, budget=5),
        lambda: NeymanAllocation({"A": 1}, costs={"A": 1}, budget=-5),
        lambda: PowerAllocation("3/2"),
        lambda: PowerAllocation(0.5),
        lambda: CompromiseAllocation({}),
        lambda: CompromiseAllocation({"x": 3}),
        lambda: RateAllocation("300%"),
        lambda: RateAllocation({"A": 0.3}),
        lambda: ProportionalAllocation().allocate(Strata.of("A", [3]), None),
        lambda: NeymanAllocation({"A": 1}, costs={"A": 1}, budget=5).allocate(
            Strata.of("A", [3]), 2),
        lambda: NeymanAllocation({"A": "1e-60", "B": 1}).allocate(Strata.of("AB", [9, 9]), 9),
    ],
)  # fmt: skip
def test_bad_parameters(make):
    with pytest.raises(ParameterError):
        make()


def test_items_that_do_not_vary_leave_the_counts_to_the_order():
    rule = CompromiseAllocation({"x": {"A": 0, "B": 0}, "y": {"A": 0, "B": 0}})
    allocated = rule.allocate(Strata.of("AB", [5, 5]), 6)
    assert (allocated.counts, allocated.gap) == ((5, 1), 0)


def test_a_compromise_over_many_strata_moves_no_single_units():
    names = [f"s{n}" for n in range(60)]
    strata = Strata.of(names, [20 + n for n in range(60)])
    items = {
        "x": {name: 1 + n % 7 for n, name in enumerate(names)},
        "y": {name: 7 - n % 7 for n, name in enumerate(names)},
    }
    allocated = CompromiseAllocation(items).allocate(strata, 300)
    assert sum(allocated.counts) == 300
    assert allocated.gap < Fraction(1, 100)


def test_one_item_alone_is_its_own_best():
    deviations = {"A": 1, "B": 5, "C": 2}
    strata = Strata.of("ABC", [30, 20, 50])
    alone = CompromiseAllocation({"x": deviations}).allocate(strata, 20)
    assert alone.counts == NeymanAllocation(deviations).allocate(strata, 20).counts
    assert alone.gap < Fraction(1, 10**20)


def test_they_are_found_by_name_and_are_data():
    assert set(ALLOCATIONS) == {
        "proportional", "equal", "power", "neyman", "minimax", "compromise", "rates",
    }  # fmt: skip
    one, two = NeymanAllocation({"B": 1, "A": "0.5"}), NeymanAllocation({"A": "1/2", "B": 1})
    assert one == two
    assert hash(one) == hash(two)
    assert repr(one) == (
        "NeymanAllocation(deviations={'A': Fraction(1, 2), 'B': Fraction(1, 1)}, "
        "variances=None, costs=None, budget=None)"
    )


def test_a_hundred_thousand_strata_at_once():
    """As good as a naive queue that gives unit after unit."""
    import heapq

    dice = random.Random(6)
    sizes = [dice.randint(1, 30) for _ in range(100_000)]
    names = [f"c{dice.randint(0, 400)}" for _ in sizes]
    deviations = {f"c{n}": Fraction(n % 37 + 1, 7) for n in range(401)}
    squares = [(n * deviations[x]) ** 2 for n, x in zip(sizes, names, strict=True)]
    total = 150_000
    counts = [1] * len(sizes)
    heap = [(-s / 2, row) for row, s in enumerate(squares) if sizes[row] > 1]
    heapq.heapify(heap)
    for _ in range(total - len(sizes)):
        _, row = heapq.heappop(heap)
        counts[row] += 1
        if counts[row] < sizes[row]:
            n = counts[row]
            heapq.heappush(heap, (-squares[row] / (n * (n + 1)), row))
    rule = NeymanAllocation(deviations)
    assert list(rule.allocate(Strata.of(names, sizes), total).counts) == counts
