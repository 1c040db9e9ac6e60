import pickle
from datetime import datetime

import pytest

import randcheck as rc
from randcheck.errors import DataError, ParameterError, UnknownNameError
from worlds import AS_OF, joint_task

GIVEN = {"id": "T", "items": ("food",), "sampler": rc.UniformSampler(rate="3%"), "as_of": AS_OF}


def columns(make, **given):
    with pytest.raises(DataError) as caught:
        make(**given)
    return {problem.column for problem in caught.value.problems}


def test_a_small_task():
    task = rc.Task(**GIVEN)
    assert task.matcher == rc.FairMatcher(team_size=2)
    assert not task.directed
    assert rc.Task(**GIVEN, scope=rc.Scope(regions=("1303",))).directed
    assert task.facts_to_json() == {
        "id": "T", "items": ["food"], "as_of": "2026-07-01", "reserves": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"id": ""}, "id"),
        ({"items": ()}, "items"),
        ({"items": ("food", "food")}, "items"),
        ({"items": ("food", "")}, "items"),
        ({"as_of": "2026-07-01"}, "as_of"),
        ({"as_of": datetime(2026, 7, 1)}, "as_of"),
        ({"sampler": "uniform"}, "sampler"),
        ({"sampler": rc.UniformSampler}, "sampler"),
        ({"matcher": "fair"}, "matcher"),
        ({"matcher": rc.FairMatcher}, "matcher"),
        ({"scope": {"regions": ("1303",)}}, "scope"),
        ({"exclusions": ("drawn-this-year",)}, "exclusions"),
        ({"exclusions": (rc.DrawnThisYear,)}, "exclusions"),
        ({"exclusions": (rc.DrawnThisYear(), rc.DrawnThisYear())}, "exclusions"),
        ({"lead": " "}, "departments"),
        ({"departments": ("a", 5)}, "departments"),
    ],
)
def test_what_is_no_task(changes, column):
    assert column in columns(rc.Task, **(GIVEN | changes))


def test_all_faults_at_once():
    bad = {"id": "", "items": (), "as_of": None, "sampler": None, "scope": None}
    assert columns(rc.Task, **bad) == set(bad)


@pytest.mark.parametrize(
    "changes", [{"items": "food"}, {"items": 5}, {"reserves": -1}, {"reserves": 1.5}]
)
def test_a_text_is_no_tuple_and_reserves_are_counted(changes):
    with pytest.raises(ParameterError):
        rc.Task(**(GIVEN | changes))


FULL = joint_task(
    scope=rc.Scope(regions=("1303",)),
    exclusions=(rc.DrawnWithin(months=12), rc.OwnerExcluded()),
    lead="market supervision",
    departments=("fire", "culture"),
    matcher=rc.FairMatcher(team_size=3),
)


@pytest.mark.parametrize("task", [FULL, joint_task(matcher=None), rc.Task(**GIVEN)])
def test_it_survives_json_and_pickle(task):
    assert rc.Task.from_json(task.to_json()) == task
    assert pickle.loads(pickle.dumps(task)) == task
    assert hash(rc.Task.from_json(task.to_json())) == hash(task)
    assert repr(rc.Task.from_json(task.to_json())) == repr(task)


class Strange:
    def design(self, frame):
        return None

    def odds(self, visits, inspectors):
        return None


def test_a_strangers_strategy_must_be_given():
    described = joint_task(sampler=Strange(), matcher=Strange()).to_json()
    with pytest.raises(UnknownNameError, match="pass the strategy as a value"):
        rc.Task.from_json(described)
    given = Strange()
    task = rc.Task.from_json(described, sampler=given, matcher=given)
    assert (task.sampler, task.matcher) == (given, given)


@pytest.mark.parametrize(
    ("changes", "column"),
    [({"more": 1}, "more"), ({"as_of": "soon"}, "as_of"), ({"as_of": 5}, "as_of"),
     ({"scope": {"odd": 1}}, "odd")],
)  # fmt: skip
def test_json_is_read_strictly(changes, column):
    assert column in columns(rc.Task.from_json, data=FULL.to_json() | changes)


def test_missing_fields():
    assert columns(rc.Task.from_json, data={}) == {"id", "items", "as_of", "sampler"}


def test_a_plan_holds_each_task_once():
    plan = rc.Plan(id="2026", year=2026, authority="an office", tasks=(FULL, rc.Task(**GIVEN)))
    assert plan["T"] == rc.Task(**GIVEN)
    assert rc.Plan.from_json(plan.to_json()) == plan
    assert pickle.loads(pickle.dumps(plan)) == plan
    with pytest.raises(UnknownNameError, match="known: T-2026-07, T"):
        plan["none"]
    for odd in ({}, plan.to_json() | {"more": 1}):
        with pytest.raises(DataError, match="do not fit"):
            rc.Plan.from_json(odd)
    with pytest.raises(DataError, match="in the plan already"):
        rc.Plan(id="2026", year=2026, authority="an office", tasks=(FULL, FULL))


def test_what_is_no_plan():
    bad = {"id": "", "year": "2026", "authority": "", "tasks": ("T",)}
    assert columns(rc.Plan, **bad) == set(bad)


def test_no_two_strategies_have_the_same_name():
    from randcheck.matching import MATCHERS
    from randcheck.plan import STRATEGIES
    from randcheck.samplers import ALLOCATIONS, SAMPLERS

    assert len(STRATEGIES) == len(SAMPLERS) + len(ALLOCATIONS) + len(MATCHERS)
