"""How often the audit finds something in what is fair: at most its level, 5 %.

The histories hold all that the tests ask for: pools that vary, teams, several attempts, strata.
"""

from datetime import date
from fractions import Fraction
from random import Random

import pytest

import randcheck as rc
from randcheck.audit import PastSample, audit_history

FIRMS = [f"firm-{number:03}" for number in range(200)]
STAFF = [f"inspector-{number:02}" for number in range(12)]
STRATA = {name: "AABBBCC"[place % 7] for place, name in enumerate(FIRMS)}
RATES = {"A": 0.5, "B": 0.2, "C": 0.05}


def fair(seed, stratified):
    """Twelve draws of about 40 firms by Python's dice; every third has three attempts."""
    dice, samples = Random(seed), []
    for number in range(12):
        pool = sorted(dice.sample(FIRMS, dice.randint(150, 200)))
        attempts = 3 if number % 3 == 0 else 1
        keep = dice.randrange(attempts)
        for place in range(attempts):
            drawn = dice.sample(pool, 40)
            if stratified:
                drawn = []
                for stratum, rate in RATES.items():
                    members = [name for name in pool if STRATA[name] == stratum]
                    drawn += dice.sample(members, round(rate * len(members)))
                dice.shuffle(drawn)
            samples.append(
                PastSample(
                    pool,
                    drawn,
                    teams=[dice.sample(STAFF, 2) for _ in drawn],
                    task=f"T-{number}",
                    kept=place == keep,
                    strata=STRATA if stratified else None,
                )
            )
    return samples


def alarms(seeds, stratified=False):
    found = 0
    for seed in seeds:
        audit = audit_history(fair(seed, stratified), simulations=199, seed=seed)
        assert len(audit.tests) >= 10
        found += not audit.ok
    return found


@pytest.mark.parametrize("stratified", [False, True])
def test_fair_histories_are_left_alone(stratified):
    """At a rate of 5 %, more than 23 of 200 come up less than once in 10^4."""
    from scipy.stats import binom

    assert binom.sf(23, 200, 0.05) < 1e-4
    assert alarms(range(200), stratified) <= 23


def test_unequal_rates_without_their_strata_are_found():
    samples = [
        PastSample(each.pool, each.drawn, task=each.task, kept=each.kept) for each in fair(0, True)
    ]
    assert audit_history(samples)["uneven counts"].found


@pytest.mark.long
@pytest.mark.parametrize("stratified", [False, True])
def test_a_thousand_fair_histories(stratified):
    found = alarms(range(1000), stratified)
    print(f"fair histories, stratified {stratified}: {found} of 1000 with a finding")
    assert found <= 65


def ours(draws, run):
    samples = []
    for number, opened in enumerate(draws):
        attempts = 3 if number % 3 == 0 else 1
        keep = Random(1000 * run + number).randrange(attempts)
        for place in range(attempts):
            draw = opened.draw(f"a made-up lottery, issue {run}, {number}, {place}")
            samples.append(
                PastSample(
                    sorted(opened.frame.ids),
                    [visit.subject_id for visit in draw.visits],
                    teams=[visit.team or () for visit in draw.visits],
                    task=opened.task.id,
                    kept=place == keep,
                )
            )
    return samples


def opened_draws():
    """Twelve tasks of ours over pools that vary, committed and waiting for their randomness."""
    inspectors = rc.InspectorRegistry.from_records(
        rc.Inspector(
            name, name, "market", certificate=name, certificate_expires=date(2030, 1, 1)
        )
        for name in STAFF
    )  # fmt: skip
    catalog = rc.ItemCatalog.from_records([rc.Item("price", "Price marking", "a made-up law")])
    for number in range(12):
        dice = Random(number)
        pool = sorted(dice.sample(FIRMS, dice.randint(150, 200)))
        task = rc.Task(
            id=f"T-{number}", items=("price",), as_of=date(2026, 7, 1),
            sampler=rc.UniformSampler(count=40), matcher=rc.FairMatcher(team_size=2),
        )  # fmt: skip
        subjects = rc.SubjectRegistry.from_records(
            rc.Subject(name, name, region="990101") for name in pool
        )
        yield rc.commit(task, subjects=subjects, catalog=catalog, inspectors=inspectors)


@pytest.mark.long
def test_a_thousand_histories_of_ours():
    """With pools, tickets and teams of randcheck itself: silent but at the stated rate."""
    draws, found = list(opened_draws()), []
    for run in range(1000):
        audit = audit_history(ours(draws, run), simulations=199, seed=run)
        found += [test.name for test in audit.findings][:1]
    print(f"randcheck's own draws: {len(found)} of 1000 with a finding")
    assert Fraction(len(found), 1000) <= Fraction(65, 1000), found
