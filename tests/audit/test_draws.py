"""The statistics about firms, and the fair copies they are compared with."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from randcheck.audit import PastSample, audit_history
from randcheck.audit.draws import World, _gap_variance, _subsets

FIRMS = [f"firm-{number:03}" for number in range(60)]


def fair(seed, draws=10, count=12, pool=FIRMS):
    dice = Random(seed)
    return [PastSample(pool, dice.sample(pool, count)) for _ in range(draws)]


@given(st.integers(1, 9), st.data())
def test_a_subset_has_the_count_asked_for(size, data):
    take = data.draw(st.integers(0, size))
    mask = _subsets(20, size, take, np.random.Generator(np.random.PCG64(1)))
    assert mask.shape == (20, size)
    assert (mask.sum(axis=1) == take).all()


@pytest.mark.parametrize("take", [1, 2, 4, 5])
def test_subsets_are_equally_likely(take):
    """χ² over all subsets of 6; a right sampler fails once in 10^6 runs, and the seed is fixed."""
    from scipy.stats import chisquare

    mask = _subsets(60_000, 6, take, np.random.Generator(np.random.PCG64(take)))
    counts = np.unique(mask @ (1 << np.arange(6)), return_counts=True)[1]
    assert len(counts) == {1: 6, 2: 15, 4: 15, 5: 6}[take]
    assert chisquare(counts).pvalue > 1e-6


@given(st.integers(4, 9), st.data())
def test_the_expected_spread_of_gaps_is_exact(size, data):
    """The mean over all subsets of Σ (gap − mean)² is (n − 2) times the stated variance."""
    from itertools import combinations

    take = data.draw(st.integers(3, size - 1))
    gaps = [np.diff(each) for each in combinations(range(size), take)]
    mean = np.mean([((each - each.mean()) ** 2).sum() for each in gaps])
    assert mean == pytest.approx((take - 2) * _gap_variance(size, take))


@given(st.integers(0, 30))
def test_copies_keep_the_counts_of_every_stratum(seed):
    dice = Random(seed)
    strata = {name: "AB"[place % 3 == 0] for place, name in enumerate(FIRMS)}
    samples = [
        PastSample(pool, dice.sample(pool, 9), strata=strata if dice.random() < 0.7 else None)
        for pool in (sorted(dice.sample(FIRMS, 40)) for _ in range(4))
    ]
    world = World.of(samples)
    [(drawn, spread)] = world.fair(25, np.random.Generator(np.random.PCG64(seed)))
    assert not (drawn & ~world.inside).any()
    for block in world.blocks:
        assert (drawn[:, block.draw, block.columns].sum(axis=1) == block.take).all()
    assert spread.shape == (25,)


def test_parts_are_no_other_copies(monkeypatch):
    """Memory decides how many copies are made at once, and each has its own randomness."""
    whole = audit_history(fair(1), simulations=199)
    monkeypatch.setattr("randcheck.audit.report.AT_ONCE", 7 * 600)
    parts = audit_history(fair(1), simulations=199)
    assert whole.ok
    assert parts.ok
    assert [test.statistic for test in whole.tests] == [test.statistic for test in parts.tests]


def planted(fault, seed):
    dice = Random(seed)
    samples = []
    for number in range(30):
        rest = FIRMS[3:]
        if fault == "never drawn":
            drawn = dice.sample(rest, 20)
        elif fault == "always drawn":
            drawn = FIRMS[:3] + dice.sample(rest, 17)
        elif fault == "uneven counts":
            order = sorted(FIRMS, key=lambda name: dice.random() ** (1 + (name > "firm-030")))
            drawn = order[:20]
        elif fault == "lists alike":
            drawn = samples[4].drawn if number == 17 else dice.sample(FIRMS, 20)
        elif fault == "pairs of firms":
            half = dice.choice([FIRMS[::2], FIRMS[1::2]])
            drawn = dice.sample(half, 20)
        else:
            start = dice.randrange(60)
            drawn = [FIRMS[(start + place) % 60] for place in range(20)]
            if fault == "spacing, skip":
                drawn = FIRMS[dice.randrange(3) :: 3]
        samples.append(PastSample(FIRMS, drawn))
    return audit_history(samples, simulations=399)


@pytest.mark.parametrize(
    "fault",
    ["never drawn", "always drawn", "uneven counts", "lists alike", "pairs of firms",
     "spacing, block", "spacing, skip"],
)  # fmt: skip
def test_each_fault_is_found_by_its_test(fault):
    for seed in range(5):
        test = planted(fault, seed)[fault.partition(",")[0]]
        assert test.found, (fault, seed)
        assert test.method == "simulated"


def test_findings_name_firms():
    assert "firm-000, firm-001, firm-002" in planted("never drawn", 0)["never drawn"].says
    assert planted("always drawn", 0)["always drawn"].statistic == 3
    assert "draw 5 and draw 18 share 20 firms" in planted("lists alike", 0)["lists alike"].says
    assert "evenly" in planted("spacing, skip", 0)["spacing"].says
    assert "in clumps" in planted("spacing, block", 0)["spacing"].says


def test_a_rule_that_spares_firms_drawn_lately_is_no_fault():
    """A cycle through the registry: draws are not compared, and the audit says so."""
    alarms = 0
    for seed in range(60):
        dice, pool, samples = Random(seed), FIRMS, []
        for _ in range(5):
            samples.append(PastSample(pool, dice.sample(pool, 10)))
            pool = [name for name in pool if name not in samples[-1].drawn]
        audit = audit_history(samples, simulations=199)
        assert {test.name for test in audit.tests} == {"spacing"}
        assert "spares them" in audit.indicators[0]
        alarms += not audit.ok
    assert alarms <= 12  # at 5 % and less: once in 10^5


def test_pools_that_come_and_go_are_no_rule():
    dice = Random(3)
    pools = [sorted(dice.sample(FIRMS, 45)) for _ in range(20)]
    audit = audit_history([PastSample(pool, dice.sample(pool, 15)) for pool in pools])
    assert not audit.indicators
    assert audit["never drawn"].p_value <= 1


def test_what_cannot_vary_is_not_asked():
    everybody = [PastSample(FIRMS, FIRMS)] * 3
    assert audit_history(everybody).tests == ()
    assert audit_history([PastSample(FIRMS, [])]).indicators == ("attempts that drew nobody: 1",)
    once = audit_history(fair(1, draws=1))
    assert [test.name for test in once.tests] == ["spacing"]
    twice = audit_history(fair(1, draws=2))
    assert "pairs of firms" not in {test.name for test in twice.tests}


def test_one_firm_of_a_small_stratum_that_is_never_drawn():
    """Firms at low rates are missed by luck all the time; the one at a high rate stands out."""
    for seed in range(5):
        dice = Random(seed)
        strata = {name: "high" if place < 10 else "low" for place, name in enumerate(FIRMS)}
        samples = [
            PastSample(
                FIRMS, dice.sample(FIRMS[1:10], 5) + dice.sample(FIRMS[10:], 5), strata=strata
            )
            for _ in range(15)
        ]
        test = audit_history(samples, simulations=199)["never drawn"]
        assert test.found
        assert "ask why: firm-000" in test.says
