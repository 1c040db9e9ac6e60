from collections import Counter
from datetime import date
from fractions import Fraction
from math import ceil, comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import randcheck as rc
from randcheck.errors import ParameterError
from randcheck.testing import check_sampler, made_up_catalog
from worlds import AS_OF, RATES


def world(size=60, *, tags=None):
    return rc.SubjectRegistry.from_records(
        rc.Subject(f"s{n:03}", "x", region="r", risk_class="AABC"[n % 4],
                   tags=("food",) if tags and n % tags == 0 else ())
        for n in range(size)
    )  # fmt: skip


def frame_of(subjects, past=(), day=AS_OF):
    history = rc.History.from_records(rc.PastDraw(name, when, task) for name, when, task in past)
    task = rc.Task(id="T", items=("disclosure",), sampler=rc.UniformSampler(count=1), as_of=day)
    return rc.build_frame(task, subjects=subjects, catalog=made_up_catalog(), history=history)


JUNE = date(AS_OF.year - 1, 12, 1)


@given(
    st.integers(1, 60),
    st.integers(0, 59),
    st.fractions(0, 1),
    st.sampled_from(["0", "1/4", "1/2", "1"]),
)
def test_a_cell_gives_as_many_as_without_rotation(size, drawn, rate, chance):
    frame = frame_of(world(size), [(f"s{n:03}", JUNE, "old") for n in range(min(drawn, size))])
    inner = rc.RiskStratifiedSampler(rates=dict.fromkeys("ABC", rate))
    design = rc.Rotation(inner, months=12, chance=chance).design(frame)
    before = {cell.name: cell for cell in inner.design(frame).cells}
    for name, cell in before.items():
        parts = [each for each in design.cells if each.name.split("/")[0] == name]
        assert sum(each.take for each in parts) == cell.take
        assert sum(each.size for each in parts) == cell.size
        if len(parts) == 2:
            rested, resting = parts
            assert resting.rate <= rested.rate or rested.rate == 1
            if resting.take < rested.take and rested.rate < 1:
                assert resting.rate <= Fraction(chance) * rested.rate


def test_who_was_drawn_lately_rests():
    past = [("s000", JUNE, "old"), ("s001", date(AS_OF.year - 3, 1, 1), "old")]
    frame = frame_of(world(20), past)
    design = rc.Rotation(rc.UniformSampler(count=5), months=12).design(frame)
    assert [(c.name, c.size, c.take) for c in design.cells] == [
        ("all/rested", 19, 5), ("all/resting", 1, 0),
    ]  # fmt: skip
    assert design.inclusion_probability("s000") == 0
    assert design.inclusion_probability("s001") == Fraction(5, 19)
    other = rc.Rotation(rc.UniformSampler(count=5), months=12, tasks=("food",)).design(frame)
    assert [(c.name, c.size, c.take) for c in other.cells] == [("all", 20, 5)]
    whole = rc.Rotation(rc.UniformSampler(rate="100%"), months=12).design(frame)
    assert all(c.take == c.size for c in whole.cells)


def test_the_odds_of_two_years_are_what_the_rate_says_exactly():
    """Over all first draws of 3 of 8, each firm's expected visits in two years are 2 × 3 / 8."""
    subjects = world(8)
    sampler = rc.Rotation(rc.UniformSampler(count=3), months=12, chance="1/2")
    from itertools import combinations

    burden = dict.fromkeys(subjects.ids, Fraction(0))
    for drawn in combinations(subjects.ids, 3):
        frame = frame_of(subjects, [(name, JUNE, "old") for name in drawn])
        design = sampler.design(frame)
        for name in subjects.ids:
            burden[name] += Fraction(name in drawn) + design.inclusion_probability(name)
    assert {each / comb(8, 3) for each in burden.values()} == {Fraction(6, 8)}


def years(sampler_of, subjects, many, seed):
    """How often each firm is drawn in some years, drawn from the designs with a generator."""
    dice = np.random.Generator(np.random.PCG64(seed))
    past: list[tuple[str, date, str]] = []
    for year in range(many):
        day = date(2026 + year, 7, 1)
        design = sampler_of(year).design(frame_of(subjects, past, day))
        for cell in design.cells:
            for place in dice.permutation(cell.members)[: cell.take]:
                past.append((design.ids[place], day, f"T{year}"))
    return Counter(name for name, _, _ in past)


@pytest.mark.parametrize(("months", "chance"), [(18, "0"), (30, "0"), (18, "1/3")])
def test_each_firms_expected_burden_over_a_cycle_is_what_the_rates_say(months, chance):
    """250 simulated runs of six years: each firm's mean burden, by a bound of one in a million."""
    from scipy.stats import norm

    subjects = world(24)
    rates = {"A": "1/6", "B": "1/3", "C": "1/6"}
    inner = rc.RiskStratifiedSampler(rates=rates)
    sizes = Counter(subjects.column("risk_class"))
    runs, spans = 250, 6
    total, squares = Counter(), Counter()
    for seed in range(runs):
        found = years(lambda _: rc.Rotation(inner, months=months, chance=chance), subjects,
                      spans, seed)  # fmt: skip
        for name in subjects.ids:
            total[name] += found[name]
            squares[name] += found[name] ** 2
    worst = 0.0
    for name, risk_class in zip(subjects.ids, subjects.column("risk_class"), strict=True):
        size = sizes[risk_class]
        expected = spans * Fraction(ceil(Fraction(rates[risk_class]) * size), size)
        mean = total[name] / runs
        error = ((squares[name] / runs - mean**2) / runs) ** 0.5
        worst = max(worst, abs(mean - float(expected)) / max(error, 1e-9))
    assert worst < norm.isf(1e-6 / (2 * len(subjects)))


def test_rotation_spreads_the_burden():
    """With rest the burdens of four years vary less than without."""
    subjects = world(40)
    inner = rc.UniformSampler(rate="25%")

    def spread(sampler):
        found = [years(lambda _: sampler, subjects, 4, seed) for seed in range(40)]
        return np.var([counts[name] for counts in found for name in subjects.ids])

    assert spread(rc.Rotation(inner, months=40)) == 0  # everybody once in four years
    assert spread(rc.Rotation(inner, months=18)) < spread(inner) * 2 / 3


# --- cycles ------------------------------------------------------------------------------------


def cycle(number, **more):
    return rc.CycleSampler(begins=date(2026, 1, 1), draws=4, number=number, **more)


@pytest.mark.parametrize("size", [1, 3, 4, 10, 37])
def test_a_cycle_covers_everybody_once(size):
    subjects = world(size)
    for seed in range(5):
        found = years(lambda year: cycle(year + 1), subjects, 4, seed)
        assert found == dict.fromkeys(subjects.ids, 1)


def test_every_batch_is_equally_likely():
    """χ² of which of four draws each of twelve firms was in, 1,000 cycles; one in a million."""
    from scipy.stats import chi2

    subjects = world(12)
    times = np.zeros((12, 4))
    for seed in range(1000):
        dice = np.random.Generator(np.random.PCG64(seed))
        past = []
        for number in range(1, 5):
            day = date(2026, 2 * number, 1)
            design = cycle(number).design(frame_of(subjects, past, day))
            for cell in design.cells:
                for place in dice.permutation(cell.members)[: cell.take]:
                    past.append((design.ids[place], day, "c"))
                    times[place, number - 1] += 1
    assert (times.sum(axis=1) == 1000).all()
    statistic = ((times - 250) ** 2 / 250).sum()
    assert statistic < chi2.isf(1e-6, 12 * 3)


def test_only_tagged_subjects_have_turns_and_the_others_a_sampler():
    subjects = world(40, tags=4)
    past = [("s000", date(2026, 1, 1), "food-1"), ("s004", date(2025, 12, 31), "food-0"),
            ("s008", date(2026, 2, 1), "price-1")]  # fmt: skip
    frame = frame_of(subjects, past)
    sampler = cycle(2, tags=("food",), others=rc.RiskStratifiedSampler(rates=RATES), tasks="food")
    design = sampler.design(frame)
    assert [(c.name, c.size, c.take) for c in design.cells][:2] == [
        ("cycle", 9, 3), ("cycle/done", 1, 0),
    ]  # fmt: skip
    assert {c.name for c in design.cells[2:]} == {"others/A", "others/B", "others/C"}
    assert design.cells[0].why == "draw 2 of 4: 9 wait, 1 had theirs"
    stratified = cycle(4, strata=("region",)).design(frame_of(world(9)))
    assert [(c.name, c.size, c.take) for c in stratified.cells] == [("cycle/r", 9, 9)]


def test_they_need_a_history():
    from randcheck.testing import made_up_subjects

    task = rc.Task(id="T", items=("disclosure",), sampler=cycle(1), as_of=AS_OF)
    frame = rc.build_frame(task, subjects=made_up_subjects(9), catalog=made_up_catalog())
    for sampler in (cycle(1), rc.Rotation(rc.UniformSampler(count=1), months=3)):
        with pytest.raises(ParameterError, match="cannot answer how often subjects were drawn"):
            sampler.design(frame)


@pytest.mark.parametrize(
    "make",
    [
        lambda: rc.Rotation("3%", months=12),
        lambda: rc.Rotation(rc.UniformSampler, months=12),
        lambda: rc.Rotation(rc.UniformSampler(count=1), months=0),
        lambda: rc.Rotation(rc.UniformSampler(count=1), months=12, chance=0.5),
        lambda: rc.Rotation(rc.UniformSampler(count=1), months=12, tasks=3),
        lambda: cycle(0),
        lambda: cycle(5),
        lambda: cycle(1, tags=("food",)),
        lambda: cycle(1, others=rc.UniformSampler(count=1)),
        lambda: cycle(1, tags=("food",), others=3),
        lambda: cycle(1, strata=("id",)),
        lambda: rc.CycleSampler(begins="soon", draws=4, number=1),
        lambda: rc.CycleSampler(begins=3, draws=4, number=1),
    ],
)
def test_bad_parameters(make):
    with pytest.raises(ParameterError):
        make()


def test_they_keep_what_every_strategy_keeps():
    past = [(f"s{n:03}", JUNE, "old") for n in range(0, 60, 3)]
    frames = [frame_of(world(60), past)]
    check_sampler(
        rc.Rotation(rc.RiskStratifiedSampler(rates=RATES), months=12, chance="1/2"), frames
    )
    check_sampler(cycle(2, others=rc.UniformSampler(rate="10%"), tags="food"), frames)


def test_a_day_survives_json():
    task = rc.Task(id="T", items=("disclosure",), sampler=cycle(2), as_of=AS_OF)
    assert rc.Task.from_json(task.to_json()) == task
    nested = rc.Rotation(rc.UniformSampler(rate="3%"), months=12, tasks=("food",))
    again = rc.Task(id="T", items=("disclosure",), sampler=nested, as_of=AS_OF)
    assert rc.Task.from_json(again.to_json()) == again
