"""Demands that no exact odds can keep: kept all the same, with estimates that are called so."""

from datetime import date
from itertools import combinations

import pytest

import randcheck as rc
from randcheck.errors import ParameterError, StaffingError, UnknownNameError
from randcheck.matching import ConditionedMatcher, FairMatcher, conditioned
from staff import need, person, registry, visits
from worlds import RANDOMNESS, inspectors, joint_task, world

PEOPLE = registry(*(person(n) for n in range(6)))
NEEDS = visits(*(need(f"s{n}") for n in range(5)))


def test_two_people_are_never_in_one_team():
    matcher = ConditionedMatcher(apart=(("p0", "p1"), ("p3", "p2")))
    for number in range(40):
        teams = matcher.teams(NEEDS, PEOPLE, f"{number:064x}")
        assert set(teams) == {f"s{n}" for n in range(5)}
        for team in teams.values():
            assert len(set(team)) == 2
            assert team not in {("p0", "p1"), ("p2", "p3")}


def test_nobody_goes_with_the_partner_of_the_last_day():
    history = rc.History.from_records(
        [
            rc.PastDraw("a", date(2026, 3, 1), "T", team=("p0", "p1", "p2")),
            rc.PastDraw("b", date(2026, 2, 1), "T", team=("p4", "p5")),
        ]
    )
    matcher = ConditionedMatcher(new_pairs=True)
    more = registry(*(person(n) for n in range(8)))
    seen = set()
    for number in range(40):
        given = visits(*NEEDS.needs, history=history)
        seen |= set(matcher.teams(given, more, f"{number:064x}").values())
    assert not seen & set(combinations(("p0", "p1", "p2"), 2))
    assert conditioned._last_pairs(given) == {*combinations(("p0", "p1", "p2"), 2)}
    with pytest.raises(ParameterError, match="history"):
        matcher.teams(NEEDS, PEOPLE, "ab" * 32)


def test_nobody_works_longer_than_the_most_hours():
    matcher = ConditionedMatcher(hours={"item-any": 4}, most_hours=8)
    for number in range(20):
        teams = matcher.teams(NEEDS, PEOPLE, f"{number:064x}").values()
        for name in PEOPLE.ids:
            assert sum(4 for team in teams if name in team) <= 8


def test_demands_that_no_attempt_keeps():
    matcher = ConditionedMatcher(apart=tuple(combinations(PEOPLE.ids, 2)), attempts=5)
    with pytest.raises(StaffingError, match="does not prove"):
        matcher.teams(NEEDS, PEOPLE, "ab" * 32)
    with pytest.raises(UnknownNameError):
        ConditionedMatcher(apart=(("p0", "nobody"),)).teams(NEEDS, PEOPLE, "ab" * 32)


def test_estimates_are_near_and_called_estimates():
    """Two who must be apart meet never; by symmetry each pair's odds are 1/3 within 5 errors."""
    matcher = ConditionedMatcher(apart=(("p0", "p1"),))
    found = matcher.estimate(NEEDS, PEOPLE, draws=400, seed=3)
    for subject in NEEDS.ids:
        for name in PEOPLE.ids:
            share, error = found.estimate(subject, name)
            assert abs(share - 1 / 3) < 5 * error
    assert not hasattr(found, "numerator")
    assert list(found.to_dataframe().columns) == ["subject_id", "inspector_id", "times", "draws"]
    assert found.to_dataframe()["times"].sum() == 400 * 5 * 2
    with pytest.raises(UnknownNameError):
        found.estimate("nobody", "p0")


def test_a_draw_by_it_publishes_no_odds_and_can_be_replayed():
    given = world(200) | {"inspectors": inspectors(20)}
    pair = tuple(given["inspectors"].ids[:2])
    task = joint_task(matcher=ConditionedMatcher(apart=(pair,), base=FairMatcher(team_size=3)))
    draw = rc.draw(task, **given, randomness=RANDOMNESS)
    assert draw.odds is None
    assert draw.record.odds_sha256 is None
    assert all(not set(pair) <= set(visit.team) for visit in draw.visits)
    report = rc.verify(draw.record, sheet=draw.design)
    assert report.ok
    assert {"odds", "teams"} <= set(report.unchecked)
    assert rc.replay(draw.record, **given).ok


@pytest.mark.parametrize(
    "given",
    [{"apart": "ab"}, {"apart": (("a",),)}, {"apart": (("a", "a"),)}, {"hours": {"x": 1.5}},
     {"hours": 3}, {"most_hours": -1}, {"apart": 5}],
)  # fmt: skip
def test_parameters_that_cannot_be_meant(given):
    with pytest.raises(ParameterError):
        ConditionedMatcher(**given)
