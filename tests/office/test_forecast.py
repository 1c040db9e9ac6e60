"""A forecast is what the designs say: exact where they are, bounds and estimates elsewhere."""

from datetime import date
from fractions import Fraction
from math import prod

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

import randcheck as rc
from randcheck import canonical
from randcheck.errors import ParameterError, UnknownNameError
from randcheck.office.annual import AnnualPlan, PlannedTask
from randcheck.office.forecast import forecast
from randcheck.office.norms import Norms
from randcheck.office.year import ONE, ROUNDING, Staff
from randcheck.testing import made_up_catalog, made_up_history, made_up_subjects

SUBJECTS = made_up_subjects(400)
CATALOG = made_up_catalog()
UNIFORM = rc.UniformSampler(rate="5%")
BY_CLASS = rc.RiskStratifiedSampler(rates={"A": "1%", "B": "3%", "C": "10%", "D": "100%"})


def inspector(number, **changes):
    given = {"certificate": "C", "certificate_expires": date(2028, 1, 1)} | changes
    return rc.Inspector(f"I-{number:02}", f"Made-up inspector {number}", "market", **given)


INSPECTORS = rc.InspectorRegistry.from_records(inspector(number) for number in range(10))


def planned(name, month=3, offices=None, **changes):
    given = {"items": ("disclosure",), "as_of": date(2026, month, 1), "sampler": BY_CLASS}
    offices = offices or {"9901": 20}
    return PlannedTask(
        task=rc.Task(id=name, **(given | changes)), month=month, level="city", offices=offices
    )


def plan(*tasks):
    return AnnualPlan(id="P", year=2026, authority="a made-up bureau", tasks=tasks)


def look(*tasks, inspectors=INSPECTORS, history=None, subjects=SUBJECTS, catalog=CATALOG, **norms):
    norms = {"quota_slack": "1"} | norms
    return forecast(
        plan(*tasks),
        subjects=subjects,
        catalog=catalog,
        inspectors=inspectors,
        history=history,
        norms=Norms(**norms),
    )


def found(told, code):
    return [each for each in told.findings if each.code == code]


def odds(each, pick):
    """The bounds of each subject's odds of a visit by one task, from its design alone."""
    frame = rc.build_frame(each.task, subjects=SUBJECTS, catalog=CATALOG)
    design = each.task.sampler.design(frame)
    return {name: design.visit_bounds(name)[pick] for name in frame.ids}


def binomial(rates, times):
    """The odds of so many visits by independent draws (Poisson's binomial distribution)."""
    ways = [Fraction(1)] + [Fraction(0)] * times
    for rate in rates:
        ways = [ways[k] * (1 - rate) + (ways[k - 1] * rate if k else 0) for k in range(times + 1)]
    return ways[times]


TASKS = st.lists(
    st.builds(
        planned,
        st.sampled_from(["a", "b", "c", "d"]),
        st.integers(1, 12),
        sampler=st.sampled_from([UNIFORM, BY_CLASS, rc.UniformSampler(rate="50%")]),
        items=st.sampled_from([("disclosure",), ("food",), ("food", "price")]),
        scope=st.sampled_from([rc.Scope(), rc.Scope(regions=("990102",))]),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda each: each.id,
)


@given(TASKS)
@settings(max_examples=25, deadline=None)
def test_expected_firms_and_visits_are_those_of_the_designs(tasks):
    told = look(*tasks)
    own = [odds(each, 0) for each in plan(*tasks).tasks]
    rates = [[each.get(name, Fraction(0)) for each in own] for name in SUBJECTS.ids]
    drawn = sum(1 - prod(1 - rate for rate in each) for each in rates)
    slack = Fraction(2 * ROUNDING * len(tasks) * len(SUBJECTS), ONE)
    low, high = told.drawn
    assert low <= drawn <= high
    assert high - low <= slack
    for times, expected in enumerate(told.by_visits[:-1]):
        assert abs(expected - sum(binomial(each, times) for each in rates)) <= slack
    assert sum(told.by_visits) == told.firms == len(SUBJECTS)
    assert [each.least for each in told.tasks] == [sum(each.values()) for each in own]
    assert all(each.least == each.most and each.simulated is None for each in told.tasks)
    assert told.most_visits == max(sum(rate > 0 for rate in each) for each in rates)
    assert not told.estimate


def test_a_joint_task_lies_between_its_bounds():
    joint = planned(
        "joint",
        items=("disclosure", "food", "price"),
        sampler=rc.JointItemSampler(dict.fromkeys(("disclosure", "food", "price"), BY_CLASS)),
    )
    told = look(joint, draws=50)
    [figures] = told.tasks
    assert figures.least == sum(odds(joint, 0).values())
    assert figures.most == sum(odds(joint, 1).values())
    assert figures.least < figures.simulated < figures.most
    low, high = told.drawn
    assert abs(low - figures.least) < Fraction(1, 1000)
    assert abs(high - figures.most) < Fraction(1, 1000)
    assert not told.estimate


def test_a_task_that_looks_back_sees_the_year_s_own_draws():
    tasks = [
        planned(f"t{month}", month, exclusions=(rc.DrawnThisYear(),), sampler=UNIFORM)
        for month in (1, 2, 3)
    ]
    told = look(*tasks, history=rc.History.from_records([]), most_visits=1)
    assert told.estimate
    assert [each.looks_back for each in told.tasks] == [True] * 3
    assert [each.frame for each in told.tasks] == [400, 380, 361]  # ⌈5 %⌉ leave each time
    assert told.drawn == (20 + 19 + 19,) * 2
    assert told.by_visits == (400 - 58, 58, 0)
    assert told.most_visits == 1
    assert found(told, "visits") == []
    assert found(told, "history") == []


def test_earlier_draws_that_nobody_gave_are_missed():
    rested = planned("t", exclusions=(rc.DrawnWithin(24),))
    told = look(rested)
    assert [each.where for each in found(told, "history")] == ["t"]
    with_history = look(rested, history=made_up_history(400))
    assert found(with_history, "history") == []
    assert with_history.tasks[0].frame < told.tasks[0].frame == 400
    again = rc.History.from_records(
        [{"subject": name, "drawn_on": date(2026, 3, 1), "task": "t"} for name in SUBJECTS.ids[:5]]
    )
    assert look(rested, history=again).tasks[0].frame == 395  # a plan amended after its first draw


def test_a_task_that_cannot_be_drawn_is_found_and_the_rest_is_told():
    nobody = planned("nobody", scope=rc.Scope(tags=("nothing has it",)))
    unknown = planned("unknown", items=("elevators",))
    classless = planned("classless", sampler=rc.RiskStratifiedSampler(rates={"A": "1%"}))
    told = look(nobody, unknown, classless, planned("good"))
    assert [each.where for each in found(told, "draw")] == ["classless", "nobody", "unknown"]
    assert [each.task for each in told.tasks] == ["good"]
    assert told.risk_based == 1
    assert not told.ok


def test_the_targets_of_the_rules():
    few = look(planned("t", sampler=rc.UniformSampler(count=11)))
    assert [each.severity for each in found(few, "coverage")] == ["error"]  # 12 are 3 % of 400
    assert found(look(planned("t", sampler=rc.UniformSampler(count=12))), "coverage") == []
    assert [each.found for each in found(few, "risk-based")] == ["0"]
    four = [planned(f"t{n}") for n in range(4)]
    assert found(look(*four, planned("u", sampler=UNIFORM)), "risk-based") == []
    told = look(*four[:3], planned("u", sampler=UNIFORM))
    assert [each.found for each in found(told, "risk-based")] == ["3/4"]
    items = ("disclosure", "food")
    both = rc.JointItemSampler({name: rc.UniformSampler(count=7) for name in items})
    open_ = found(look(planned("t", items=items, sampler=both)), "coverage")
    assert [each.severity for each in open_] == ["warning"]  # 7 to 14 of the 12


def test_who_counts_as_a_firm_is_a_norm():
    some = rc.Scope(regions=("990102",))
    told = look(planned("t", sampler=UNIFORM), firms=some)
    inside = sum(region == "990102" for region in SUBJECTS.column("region"))
    assert told.firms == inside
    assert abs(told.drawn[0] - Fraction(inside, 20)) < Fraction(1, 1000)
    assert look(planned("t"), firms=rc.Scope(tags=("nothing has it",))).coverage == (0, 0)


def test_caps_of_visits_for_certain_and_perhaps():
    always = rc.RiskStratifiedSampler(rates={"A": "0%", "B": "0%", "C": "0%", "D": "100%"})
    told = look(planned("a", 1, sampler=always), planned("b", 2, sampler=always), most_visits=1)
    of_d = sum(each == "D" for each in SUBJECTS.column("risk_class"))
    [sure] = found(told, "visits")
    assert (sure.severity, f"more for {of_d} firms for certain" in sure.found) == ("error", True)
    told = look(planned("a", 1, sampler=UNIFORM), planned("b", 2, sampler=UNIFORM), most_visits=1)
    [perhaps] = found(told, "visits")
    assert perhaps.severity == "warning"
    assert "for 400 firms, expected for 1.0" in perhaps.found  # 400 × 1/20 × 1/20
    assert found(look(planned("a", 1, sampler=UNIFORM), most_visits=1), "visits") == []


def test_caps_of_general_items():
    tasks = [planned(name, month, sampler=UNIFORM) for name, month in (("a", 1), ("b", 2))]
    [finding] = found(look(*tasks, item_caps={"disclosure": "9%"}), "general-cap")
    assert (finding.where, finding.found) == ("disclosure", "40.0")
    assert found(look(*tasks, item_caps={"disclosure": "10%", "food": "1%"}), "general-cap") == []
    key = rc.ItemCatalog.from_records([evolve(CATALOG["disclosure"], category="key")])
    with pytest.raises(ParameterError, match="is a key item"):
        look(*tasks, item_caps={"disclosure": "9%"}, catalog=key)
    with pytest.raises(UnknownNameError):
        look(*tasks, item_caps={"elevators": "9%"})


def test_inspector_days_against_what_there_is():
    """Ten people of 20 days are 200; a team of two makes two visits a day, so 200 visits."""
    just, more = (planned("t", sampler=rc.UniformSampler(count=n)) for n in (200, 201))
    assert found(look(just), "inspector-days") == []
    [finding] = found(look(more), "inspector-days")
    assert (finding.where, finding.found) == ("2026-03", "201.0")
    assert found(look(more, visits_per_day="5/2"), "inspector-days") == []
    three = planned("t", sampler=rc.UniformSampler(count=200), matcher=rc.FairMatcher(team_size=3))
    assert [each.found for each in found(look(three), "inspector-days")] == ["300.0"]
    assert [each.capacity for each in look(just, inspectors=None).months] == [None] * 12


def test_who_is_there():
    people = [
        inspector(1),
        inspector(2, leave=((date(2026, 3, 1), date(2026, 3, 31)),)),
        inspector(3, certificate_expires=date(2026, 3, 15), regions=("990102",)),
        inspector(4, capacity=0),
        inspector(5, role="expert"),
        inspector(6, regions=("9902",), assigned=("990103",)),
    ]
    staff = Staff(rc.InspectorRegistry.from_records(people), 2026, 31)
    assert staff.month(3) == 31 + 0 + 15 + 31
    assert staff.month(4) == Fraction(31 * 3)  # nobody is away, one has no certificate
    assert [who.id for who in staff.within(("990102",))] == ["I-01", "I-02", "I-03"]
    assert [who.id for who in staff.within(("9901",))] == ["I-01", "I-02", "I-03", "I-06"]
    assert [who.id for who in staff.within(("9902",))] == ["I-01", "I-02", "I-06"]


def test_quotas_that_no_office_can_meet():
    inside = sum(region == "990102" for region in SUBJECTS.column("region"))

    def quota(number, office="990102", **norms):
        return found(
            look(planned("t", sampler=UNIFORM, offices={office: number}), **norms), "quota"
        )

    expected = round(inside / 20)
    assert quota(expected, quota_slack="1/10") == []
    [finding] = quota(2 * expected, quota_slack="1/10")
    assert (finding.severity, finding.where) == ("warning", "t, 990102")
    assert [each.severity for each in quota(inside + 1)] == ["error"]
    assert [each.found for each in quota(1, "a made-up county")] == ["0 firms that could be drawn"]
    areas = {"a made-up county": ("990102", "990103")}
    assert quota(8, "a made-up county", areas=areas) == []
    two = rc.InspectorRegistry.from_records([inspector(1), inspector(2)])
    assert quota(40, inspectors=two, quota_slack="1") == []
    tasks = [planned(name, offices={"9901": 21}, sampler=UNIFORM) for name in ("a", "b")]
    [finding] = found(look(*tasks, inspectors=two), "quota")  # each could, both together cannot
    assert (finding.where, finding.found) == ("2026-03, 9901", "quotas of 42.0")


def test_trainings_that_are_missing():
    task = planned("t", matcher=rc.FairMatcher(trainings=("fire",)))
    for trained, severity in ((0, "error"), (1, "error"), (2, "warning"), (4, None)):
        people = [
            inspector(n, trainings=("fire", "law") if n < trained else ("law",)) for n in range(4)
        ]
        told = look(task, inspectors=rc.InspectorRegistry.from_records(people))
        assert [(each.severity, each.found) for each in found(told, "training")] == (
            [] if severity is None else [(severity, f"{trained} of 4")]
        )


def test_tasks_of_one_month_that_could_be_joint():
    one, two = planned("one", sampler=UNIFORM), planned("two", sampler=UNIFORM)
    [finding] = found(look(one, two), "joint")
    assert (finding.severity, finding.where) == ("advice", "2026-03")
    assert finding.expected == "one joint draw of one + two"
    assert finding.found == "40.0 expected visits apart, 20.0 together"
    assert found(look(one, planned("two", 4, sampler=UNIFORM)), "joint") == []
    assert found(look(one, two, joint_saves=21), "joint") == []
    many = [planned(f"t{n:02}", sampler=UNIFORM) for n in range(21)]
    assert "tasks to join in month 3: 21 are more than 20" in look(*many).unchecked


class OnlyItsOwn:
    """A sampler that refuses the frame of any task but its own."""

    def design(self, frame):
        if frame.task_id not in ("one", "two"):
            raise ParameterError("frame", frame.task_id, "is not mine", "draw my own task")
        return UNIFORM.design(frame)


def test_tasks_that_cannot_be_compared_are_said_to_be_so():
    told = look(planned("one", sampler=OnlyItsOwn()), planned("two", sampler=OnlyItsOwn()))
    [finding] = found(told, "joint")
    assert (finding.severity, "is not mine" in finding.found) == ("warning", True)


def test_what_is_not_checked_is_said():
    assert look(planned("t"), most_visits=2, item_caps={"food": "1%"}).unchecked == ()
    assert len(look(planned("t"), inspectors=None).unchecked) == 3


def test_an_approval_can_cite_it():
    tasks = planned("a"), planned("b", 4, sampler=UNIFORM)
    told, again = look(*tasks), look(*tasks)
    assert told == again
    assert told.digest == again.digest == canonical.sha256(told.to_bytes())
    assert told.plan_sha256 == plan(*tasks).digest
    assert told.inputs["subjects"] == SUBJECTS.digest
    for other in (
        look(tasks[0], planned("b", 5, sampler=UNIFORM)),
        look(*tasks, coverage="4%"),
        look(*tasks, subjects=made_up_subjects(401)),
    ):
        assert other.digest != told.digest
    assert told.to_dataframe()["least"].tolist()[1] == "20"
    assert "50.0% of the draws are risk-based" in str(told)
    assert canonical.loads(told.to_bytes())["tasks"][1]["least"] == "20"


def test_an_empty_plan_misses_everything():
    told = look()
    assert (told.drawn, told.most_visits, told.risk_based) == ((0, 0), 0, 0)
    assert {each.code for each in told.findings} == {"coverage", "risk-based"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"visits_per_day": 0},
        {"visits_per_day": 2.5},
        {"working_days": 0},
        {"draws": 0},
        {"coverage": 0.03},
        {"most_visits": -1},
        {"areas": {"x": "990102"}},
        {"areas": ["x"]},
        {"item_caps": {"food": 5}},
    ],
)
def test_norms_that_cannot_be_meant(wrong):
    with pytest.raises(ParameterError):
        Norms(**wrong)
