"""The three published ways to draw: what the audit finds in thirty draws, and in all inputs."""

from fractions import Fraction
from random import Random

import pytest

from files import ROOT, script
from randcheck.audit import PastSample, audit_history, audit_procedure, enumerate_procedure

SEEDS = range(10)


@pytest.fixture(scope="module")
def legacy():
    return script(ROOT / "examples" / "legacy_procedures.py")


def found(audit):
    return {test.name for test in audit.findings}


def test_every_start_of_the_fixed_skip(legacy):
    odds = enumerate_procedure(legacy.fixed_skip, legacy.FIRMS, 300, legacy.starts(1000, 300))
    assert (odds.samples, len(odds.never), odds.always) == (3, 100, ())
    assert set(odds.inclusion.values()) == {Fraction(0), Fraction(1, 3)}
    assert odds.never == tuple(legacy.FIRMS[900:])
    assert odds.joint(legacy.FIRMS[0], legacy.FIRMS[1]) == 0
    assert odds.joint(legacy.FIRMS[0], legacy.FIRMS[3]) == Fraction(1, 3)
    assert odds.never_together == 1000 * 999 // 2 - 3 * (300 * 299 // 2)


def test_the_fixed_skip_of_more_than_half(legacy):
    pool = legacy.FIRMS[:100]
    odds = enumerate_procedure(legacy.fixed_skip, pool, 60, legacy.starts(100, 60))
    assert (odds.samples, odds.never, len(odds.always)) == (2, (), 20)
    assert sum(odds.inclusion.values()) == 60


@pytest.mark.parametrize("seed", SEEDS)
def test_a_fixed_skip_is_found(legacy, seed):
    dice = Random(seed)

    def procedure(pool, count):
        return legacy.fixed_skip(pool, count, dice.choice(legacy.starts(len(pool), count)))

    audit = audit_procedure(procedure, legacy.FIRMS, 300, simulations=199)
    assert found(audit) >= {"never drawn", "lists alike", "pairs of firms", "spacing"}
    assert audit["never drawn"].statistic == 100
    always = audit_procedure(procedure, legacy.FIRMS[:100], 60, simulations=199)
    assert found(always) >= {"always drawn", "lists alike", "pairs of firms"}
    assert always["always drawn"].statistic == 20


@pytest.mark.parametrize("seed", SEEDS)
def test_refreshing_is_found_from_the_published_lists(legacy, seed):
    """Five favoured firms of a thousand: P(a fair history misses as many) is below 10^-8."""
    dice = Random(seed)

    def published(pool, count):
        return legacy.refresh(pool, count, dice)[-1]

    audit = audit_procedure(published, legacy.FIRMS, 300, simulations=199)
    test = audit["never drawn"]
    assert test.found
    assert all(name in test.says for name in legacy.FAVOURED)


@pytest.mark.parametrize("seed", SEEDS)
def test_refreshing_is_found_from_the_attempts(legacy, seed):
    dice = Random(seed)
    samples = []
    for number in range(30):
        attempts = legacy.refresh(legacy.FIRMS, 300, dice)
        samples += [
            PastSample(legacy.FIRMS, drawn, task=f"T-{number}", kept=place + 1 == len(attempts))
            for place, drawn in enumerate(attempts)
        ]
    audit = audit_history(samples, simulations=199)
    assert audit["redraws"].found
    assert all(name in audit["redraws"].says for name in legacy.FAVOURED)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("size", "staff", "count"), [(1000, 20, 300), (200, 13, 10)])
def test_round_robin_is_found(legacy, seed, size, staff, count):
    dice = Random(seed)

    def procedure(pool, count):
        return legacy.round_robin(pool, count, dice, legacy.INSPECTORS[:staff])

    audit = audit_procedure(procedure, legacy.FIRMS[:size], count, simulations=199)
    assert "successors" in found(audit)


def test_a_pool_of_one_is_found(legacy):
    dice = Random(1)

    def procedure(pool, count):
        return legacy.round_robin(pool, count, dice, ["inspector-07"])

    audit = audit_procedure(procedure, legacy.FIRMS[:50], 3, draws=1)
    assert audit["person twice"].p_value == 0
    assert "inspector-07 (3)" in audit["person twice"].says


def test_ours_passes(legacy):
    samples, _ = legacy.ours()
    audit = audit_history(samples)
    assert audit.ok, str(audit)
    assert {"pairings", "successors", "never drawn", "spacing"} <= {t.name for t in audit.tests}
