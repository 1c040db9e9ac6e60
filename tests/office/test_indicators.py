"""Two whole numbers and the rows that make them; a second way to count gives the same."""

import json
from datetime import date
from fractions import Fraction

import pytest
from attrs import evolve

from randcheck.errors import ParameterError, UnknownNameError
from randcheck.office.calendar import FixedCalendar
from randcheck.office.cases import Case, Drawn, case_id
from randcheck.office.draws import DrawState, Recorded
from randcheck.office.follow_up import FollowedProblem, Opened
from randcheck.office.forms import Result
from randcheck.office.indicators import (
    Area,
    Books,
    Choices,
    Measure,
    Period,
    Question,
    measures,
)
from randcheck.office.reports import assess, report
from randcheck.office.revisits import Drawn as Revisited
from randcheck.office.revisits import Found, Revisit

YEAR = Period.year(2026)
CALENDAR = FixedCalendar((), (), date(2026, 1, 1), date(2027, 12, 31))
ASKED = Question(period=YEAR, calendar=CALENDAR, as_of=date(2026, 12, 31))
DRAW = "5f" * 32


def case(subject="F-1", draw=DRAW, **changes):
    facts = {"on": date(2026, 3, 2), "region": "990102", "risk_class": "A"}
    facts |= {"items": {"food": "market", "fire": "fire"}}
    facts |= {key: changes.pop(key) for key in [*facts] if key in changes}
    drawn = Drawn(draw=draw, task="T", subject=subject, team=("I-1", "I-2"), **facts)
    made = Case(
        id=case_id(draw, subject),
        status="published",
        drawn=drawn,
        team=drawn.team,
        inspectors=("I-1", "I-2"),
        ended_at="2026-03-09T02:00:00Z",
        results={"food": Result("none"), "fire": Result("to-follow-up")},
        entered=date(2026, 3, 10),
        published=date(2026, 3, 11),
    )
    return evolve(made, **changes)


def draw(name=DRAW, **changes):
    told = Recorded(
        task="T", scheme="T#1", sampler="x", risk_based=True, directed=False, joint=True,
        items=("food", "fire"), frame=10, visits=1, grade="G0", level="city", office="o",
        on=date(2026, 3, 2),
    )  # fmt: skip
    status = changes.pop("status", "recorded")
    return DrawState(id=name, status=status, recorded=evolve(told, **changes))


class Registry:
    def __init__(self, *versions):
        self.frozen = versions


class Version:
    def __init__(self, on, count, counts=None):
        self.on, self.count, self.counts, self.sha256 = on, count, counts, "0" * 64


def books(cases=(), draws=(), problems=(), revisits=(), registry=None):
    return Books(
        {each.id: each for each in cases},
        {each.id: each for each in draws},
        {each.id: each for each in problems},
        {each.id: each for each in revisits},
        {} if registry is None else {"subjects": registry},
    )


def told(code, given, asked=ASKED):
    found = {each.code: each for each in measures(given, asked)}[code]
    assert found.numerator == sum(row.numerator for row in found.rows)
    assert found.denominator == sum(row.denominator for row in found.rows)
    return found.numerator, found.denominator


def test_periods():
    assert Period.month(2028, 2) == Period(date(2028, 2, 1), date(2028, 2, 29))
    assert Period.quarter(2026, 4) == Period(date(2026, 10, 1), date(2026, 12, 31))
    assert date(2026, 12, 31) in YEAR
    assert date(2027, 1, 1) not in YEAR
    for wrong in (lambda: Period.month(2026, 13), lambda: Period.quarter(2026, 0)):
        with pytest.raises(ParameterError):
            wrong()
    with pytest.raises(ParameterError, match="swap"):
        Period(date(2026, 2, 1), date(2026, 1, 1))


def test_shares_of_draws_leave_out_what_is_voided_or_of_another_period():
    given = books(
        draws=[
            draw("a" * 64),
            draw("b" * 64, risk_based=False, joint=False),
            draw("c" * 64, on=date(2025, 12, 31)),
            draw("d" * 64, status="voided"),
        ]
    )
    assert told("risk-based", given) == told("joint", given) == (1, 2)


def test_a_firm_drawn_twice_is_one_firm():
    given = books(
        [case(), case(draw="a" * 64), case("F-2", status="voided"), case("F-3", ended_at=None)],
        registry=Registry(Version(date(2026, 1, 5), 90), Version(date(2026, 6, 5), 100)),
    )
    assert told("coverage", given) == (2, 100)
    first = evolve(ASKED, choices=Choices(firms="first", drawn="inspected"))
    assert told("coverage", given, first) == (1, 90)
    spring = evolve(ASKED, period=Period.quarter(2026, 1))
    assert told("coverage", given, spring) == (2, 90)
    assert told("coverage", books([case()])) == (1, 0)
    assert measures(books([case()]), ASKED)[1].status == "no data"


def test_an_area_counts_its_own_firms():
    counts = {"990102": {"A": 30}, "990103": {"A": 50, "none": 20}}
    given = books(
        [case(), case("F-2", region="990103")],
        [draw(), draw("a" * 64)],
        registry=Registry(Version(date(2026, 1, 5), 100, counts)),
    )
    county = evolve(ASKED, area=Area("a county", ["990103"]))
    assert told("coverage", given, county) == (1, 70)
    assert told("risk-based", given, county) == (1, 1)  # the draw that has a visit there
    without = books(registry=Registry(Version(date(2026, 1, 5), 100)))
    with pytest.raises(ParameterError, match="counts by region"):
        measures(without, county)


def test_what_is_not_due_yet_is_neither_in_time_nor_late():
    in_time, late = case(), case("F-2", published=date(2026, 6, 1))
    never, open_ = case("F-3", published=None), case("F-4", published=None)
    given = books([in_time, late, never])
    assert told("published-in-time", given) == (1, 3)
    early = evolve(ASKED, as_of=date(2026, 3, 20))
    assert told("published-in-time", books([in_time, open_]), early) == (1, 1)
    last = case("F-5", published=date(2026, 4, 6))  # the twentieth working day after 9 March
    assert told("published-in-time", books([last])) == (1, 1)
    assert told("published-in-time", books([evolve(last, published=date(2026, 4, 7))])) == (0, 1)


def problem(due, status="opened"):
    opened = Opened(case=case().id, item="fire", code="to-follow-up", due=due)
    name = f"{case().id}/fire"
    return FollowedProblem(id=name, status=status, opened=opened, on=due, due=due)


def test_a_problem_is_followed_up_when_it_is_closed_or_not_overdue():
    asked = evolve(ASKED, as_of=date(2026, 5, 1))
    assert told("followed-up", books([case()]), asked) == (0, 1)
    for due, status, expected in (
        (date(2026, 5, 1), "opened", 1),
        (date(2026, 4, 30), "opened", 0),
        (date(2026, 4, 30), "closed", 1),
    ):
        given = books([case()], problems=[problem(due, status)])
        assert told("followed-up", given, asked) == (expected, 1)


def test_joint_visits_save_those_that_each_department_would_make():
    alone = case("F-2", items={"food": "market", "price": "market"})
    assert told("visits-saved", books([case(), alone])) == (1, 3)


def test_days_work_and_problems():
    given = books([case(), case("F-2", risk_class=None, inspectors=("I-1", "I-3"))])
    assert told("days-to-publish", given) == (4, 2)
    assert told("workload-spread", given) == (6, 4)  # two visits of I-1, mean 4/3
    assert told("problems-A", given) == told("problems-none", given) == (1, 1)
    assert told("problems-D", given) == (0, 0)
    by_code = {each.code: each for each in measures(given, ASKED)}
    low, high = by_code["problems-A"].interval
    assert (round(low, 6), high) == (0.025, 1.0)  # 1 of 1: low is the 40th of 1
    assert by_code["problems-D"].interval is None


def test_revisits_that_agree():
    again = Revisit(
        id="x/F-1",
        status="found",
        drawn=Revisited(draw="a" * 64, case=case().id, on=date(2026, 4, 1)),
        found=Found(
            results={"food": Result("none"), "fire": Result("none")},
            by=("I-8", "I-9"),
            on=date(2026, 4, 2),
        ),
    )
    assert told("revisit-agreement", books([case()], revisits=[again])) == (1, 2)
    assert told("revisit-agreement", books([], revisits=[again])) == (0, 0)


def test_a_target_is_met_exactly():
    assert Measure("x", 79_999, 100_000, Fraction(4, 5)).status == "missed"
    assert Measure("x", 4, 5, Fraction(4, 5)).status == "met"
    assert Measure("x", 0, 0, Fraction(4, 5)).status == "no data"
    assert Measure("x", 1, 2).status == "no target"
    with pytest.raises(ParameterError, match="no choice"):
        Choices(drawn="seen")


# --- reports -----------------------------------------------------------------------------------


def some(asked=ASKED):
    counts = {"990102": {"A": 30}, "990103": {"A": 70}}
    registry = Registry(Version(date(2026, 1, 5), 100, counts))
    return books([case(), case("F-2", region="990103")], [draw()], registry=registry)


def test_a_report_is_data_and_a_page():
    made = report(some(), ASKED)
    assert made["coverage"].value == Fraction(2, 100)
    with pytest.raises(UnknownNameError):
        made["luck"]
    data = json.loads(made.to_bytes())
    assert data["measures"][1]["code"] == "coverage"
    assert data["measures"][1]["target"] == "3/100"
    assert data["choices"]["drawn"] == "drawn"
    frame = made.to_dataframe()
    assert list(frame["code"]) == [each.code for each in made.measures]
    assert frame.set_index("code").loc["coverage", "status"] == "missed"
    for language, words in (
        ("zh", ["抽查比例", "2.00 %", "未达标"]),
        ("en", ["firms drawn", "missed"]),
    ):
        page = made.to_html(language)
        assert all(word in page for word in words)
        assert page == report(some(), ASKED).to_html(language)


def test_a_share_is_never_rounded_up_to_its_target():
    made = report(books(draws=[draw(f"{n:064x}", risk_based=n != 0) for n in range(30_001)]), ASKED)
    assert made["risk-based"].status == "met"
    almost = Measure("risk-based", 79_999, 100_000, Fraction(4, 5))
    assert evolve(made, measures=(almost,)).rows()[0]["value"] == "79.99 %"


def test_counties_are_ranked_by_declared_weights():
    areas = [
        Area(name, [code]) for name, code in (("甲", "990102"), ("乙", "990103"), ("丙", "99"))
    ]
    made = assess(some(), ASKED, areas, {"coverage": 60, "published-in-time": 40})
    scores = {score.area: score for score in made.scores}
    assert scores["甲"].parts["coverage"] == 60  # 1 of 30 firms is more than 3 %
    assert scores["乙"].parts["coverage"] == 60 * Fraction(1, 70) / Fraction(3, 100)
    assert [score.rank for score in made.scores] == [1, 2, 3]
    assert scores["甲"].total == 100
    assert "年终考核" in made.to_html()
    assert "Assessment of the year" in made.to_html("en")
    tied = assess(some(), ASKED, areas[:2], {"published-in-time": 40, "followed-up": 10})
    assert [(score.rank, score.area) for score in tied.scores] == [(1, "乙"), (1, "甲")]
    empty = assess(books(), ASKED, areas[:1], {"risk-based": 1})
    assert empty.scores[0].parts == {"risk-based": None}
    assert "–" in empty.to_html("en")
    for weights in ({"joint": 1}, {"coverage": -1}, {"luck": 1}):
        with pytest.raises(ParameterError, match="weights"):
            assess(some(), ASKED, areas, weights)
