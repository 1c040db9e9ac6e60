"""Stages: teams in a second step, and recusals."""

import json
import pickle
from collections import Counter
from datetime import date
from fractions import Fraction

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import randcheck as rc
from randcheck.errors import ParameterError, RecordError, StaffingError, UnknownNameError
from randcheck.matching import FairMatcher, Odds
from randcheck.stage import StageRecord, _fill
from worlds import RANDOMNESS, inspectors, joint_task, world

WORLD = world(300)
STAFF = {**WORLD, "inspectors": inspectors(12)}
TASK = joint_task()
ONE_STEP = rc.draw(TASK, **STAFF, randomness=RANDOMNESS)
FIRST = rc.draw(TASK, **WORLD, randomness=RANDOMNESS)
LATER = rc.PublicSource("lottery", "the draw after the next")
OPENED = rc.commit_teams(FIRST.record, **STAFF, source=LATER, nonce="secret")
SECOND = OPENED.draw("later numbers")
VISIT = ONE_STEP.visits[4]


def recusal(count=1, *, drawn=ONE_STEP.record, visit=VISIT.subject_id, **changes):
    team = next(each.team for each in ONE_STEP.visits if each.subject_id == visit)
    given_ = {
        "leaving": team[:count],
        "reason": "a cousin runs the shop",
        "decided": date(2026, 7, 3),
        "odds": ONE_STEP.odds,
        **STAFF,
    }
    return rc.recuse(drawn, visit, **(given_ | changes))


# --- two steps -----------------------------------------------------------------------------------


def test_the_second_step_is_certified_whole():
    report = rc.verify(
        SECOND.record, FIRST.record, odds=SECOND.odds, commitment=OPENED.digest,
        randomness="later numbers",
    )  # fmt: skip
    assert report.ok
    assert report.unchecked == ()
    assert set(SECOND.teams) == {visit.subject_id for visit in FIRST.visits}
    assert OPENED.commitment["parent"] == FIRST.record.digest
    assert OPENED.commitment["odds_sha256"] == OPENED.odds.digest


def test_the_second_step_can_be_replayed():
    assert rc.replay_stage(SECOND.record, drawn=FIRST.record, **STAFF).ok
    assert rc.replay_stage(SECOND.record.to_bytes(), drawn=FIRST.record, **STAFF).ok
    people = [*inspectors(12)]
    people[0] = attrs.evolve(people[0], conflicts=(FIRST.visits[0].subject_id,))
    edited = STAFF | {"inspectors": rc.InspectorRegistry.from_records(people)}
    report = rc.replay_stage(SECOND.record, drawn=FIRST.record, **edited)
    assert {"commitment.inputs", "commitment.odds_sha256"} <= {f.where for f in report.findings}


def test_a_second_step_needs_a_record_without_teams():
    with pytest.raises(ParameterError, match="has teams already"):
        rc.commit_teams(ONE_STEP.record, **STAFF)
    with pytest.raises(StaffingError):
        rc.commit_teams(FIRST.record, **(STAFF | {"inspectors": inspectors(1)}))
    nobody = rc.draw(joint_task(items=("food",), sampler=rc.UniformSampler(count=0)), **WORLD,
                     randomness="1")  # fmt: skip
    with pytest.raises(ParameterError, match="drew nobody"):
        rc.commit_teams(nobody.record, **STAFF)
    with pytest.raises(ParameterError, match="randomness"):
        OPENED.draw(" ")


@pytest.mark.parametrize("said", ["33 5", "five", "\ud800 5"])
def test_the_second_randomness_is_one_that_its_source_can_have_given(said):
    numbers = rc.PublicSource("lottery", "the draw after the next", form="sorted numbers")
    opened = rc.commit_teams(FIRST.record, **STAFF, source=numbers)
    with pytest.raises(ParameterError, match=r"randomness|said"):
        opened.draw(said)
    assert opened.draw("5 33").teams


def test_the_same_teams_for_the_same_randomness_and_others_for_others():
    assert OPENED.draw("later numbers") == SECOND
    assert OPENED.draw("other numbers").teams != SECOND.teams


# --- recusal -------------------------------------------------------------------------------------


def test_a_recusal_leaves_who_stays_and_every_other_team():
    stage = recusal().draw("again")
    assert set(stage.teams) == {VISIT.subject_id}
    [team] = stage.teams.values()
    assert VISIT.team[1] in team
    assert VISIT.team[0] not in team
    assert len(team) == 2
    report = rc.verify(stage.record, ONE_STEP.record, odds=stage.odds)
    assert report.ok
    assert "published odds" in report.unchecked
    assert rc.replay_stage(stage.record, drawn=ONE_STEP.record, odds=ONE_STEP.odds, **STAFF).ok


def test_the_odds_of_a_substitute_are_the_published_ones_of_those_who_are_left():
    opened = recusal()
    weights = {
        name: ONE_STEP.odds.numerator(VISIT.subject_id, name)
        for name in ONE_STEP.odds.inspectors
        if name not in VISIT.team
    }
    total = sum(weights.values())
    for name, weight in weights.items():
        exact = Fraction(weight, total)
        own = opened.odds.probability(VISIT.subject_id, name) if weight else 0
        assert abs(own - exact) <= Fraction(1, opened.odds.denominator)
    times = Counter(
        next(n for n in opened.draw(f"{k}").teams[VISIT.subject_id] if n not in VISIT.team)
        for k in range(300)
    )
    assert len(times) > 8


def test_both_leave_then_one_of_the_substitutes():
    first = recusal(2).draw("one")
    [team] = first.teams.values()
    assert not set(team) & set(VISIT.team)
    second = recusal(earlier=[first], leaving=team[:1]).draw("two")
    [again] = second.teams.values()
    assert team[1] in again
    assert not set(again) & {*VISIT.team, team[0]}
    assert second.record["commitment"]["parent"] == first.record.digest
    assert rc.verify(second.record, first.record, odds=second.odds).ok
    assert rc.replay_stage(
        second.record, drawn=ONE_STEP.record, odds=ONE_STEP.odds, earlier=[first], **STAFF
    ).ok


def test_a_recusal_after_two_steps():
    subject = FIRST.visits[0].subject_id
    opened = rc.recuse(
        SECOND, subject, leaving=SECOND.teams[subject][:1], reason="ill",
        decided=date(2026, 7, 4), record=FIRST.record, **STAFF,
    )  # fmt: skip
    stage = opened.draw("much later")
    report = rc.verify(stage.record, SECOND.record, odds=stage.odds)
    assert report.ok, report
    assert "team before" not in report.unchecked


def test_who_is_full_or_no_longer_eligible_is_no_substitute():
    people = list(inspectors(12))
    load = Counter(name for visit in ONE_STEP.visits for name in visit.team)
    others = [p.id for p in people if p.id not in VISIT.team]
    changed = []
    for p in people:
        if p.id == others[0]:
            changed.append(attrs.evolve(p, certificate_expires=date(2026, 7, 2)))
        elif p.id == others[1]:
            changed.append(attrs.evolve(p, conflicts=(VISIT.subject_id,)))
        elif p.id == others[2]:
            changed.append(attrs.evolve(p, capacity=load[p.id]))
        else:
            changed.append(p)
    registry = rc.InspectorRegistry.from_records(changed)
    opened = recusal(inspectors=registry)
    assert set(opened.odds.inspectors) == set(others[3:])
    alone = rc.InspectorRegistry.from_records(p for p in people if p.id in VISIT.team)
    with pytest.raises(StaffingError, match="0 of them are eligible now") as caught:
        recusal(inspectors=alone)
    assert caught.value.visits == (VISIT.subject_id,)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"visit": ONE_STEP.visits[0].subject_id, "leaving": ("nobody",)}, ParameterError),
        ({"leaving": ()}, ParameterError),
        ({"reason": " "}, ParameterError),
        ({"odds": None}, ParameterError),
        ({"odds": Odds.of(1, {}, {"a": None})}, ParameterError),
        ({"earlier": [SECOND]}, ParameterError),
    ],
)
def test_recusals_that_cannot_be_meant(changes, error):
    with pytest.raises(error):
        recusal(**changes)


def test_a_visit_that_was_not_drawn():
    with pytest.raises(UnknownNameError):
        rc.recuse(ONE_STEP.record, "nobody", leaving=("x",), reason="ill", odds=ONE_STEP.odds,
                  decided=date(2026, 7, 3), **STAFF)  # fmt: skip


def test_a_matcher_that_cannot_say_who_is_eligible():
    class Silent:
        name = "silent"

        def odds(self, visits, inspectors):
            return FairMatcher().odds(visits, inspectors)

    with pytest.raises(ParameterError, match="who is eligible"):
        recusal(matcher=Silent())


def test_slots_keep_their_specialists():
    """Who covered the specialty is replaced by somebody who holds it."""
    item = rc.Item("boiler", "Boilers", "law", specialties=("boilers",))
    catalog = rc.ItemCatalog.from_records([item])
    people = rc.InspectorRegistry.from_records(
        attrs.evolve(p, specialties=("boilers",) if number < 4 else ())
        for number, p in enumerate(inspectors(12))
    )
    given_ = {"subjects": WORLD["subjects"], "catalog": catalog, "inspectors": people}
    task = rc.Task(id="T", items=("boiler",), as_of=TASK.as_of,
                   sampler=rc.UniformSampler(count=3))  # fmt: skip
    draw = rc.draw(task, **given_, randomness="5")
    holders = set(people.ids[:4])
    for visit in draw.visits:
        skilled = [name for name in visit.team if name in holders]
        if len(skilled) == 1:
            break
    opened = rc.recuse(draw.record, visit.subject_id, leaving=skilled, reason="ill",
                       decided=date(2026, 7, 3), odds=draw.odds, **given_)  # fmt: skip
    assert set(opened.odds.inspectors) <= holders


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 50), min_size=1),
    st.integers(1, 3),
    st.integers(0, 15),
)
def test_the_rule_of_substitutes_by_its_definition(weights, places, taken):
    room = {name: 16 - (taken if name == "a" else 0) for name in weights}
    total = places * 16
    found = _fill(weights, room, total)
    if sum(room.values()) < total:
        assert found is None
        return
    assert sum(found.values()) == total
    low, high = Fraction(0), Fraction(10**6)
    for _ in range(80):
        c = (low + high) / 2
        if sum(min(Fraction(room[n]), c * weights[n]) for n in weights) < total:
            low = c
        else:
            high = c
    for name in weights:
        exact = min(Fraction(room[name]), high * weights[name])
        assert abs(found.get(name, 0) - exact) <= 1 + Fraction(1, 10**6)


# --- values --------------------------------------------------------------------------------------


def test_stage_records_are_values():
    record = SECOND.record
    assert StageRecord.from_bytes(record.to_bytes()) == record
    assert StageRecord.from_json(json.loads(json.dumps(record.to_json()))) == record
    for value in (record, SECOND, OPENED):
        copy = pickle.loads(pickle.dumps(value))
        assert copy == value
        assert repr(copy) == repr(value)
        assert " at 0x" not in repr(value)


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"5", SECOND.record.to_bytes()[:-1]])
def test_what_is_no_stage_record(data):
    with pytest.raises(RecordError):
        StageRecord.from_bytes(data)
    assert not rc.replay_stage(data, drawn=FIRST.record, **STAFF).ok


def test_records_of_another_protocol_or_with_other_keys():
    value = SECOND.record.to_json()
    for changed in (
        value | {"protocol": "randcheck/v2"},
        value | {"more": 1},
        value | {"commitment": value["commitment"] | {"protocol": "x"}},
        value | {"commitment": {}},
    ):
        with pytest.raises(RecordError):
            StageRecord.from_json(changed)


def test_a_replay_says_what_differs():
    value = SECOND.record.to_json()
    value["teams"][0]["team"] = value["teams"][1]["team"]
    report = rc.replay_stage(StageRecord.from_json(value), drawn=FIRST.record, **STAFF)
    assert [finding.where for finding in report.findings] == ["teams"]
    value = SECOND.record.to_json()
    value["commitment"]["matcher"]["name"] = "unknown"
    report = rc.replay_stage(StageRecord.from_json(value), drawn=FIRST.record, **STAFF)
    assert [finding.number for finding in report.findings] == [3]
    value["commitment"]["kind"] = "recusal"
    value["commitment"]["matcher"]["name"] = "fair"
    report = rc.replay_stage(StageRecord.from_json(value), drawn=FIRST.record, **STAFF)
    assert [finding.number for finding in report.findings] == [4]
