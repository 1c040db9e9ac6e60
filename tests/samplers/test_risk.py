from collections import Counter
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

import randcheck as rc
from randcheck.errors import ParameterError
from randcheck.testing import check_sampler, made_up_catalog, made_up_frame
from worlds import AS_OF, RATES

FRAME = made_up_frame(300, seed=2)
SIZES = Counter(FRAME.column("risk_class"))


def cells(sampler, frame=FRAME):
    return {cell.name: (cell.size, cell.take) for cell in sampler.design(frame).cells}


@given(st.fixed_dictionaries(dict.fromkeys("ABCD", st.fractions(0, 1))))
def test_each_class_takes_its_rate_rounded_up(rates):
    expected = {name: (SIZES[name], ceil(rates[name] * SIZES[name])) for name in "ABCD"}
    assert cells(rc.RiskStratifiedSampler(rates=rates)) == expected


def test_a_class_at_100_percent_is_taken_whole():
    size, take = cells(rc.RiskStratifiedSampler(rates=RATES))["D"]
    assert size == take > 0


@given(st.integers(4, 300), st.integers(0, 3))
def test_a_total_is_met_and_so_are_floors(total, floor):
    if total < 4 * floor:
        return
    found = cells(rc.RiskStratifiedSampler(total=total, floor=floor))
    assert sum(take for _, take in found.values()) == total
    assert all(take >= min(floor, size) for size, take in found.values())


@given(st.integers(0, 400))
def test_a_floor_is_met_or_the_class_is_taken_whole(floor):
    found = cells(rc.RiskStratifiedSampler(rates=dict.fromkeys("ABCD", "1%"), floor={"D": floor}))
    size, take = found["D"]
    assert take == max(min(floor, size), ceil(Fraction(size, 100)))
    assert found["A"] == (SIZES["A"], ceil(Fraction(SIZES["A"], 100)))


def test_a_floor_counts_over_all_strata_of_a_class():
    sampler = rc.RiskStratifiedSampler(
        rates=dict.fromkeys("ABCD", "0%"), floor={"D": 7}, strata=("region",)
    )
    found = cells(sampler)
    assert sum(take for name, (_, take) in found.items() if name.startswith("D/")) == 7
    assert all(take == 0 for name, (_, take) in found.items() if not name.startswith("D/"))


def test_neyman_within_a_total():
    rule = rc.NeymanAllocation({"A": "0.1", "B": "0.2", "C": "0.4", "D": "0.5"})
    found = cells(rc.RiskStratifiedSampler(total=40, allocation=rule))
    assert sum(take for _, take in found.values()) == 40


def test_further_strata_are_cells_of_their_own():
    sampler = rc.RiskStratifiedSampler(rates=RATES, strata=("region", "tags"))
    found = sampler.design(FRAME).cells
    keys = set(zip(*(FRAME.column(name) for name in ("risk_class", "region", "tags")), strict=True))
    assert len(found) == len(keys)
    for cell in found:
        assert cell.take == ceil(Fraction(RATES_EXACT[cell.name[0]]) * cell.size)
        assert len({tuple(FRAME.column(n)[k] for n in ("risk_class", "region", "tags"))
                    for k in cell.members}) == 1  # fmt: skip


RATES_EXACT = {"A": Fraction(1, 100), "B": Fraction(3, 100), "C": Fraction(1, 10), "D": Fraction(1)}


def unclassified_frame():
    subjects = rc.SubjectRegistry.from_records(
        rc.Subject(
            f"s{n}", "x", region="r", industry=None, risk_class="AB"[n % 2] if n > 9 else None
        )
        for n in range(50)
    )
    task = rc.Task(id="T", items=("disclosure",), sampler=rc.UniformSampler(count=1), as_of=AS_OF)
    return rc.build_frame(task, subjects=subjects, catalog=made_up_catalog())


def test_what_the_unclassified_count_as_is_never_guessed():
    frame = unclassified_frame()
    with pytest.raises(ParameterError, match="10 subjects without a risk class"):
        rc.RiskStratifiedSampler(rates=RATES).design(frame)
    with pytest.raises(ParameterError, match="10 subjects without a risk class"):
        rc.RiskStratifiedSampler(total=5).design(frame)
    counted = cells(rc.RiskStratifiedSampler(rates=RATES, unclassified="B"), frame)
    assert counted == {"A": (20, 1), "B": (30, 1)}
    apart = cells(rc.RiskStratifiedSampler(rates={**RATES, "unclassified": "50%"}), frame)
    assert apart["unclassified"] == (10, 5)
    total = cells(rc.RiskStratifiedSampler(total=5, unclassified="unclassified"), frame)
    assert sum(take for _, take in total.values()) == 5
    strata = rc.RiskStratifiedSampler(rates=RATES, unclassified="A", strata=("industry",))
    assert cells(strata, frame)["A/unknown"] == (30, 1)


def test_a_class_without_a_rate():
    with pytest.raises(ParameterError, match="has no rate for"):
        rc.RiskStratifiedSampler(rates={"A": "1%"}).design(FRAME)


@pytest.mark.parametrize(
    "given_",
    [
        {},
        {"rates": RATES, "total": 5},
        {"rates": {"E": "1%"}},
        {"rates": "3%"},
        {"rates": {1: "3%"}},
        {"rates": {"A": 0.01}},
        {"total": -1},
        {"rates": RATES, "floor": -1},
        {"rates": RATES, "floor": {"E": 1}},
        {"rates": RATES, "unclassified": "E"},
        {"rates": RATES, "strata": ("owner",)},
    ],
)
def test_bad_parameters(given_):
    with pytest.raises(ParameterError):
        rc.RiskStratifiedSampler(**given_)


def test_one_stratum_may_be_given_as_text():
    assert rc.RiskStratifiedSampler(rates=RATES, strata="region").strata == ("region",)


def test_it_keeps_what_every_strategy_keeps():
    check_sampler(rc.RiskStratifiedSampler(rates=RATES, strata=("region",)), seeds=200)
    check_sampler(rc.RiskStratifiedSampler(total=20, floor=1), seeds=200)
