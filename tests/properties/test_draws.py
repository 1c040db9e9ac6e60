"""Whole draws against what their designs promise."""

import json
import pickle
from fractions import Fraction
from math import ceil, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

import randcheck as rc
from randcheck.testing import made_up_catalog, made_up_subjects
from worlds import AS_OF, RATES, inspectors, joint_task, world


@given(
    st.integers(1, 120),
    st.fractions(0, 1),
    st.integers(0, 4),
    st.text(min_size=1).filter(str.strip).filter(lambda t: t.isprintable()),
)
def test_counts_are_exact_for_any_rate_and_size(size, rate, spare, randomness):
    task = rc.Task(
        id="T",
        items=("disclosure",),
        sampler=rc.UniformSampler(rate=rate),
        as_of=AS_OF,
        reserves=spare,
    )
    subjects = made_up_subjects(size, seed=size)
    draw = rc.draw(task, subjects=subjects, catalog=made_up_catalog(), randomness=randomness)
    take = ceil(rate * size)
    assert len(draw.visits) == take
    assert len(draw.reserves) == min(spare, size - take)
    assert len({visit.subject_id for visit in draw.visits}) == take
    assert rc.verify(draw.record, sheet=draw.design, randomness=randomness).ok


def frequencies(draws):
    """The largest |z| of how often a subject is drawn for an item, and how many z there are."""
    opened = rc.commit(joint_task(), **world(60, seed=5))
    counts = {}
    for number in range(draws):
        for visit in opened.draw(f"number {number}").visits:
            for item in visit.items:
                counts[visit.subject_id, item] = counts.get((visit.subject_id, item), 0) + 1
    largest, cases = 0.0, 0
    for name in opened.design.ids:
        for item in opened.design.cells_of(name):
            rate = opened.design.inclusion_probability(name, item)
            seen = counts.get((name, item), 0)
            if rate in (0, 1):
                assert seen == draws * rate
                continue
            cases += 1
            deviation = sqrt(draws * float(rate) * float(1 - rate))
            largest = max(largest, abs(seen - draws * float(rate)) / deviation)
    return largest, cases


def bound_for(cases, alarm=1e-4):
    """What the largest of so many |z| exceeds with at most this probability (Bonferroni)."""
    return norm.isf(alarm / cases / 2)


def test_inclusion_frequencies_agree_with_the_exact_fractions():
    """False alarms: one in ten thousand, and the seeds are fixed."""
    largest, cases = frequencies(1_500)
    assert largest < bound_for(cases)


@pytest.mark.long
def test_inclusion_frequencies_agree_over_many_draws():
    largest, cases = frequencies(50_000)
    print(f"50,000 draws: largest |z| of {cases} is {largest:.2f}, bound {bound_for(cases):.2f}")
    assert largest < bound_for(cases)


STORED = [
    rc.Item("food", "Food", "law", applies_to=rc.Scope(tags=("a",)), specialties=("food",)),
    rc.Subject("s", "Subject", region="r", risk_class="D", tags=("x", "y")),
    next(iter(inspectors(1))),
    rc.Scope(regions=("1303",), statuses=None),
    rc.PastDraw("s", AS_OF, "T"),
    rc.PublicSource("lottery", "tomorrow's"),
    rc.Rehearsal(),
    joint_task(exclusions=(rc.DrawnWithin(months=3), rc.OwnerExcluded()), lead="a"),
    rc.Plan(id="2026", year=2026, authority="an office", tasks=(joint_task(),)),
    rc.commit(joint_task(), **world(60)).commitment,
    rc.draw(joint_task(), **world(60), randomness="1").record,
]
OTHERS = [
    rc.UniformSampler(rate="3%"),
    rc.RiskStratifiedSampler(rates=RATES, floor={"A": 1}),
    rc.RiskStratifiedSampler(total=5, allocation=rc.NeymanAllocation({"A": "0.5"})),
    joint_task().sampler,
    rc.FairMatcher(team_size=3),
    rc.DrawnThisYear(),
    rc.YearlyCap(2),
    rc.Cell(1, ["a"], items="food"),
    made_up_subjects(5),
    made_up_catalog(),
    inspectors(),
    rc.verify(b"", b""),
]


@pytest.mark.parametrize("value", STORED, ids=lambda value: type(value).__name__)
def test_what_is_stored_survives_json(value):
    described = json.loads(json.dumps(value.to_json()))
    copy = type(value).from_json(described)
    assert copy == value
    assert copy.to_json() == value.to_json()


@pytest.mark.parametrize("value", [*STORED, *OTHERS], ids=lambda value: type(value).__name__)
def test_all_public_values_pickle_and_are_their_data(value):
    copy = pickle.loads(pickle.dumps(value))
    assert copy == value
    assert hash(copy) == hash(value)
    assert repr(copy) == repr(value)
    assert " at 0x" not in repr(value)


@given(st.integers(0, 3), st.randoms())
def test_the_order_of_rows_changes_nothing(seed, random):
    given_ = world(80, seed=seed)
    rows = list(given_["subjects"])
    random.shuffle(rows)
    again = {"subjects": rc.SubjectRegistry.from_records(rows), "catalog": given_["catalog"]}
    one = rc.draw(joint_task(), **given_, randomness="1")
    two = rc.draw(joint_task(), **again, randomness="1")
    assert one.record.to_bytes() == two.record.to_bytes()


@given(st.integers(0, 200), st.integers(1, 3))
def test_realised_rates_are_reported_and_never_below_the_legal_ones(seed, strata):
    frame = rc.build_frame(joint_task(), **world(100, seed=seed))
    sampler = rc.RiskStratifiedSampler(rates=RATES, strata=("region", "tags", "kind")[:strata])
    for cell in sampler.design(frame).cells:
        legal = Fraction({"A": 1, "B": 3, "C": 10, "D": 100}[cell.name[0]], 100)
        assert legal <= cell.rate < legal + Fraction(1, cell.size)
