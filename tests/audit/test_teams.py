"""The statistics about teams, and the ways to deal them out."""

from collections import Counter
from random import Random

import numpy as np
import pytest

from randcheck.audit import PastSample, audit_history
from randcheck.audit.teams import Visits, _tally, _Tests

FIRMS = [f"firm-{number:03}" for number in range(80)]
STAFF = [f"inspector-{number}" for number in range(9)]


def history(seed=0, draws=12, size=20, deal=None, strata=None):
    dice = Random(seed)
    samples = []
    for _ in range(draws):
        drawn = dice.sample(FIRMS, size)
        teams = [dice.sample(STAFF, 2) for _ in drawn]
        if deal:
            teams = deal(dice, drawn, teams)
        samples.append(PastSample(FIRMS, drawn, teams=teams, strata=strata))
    return samples


def test_teams_stay_in_their_draw_and_stratum():
    strata = {name: "AB"[place % 2] for place, name in enumerate(FIRMS)}
    visits = Visits.of(history(strata=strata))
    dealt = visits.deal(15, np.random.Generator(np.random.PCG64(1)))
    assert dealt.shape == (15, 240, 2)
    for copy in dealt:
        for cell in range(24):
            before = Counter(map(tuple, visits.members[visits.cell == cell].tolist()))
            assert Counter(map(tuple, copy[visits.cell == cell].tolist())) == before
    assert len({copy.tobytes() for copy in dealt}) == 15


def test_each_way_to_deal_is_equally_likely():
    """χ² over the 24 orders of four teams; a right one fails once in 10^6 runs; a fixed seed."""
    from scipy.stats import chisquare

    sample = PastSample(FIRMS[:4], FIRMS[:4], teams=[["i"], ["j"], ["k"], ["l"]])
    dealt = Visits.of([sample]).deal(24_000, np.random.Generator(np.random.PCG64(1)))
    counts = np.unique(dealt[:, :, 0] @ 4 ** np.arange(4), return_counts=True)[1]
    assert len(counts) == 24
    assert chisquare(counts).pvalue > 1e-6


@pytest.mark.parametrize("width", [6, 100_000])
def test_tally_counts_in_both_ways(width):
    keys = np.array([[0, 2, 2, -1, 5, 2], [5, 5, 0, -1, -1, 1]])
    rows, found, counts = _tally(keys, width)
    assert list(zip(rows.tolist(), found.tolist(), counts.tolist(), strict=True)) == [
        (0, 0, 1), (0, 2, 3), (0, 5, 1), (1, 0, 1), (1, 1, 1), (1, 5, 2),
    ]  # fmt: skip


def test_expected_meetings_are_their_mean():
    visits = Visits.of(history(draws=6, size=40))
    tests = _Tests.of(visits)
    dealt = visits.deal(4000, np.random.Generator(np.random.PCG64(2)))
    width = len(visits.inspectors) * len(visits.firms)
    _, keys, counts = _tally(visits.meetings(dealt).reshape(1, -1), width)
    assert counts / 4000 == pytest.approx(tests.expect(keys), abs=0.06)


def test_one_inspector_at_one_firm_every_time():
    def deal(dice, drawn, teams):
        if FIRMS[7] in drawn:
            place = drawn.index(FIRMS[7])
            teams[place] = ["inspector-3", next(name for name in STAFF if name != "inspector-3")]
        return teams

    test = audit_history(history(deal=deal, draws=40, size=40))["pairings"]
    assert test.found
    assert test.says.startswith("inspector-3 went to firm-007")


def test_a_rota_is_found():
    def deal(dice, drawn, teams):
        start = dice.randrange(9)
        return [[STAFF[(start + place) % 9]] for place in range(len(drawn))]

    for seed in range(5):
        audit = audit_history(history(seed, deal=deal))
        assert audit["successors"].found
        assert "came after" in audit["successors"].says


def test_one_person_twice_is_impossible():
    audit = audit_history(
        [PastSample(FIRMS, FIRMS[:3], teams=[["i", "j"], ["i", "i"], ["j", "j"]])]
    )
    test = audit["person twice"]
    assert (test.p_value, test.adjusted, test.found, test.method) == (0, 0, True, "exact")
    assert "i (1), j (1)" in test.says
    assert test.statistic == 2


def test_teams_that_are_all_alike_leave_nothing_to_ask():
    samples = [PastSample(FIRMS, FIRMS[:20], teams=[["i", "j"]] * 20)] * 3
    names = {test.name for test in audit_history(samples).tests}
    assert "person twice" in names
    assert not names & {"pairings", "successors"}


def test_regions_are_no_pairing_when_they_are_strata():
    """An inspector who may go to one region only is expected there."""
    strata = {name: STAFF[place % 3] for place, name in enumerate(FIRMS)}

    def deal(dice, drawn, teams):
        return [[strata[name], dice.choice(STAFF[3:])] for name in drawn]

    plain = audit_history(history(deal=deal, draws=60))
    assert plain["pairings"].p_value < plain["pairings"].p_value.__class__(5, 100)
    assert audit_history(history(deal=deal, draws=60, strata=strata)).ok


def test_visits_without_a_team_and_draws_without_teams():
    samples = history()
    some = PastSample(FIRMS, FIRMS[:3], teams=[[], ["inspector-1"], []])
    audit = audit_history([*samples, some, PastSample(FIRMS, FIRMS[3:30:9])])
    assert "successors" in {test.name for test in audit.tests}
    assert audit_history([PastSample(FIRMS, FIRMS[:3], teams=[[], [], []])])["person twice"]
