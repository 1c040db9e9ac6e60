from collections import Counter
from fractions import Fraction
from math import ceil, floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import randcheck as rc
from randcheck.errors import ParameterError
from randcheck.samplers.balance import BalancedSampler
from randcheck.strategy import create, parameters
from randcheck.testing import check_sampler, made_up_catalog, made_up_frame
from worlds import AS_OF, RATES

FRAME = made_up_frame(300, seed=2)


def frame_of(rows, prefix="s"):
    """A frame of firms given as (region, risk class, industry)."""
    subjects = rc.SubjectRegistry.from_records(
        rc.Subject(f"{prefix}{n}", "x", region=f"r{region}", risk_class=risk, industry=industry)
        for n, (region, risk, industry) in enumerate(rows)
    )
    task = rc.Task(id="T", items=("disclosure",), sampler=rc.UniformSampler(count=1), as_of=AS_OF)
    return rc.build_frame(task, subjects=subjects, catalog=made_up_catalog())


firms = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from("AAABBC"), st.sampled_from(["food", "gas", "it"])),
    min_size=1,
    max_size=120,
)
#: Whole towns: so many firms in each region and class that no cell stays empty.
towns = st.lists(st.lists(st.integers(30, 90), min_size=3, max_size=3), min_size=1, max_size=5).map(
    lambda sizes: [
        (region, risk, ("food", "gas", "it")[n % 3])
        for region, row in enumerate(sizes)
        for risk, size in zip("ABC", row, strict=True)
        for n in range(size)
    ]
)
rates = st.fixed_dictionaries(dict.fromkeys("ABC", st.fractions(0, 1, max_denominator=60)))


def taken(frame, design, column):
    """For each value of a column, how many its cells give; only where no cell has two values."""
    found = Counter()
    for cell in design.cells:
        (value,) = set(frame.column(column)[cell.members])
        found[value] += cell.take
    return found


def inclusion(frame, design):
    odds = np.empty(len(frame), dtype=object)
    for cell in design.cells:
        odds[cell.members] = cell.rate
    return odds


@given(towns, st.fixed_dictionaries(dict.fromkeys("ABC", st.fractions(Fraction(1, 30), 1))))
def test_both_margins_are_exact(rows, rates):
    frame = frame_of(rows)
    sampler = BalancedSampler(rows="region", rates=rates)
    design = sampler.design(frame)
    sizes = Counter((region, risk) for region, risk, _ in rows)
    by_class = Counter(frame.column("risk_class"))
    totals = {risk: ceil(rates[risk] * size) for risk, size in by_class.items()}
    wanted = Counter()
    for (region, risk), size in sizes.items():
        wanted[f"r{region}"] += Fraction(size * totals[risk], by_class[risk])
    assert taken(frame, design, "risk_class") == totals
    for region, count in taken(frame, design, "region").items():
        assert floor(wanted[region]) <= count <= ceil(wanted[region])
    for row in sampler.deviations(frame):
        assert abs(row.deviation) < 1 if row.variable == "region" else row.deviation == 0


@given(firms, rates, st.sampled_from([None, "industry"]))
def test_merged_cells_keep_the_columns_and_everybody_a_chance(rows, rates, third):
    frame = frame_of(rows)
    sampler = BalancedSampler(rows="region", rates=rates, third=third)
    design = sampler.design(frame)
    sizes = Counter(frame.column("risk_class"))
    assert taken(frame, design, "risk_class") == {
        risk: ceil(rates[risk] * size) for risk, size in sizes.items()
    }
    for risk, odds in zip(frame.column("risk_class"), inclusion(frame, design), strict=True):
        assert (odds > 0) == (rates[risk] > 0)
    for row in sampler.deviations(frame):
        assert row.variable != "risk_class" or row.deviation == 0


def too_small(frame, rate):
    """Whether there are not enough for one from each region, and the others rounded down."""
    sizes = Counter(frame.column("risk_class"))
    totals = {risk: ceil(rate * size) for risk, size in sizes.items()}
    wanted = Counter()
    for region, risk in zip(frame.column("region"), frame.column("risk_class"), strict=True):
        wanted[region] += Fraction(totals[risk], sizes[risk])
    return sum(totals.values()) < sum(max(1, floor(each)) for each in wanted.values())


@given(firms, st.fractions(Fraction(1, 5), 1, max_denominator=30))
def test_merged_cells_keep_the_rows_where_asked(rows, rate):
    frame = frame_of(rows)
    sampler = BalancedSampler(rows="region", rates=rate, keep="rows")
    if rate < 1 and too_small(frame, rate):
        with pytest.raises(ParameterError, match="keep = 'rows' needs one from each region"):
            sampler.design(frame)
        return
    design = sampler.design(frame)
    assert all(odds > 0 for odds in inclusion(frame, design))
    counts = taken(frame, design, "region")
    for row in sampler.deviations(frame):
        if row.variable == "region":
            assert row.realised == counts[row.value] >= 1
            assert abs(row.deviation) < 1


def test_rows_that_cannot_all_be_kept():
    frame = frame_of([(n, "A", "food") for n in range(50)])
    with pytest.raises(ParameterError, match="keep = 'rows' needs one from each region, and 50 of"):
        BalancedSampler(rows="region", rates="10%", keep="rows").design(frame)
    assert len(BalancedSampler(rows="region", rates="10%").design(frame).cells) == 5


def test_who_is_sure_stays_sure_and_who_is_out_stays_out():
    frame = frame_of(
        [(n % 6, "A" if n % 2 else "B", "food") for n in range(60)]
        + [(n, "D", "food") for n in range(6)]
        + [(n, "C", "food") for n in range(6)]
    )
    for keep in ("rows", "columns"):
        sampler = BalancedSampler(
            rows="region", rates={"A": "10%", "B": "20%", "C": "0%", "D": "100%"}, keep=keep
        )
        odds = inclusion(frame, sampler.design(frame))
        risks = frame.column("risk_class")
        assert set(odds[risks == "D"]) == {1}
        assert set(odds[risks == "C"]) == {0}
        assert all(0 < each < 1 for each in odds[(risks == "A") | (risks == "B")])


@given(firms, rates, st.fractions(0, 1, max_denominator=30), st.sampled_from([None, "industry"]),
       st.sampled_from(["rows", "columns"]))  # fmt: skip
def test_no_rate_falls_below_the_legal_minimum(rows, rates, least, third, keep):
    if not least:
        return
    frame = frame_of(rows)
    sampler = BalancedSampler(rows="region", rates=rates, least=least, third=third, keep=keep)
    design = sampler.design(frame)
    for cell in design.cells:
        assert cell.take >= ceil(least * cell.size)
    totals = taken(frame, design, "risk_class")
    for risk, size in Counter(frame.column("risk_class")).items():
        assert totals[risk] >= ceil(rates[risk] * size)
    crossed = Counter()
    for cell in design.cells:
        crossed[frame.column("region")[cell.members[0]], frame.column("risk_class")[
            cell.members[0]]] += cell.take  # fmt: skip
    sizes = Counter((f"r{region}", risk) for region, risk, _ in rows)
    assert all(crossed[cell] >= ceil(least * size) for cell, size in sizes.items())


@given(firms, st.randoms(use_true_random=False), st.sampled_from([None, "industry"]))
def test_ids_and_the_order_of_rows_change_nothing(rows, rng, third):
    sampler = BalancedSampler(rows="region", rates="10%", third=third)

    def cells(rows, prefix):
        frame = frame_of(rows, prefix)
        return [(cell.name, cell.size, cell.take, cell.why) for cell in sampler.design(frame).cells]

    shuffled = list(rows)
    rng.shuffle(shuffled)
    assert cells(rows, "s") == cells(shuffled, "other")


def variances(frame, design, column):
    """The exact variance of how many are drawn of each value: hypergeometric in each cell."""
    found = dict.fromkeys(set(frame.column(column)), Fraction(0))
    for cell in design.cells:
        for value, size in Counter(frame.column(column)[cell.members]).items():
            share, rest = Fraction(size, cell.size), max(1, cell.size - 1)
            spread = Fraction(cell.size - cell.take, rest)
            found[value] += cell.take * share * (1 - share) * spread
    return found


def squares(frame, sampler, column):
    """For each value the expected squared distance of a draw from what the rates ask for."""
    variance = variances(frame, sampler.design(frame), column)
    return {
        row.value: variance[row.value] + row.deviation**2
        for row in BalancedSampler.deviations(sampler, frame)
        if row.variable == column
    }


def market(size=6000, regions=12, seed=3):
    rng = np.random.default_rng(seed)
    places = (regions * rng.random(size) ** 2).astype(int)
    kinds = (5 * rng.random(size) ** 1.5).astype(int)
    classes = rng.choice(list("ABCD"), size, p=[0.6, 0.3, 0.08, 0.02])
    return frame_of(
        [(f"{p:02}", str(c), f"I{k}") for p, c, k in zip(places, classes, kinds, strict=True)]
    )


def test_regions_vary_less_than_where_classes_alone_are_strata():
    frame = market()
    balanced = BalancedSampler(rows="region", rates=RATES)
    alone = rc.RiskStratifiedSampler(rates=RATES)
    varied = variances(frame, alone.design(frame), "region")
    nearly = squares(frame, balanced, "region")
    assert all(nearly[region] < varied[region] / 3 for region in varied)
    assert sum(nearly.values()) < sum(varied.values()) / 10


@pytest.mark.parametrize("seed", range(5))
def test_a_third_variable_is_met_more_nearly(seed):
    frame = market(seed=seed)
    without = BalancedSampler(rows="region", rates=RATES)
    third = BalancedSampler(rows="region", rates=RATES, third="industry")
    rows = [row for row in third.deviations(frame) if row.variable == "industry"]
    assert all(abs(row.deviation) < 2 for row in rows)
    assert {row.variable for row in without.deviations(frame)} == {"region", "risk_class"}
    loose = variances(frame, without.design(frame), "industry")
    near = squares(frame, third, "industry")
    assert sum(near.values()) < sum(loose.values()) / 2
    # the two margins stay as they were
    for column in ("region", "risk_class"):
        assert taken(frame, third.design(frame), column) == taken(
            frame, without.design(frame), column
        )


def test_a_third_variable_nested_in_the_rows():
    frame = market(size=20000, regions=3)
    sampler = BalancedSampler(rows=("region", "industry"), rates="5%")
    rows = [row for row in sampler.deviations(frame) if row.variable == "region/industry"]
    assert len(rows) == 15
    assert all(abs(row.deviation) < 1 for row in rows)
    assert sampler.design(frame).cells[0].name == "r00/I0/A"


def test_what_cells_are_called_and_why_they_give_so_many():
    frame = frame_of(
        [(0, "A", "food")] * 40 + [(1, "A", "food")] * 30 + [(2, "A", "gas")] * 30
        + [(0, "B", None)] * 20 + [(2, "C", "it")] * 5
    )  # fmt: skip
    sampler = BalancedSampler(rows="region", rates={"A": "2%", "B": "10%", "C": "0%"})
    cells = {cell.name: (cell.take, cell.size) for cell in sampler.design(frame).cells}
    assert cells == {"r0/A": (1, 40), "r0/B": (2, 20), "r1 + r2/A": (1, 60), "r2/C": (0, 5)}
    assert [cell.why for cell in sampler.design(frame).cells] == [
        "A: 2 of 100, a rate of 1/50, rounded up; here 1 for 0.80, so that region and risk_class "
        "add up",
        "B: 2 of 20, a rate of 1/10, rounded up; here 2 for 2.00, so that region and risk_class "
        "add up",
        "A: 2 of 100, a rate of 1/50, rounded up; here 1 for 1.20, so that region and risk_class "
        "add up; 2 cells are one, so that nobody is left without a chance",
        "C: 0 of 5, a rate of 0, rounded up; here 0 for 0.00, so that region and risk_class add up",
    ]
    assert [tuple(map(str, row)) for row in sampler.deviations(frame)] == [
        ("region", "r0", "14/5", "3", "1/5"),
        ("region", "r1", "3/5", "1/2", "-1/10"),
        ("region", "r2", "3/5", "1/2", "-1/10"),
        ("risk_class", "A", "2", "2", "0"),
        ("risk_class", "B", "2", "2", "0"),
        ("risk_class", "C", "0", "0", "0"),
    ]
    split = BalancedSampler(rows="risk_class", columns="region", rates="20%", third="industry")
    names = [cell.name for cell in split.design(frame).cells]
    assert names == ["A/r0", "A/r1", "A/r2", "B/r0", "C/r2"]


def test_many_merged_cells_have_a_short_name():
    frame = frame_of([(n, "A", "food") for n in range(30)])
    (cell,) = BalancedSampler(rows="region", rates="1/100").design(frame).cells
    assert cell.name == "r0 + r1 + r10 + … (30 in all)/A"


def test_one_row_one_column_and_nobody():
    frame = frame_of([(0, "A", "food")] * 10)
    (cell,) = BalancedSampler(rows="region", rates="15%").design(frame).cells
    assert (cell.take, cell.size) == (2, 10)
    (cell,) = BalancedSampler(rows="region", rates="15%", third="industry").design(frame).cells
    assert (cell.take, cell.size, cell.name) == (2, 10, "r0/A")
    nobody, _ = FRAME.for_items("food", among=np.zeros(len(FRAME), dtype=bool))
    assert len(BalancedSampler(rows="region", rates="1%").design(nobody).cells) == 0
    assert BalancedSampler(rows="region", rates="1%").deviations(nobody) == []
    none = BalancedSampler(rows="region", rates="0%", third="industry").design(frame)
    assert [cell.take for cell in none.cells] == [0]


@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_thousands_of_rows(seed):
    rng = np.random.default_rng(seed)
    rows = [(int(n), "AB"[n % 2], "food") for n in rng.integers(0, 2000, 6000)]
    frame = frame_of(rows)
    design = BalancedSampler(rows="region", rates="5%").design(frame)
    assert sum(cell.take for cell in design.cells) == sum(
        ceil(Fraction(size, 20)) for size in Counter(frame.column("risk_class")).values()
    )


def test_what_the_unclassified_count_as_is_never_guessed():
    frame = frame_of([(n % 2, "A" if n > 9 else None, "food") for n in range(50)])
    for options in ({}, {"rates": {"A": "10%"}}):
        with pytest.raises(ParameterError, match="subjects without a risk class"):
            BalancedSampler(**{"rows": "region", "rates": "10%"} | options).design(frame)

    def cells(**options):
        sampler = BalancedSampler(rows="region", **options)
        return {cell.name: (cell.take, cell.size) for cell in sampler.design(frame).cells}

    one = cells(rates="10%", unclassified="B")
    assert one == {"r0/A": (2, 20), "r1/A": (2, 20), "r0 + r1/B": (1, 10)}
    assert cells(rates={"A": "10%"}, unclassified="A") == {"r0/A": (3, 25), "r1/A": (2, 25)}
    apart = cells(rates={"A": "10%", "unclassified": "40%"})
    assert apart["r0/unclassified"] == apart["r1/unclassified"] == (2, 5)
    industries = BalancedSampler(rows="region", columns="industry", rates="10%")
    assert len(industries.design(frame).cells) == 2


def test_a_value_without_a_rate():
    with pytest.raises(ParameterError, match=r"has no rate for \{'B': 126, 'C': 58, 'D': 20\}"):
        BalancedSampler(rows="region", rates={"A": "1%"}).design(FRAME)
    by_tags = BalancedSampler(rows="region", columns="tags", rates={"none": "1%", "food": "5%"})
    with pytest.raises(ParameterError, match="tags: subjects"):
        by_tags.design(FRAME)


@pytest.mark.parametrize(
    "given_",
    [
        {"rows": "owner"},
        {"rows": ()},
        {"rows": 3},
        {"rows": "risk_class"},
        {"rows": ("region", "region")},
        {"columns": "name"},
        {"columns": ("risk_class", "kind"), "rates": RATES},
        {"third": "region"},
        {"third": ("industry",)},
        {"third": "owner"},
        {"rates": 0.03},
        {"rates": {"A": 0.03}},
        {"rates": {"E": "3%"}},
        {"rates": {1: "3%"}},
        {"keep": "both"},
        {"least": 0.0},
        {"least": "101%"},
        {"unclassified": "E"},
    ],
)
def test_bad_parameters(given_):
    with pytest.raises(ParameterError):
        BalancedSampler(**{"rows": "region", "rates": "3%"} | given_)


@pytest.mark.parametrize(
    "sampler",
    [
        BalancedSampler(rows="region", rates="3%"),
        BalancedSampler(
            rows=("region", "kind"), columns="risk_class", rates=RATES, third="tags", keep="rows",
            least="1/50", unclassified="B",
        ),
    ],
)  # fmt: skip
def test_a_sampler_is_its_parameters(sampler):
    assert create(BalancedSampler, parameters(sampler), {}) == sampler
    assert BalancedSampler(rows=("region",), rates="3%", least=0) == BalancedSampler(
        rows="region", rates=Fraction(3, 100)
    )
    assert parameters(BalancedSampler(rows="region", rates="3%")) == {
        "rows": "region",
        "rates": "3/100",
    }


@pytest.mark.parametrize(
    "options",
    [
        {"rates": RATES},
        {"rates": RATES, "third": "tags"},
        {"rates": "20%", "keep": "rows"},
        {"rates": "2%", "least": "5%", "columns": "tags"},
    ],
)
def test_it_keeps_what_every_strategy_keeps(options):
    check_sampler(BalancedSampler(rows="region", **options), seeds=200)
