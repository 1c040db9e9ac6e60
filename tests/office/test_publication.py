"""Only declared fields leave the office."""

import csv
import io
import json
from datetime import date

import pytest
from attrs import evolve

import randcheck as rc
from randcheck.errors import ParameterError, UnknownNameError
from randcheck.office.cases import Case, Drawn, Revision, case_id
from randcheck.office.forms import Result
from randcheck.office.pages import Column, Sheet
from randcheck.office.publication import (
    published_plan,
    published_results,
    published_task,
)

DRAW = "5f" * 32
SUBJECTS = rc.SubjectRegistry.from_records(
    [
        rc.Subject("F-1", "=Made-up <firm>", region="990102", risk_class="D"),
        rc.Subject("P-1", "A made-up person", kind="natural person", region="990102"),
    ]
)
CATALOG = rc.ItemCatalog.from_records([rc.Item("food", "Food safety", "Food Safety Law")])


def case(subject="F-1", **changes):
    drawn = Drawn(
        draw=DRAW, task="T", subject=subject, region="990102", items={"food": "market"},
        team=("I-1", "I-2"), risk_class="D", on=date(2026, 7, 1),
    )  # fmt: skip
    made = Case(
        id=case_id(DRAW, subject),
        status="published",
        drawn=drawn,
        team=drawn.team,
        ended_at="2026-07-03T02:00:00Z",
        results={"food": Result("corrected", "a private note")},
        entered_by="I-1",
        published=date(2026, 7, 9),
    )
    return evolve(made, **changes)


def results(*cases):
    return published_results(cases, subjects=SUBJECTS, catalog=CATALOG)


def test_a_result_shows_the_declared_fields_alone():
    sheet = results(case())
    for data in (sheet.to_bytes(), sheet.to_csv(), sheet.to_html().encode(), sheet.to_csv("en")):
        assert b"private" not in data
        assert b"I-1" not in data
        assert b'"D"' not in data
    [row] = sheet.to_json()["rows"]
    assert row == {
        "subject": "F-1", "name": "=Made-up <firm>", "task": "T", "item": "Food safety",
        "department": "market", "inspected": "2026-07-03", "published": "2026-07-09",
        "result": {"en": "problem found and corrected on order", "zh": "发现问题已责令改正"},
        "corrected": [],
    }  # fmt: skip
    assert json.loads(sheet.to_bytes()) == sheet.to_json()


def test_what_is_not_published_is_not_shown():
    hidden = [case(status=status) for status in ("entered", "approved", "voided", "drawn")]
    assert results(*hidden).rows == ()


def test_a_correction_says_what_stood_there_before():
    old = Revision({"food": Result("none")}, "I-1", "another firm's form", on=date(2026, 7, 12))
    [row] = results(case(earlier=(old,))).rows
    assert row["corrected"] == [{"en": "no problem found", "zh": "未发现问题"}]
    assert "未发现问题" in results(case(earlier=(old,))).to_html()
    [row] = results(case(results={"food": Result("of an older set")})).rows
    assert row["result"]["en"] == "of an older set"


def test_a_natural_person_has_no_name_in_public():
    sheet = results(case("P-1"), case("F-1"))
    assert [row["name"] for row in sheet.rows] == ["=Made-up <firm>", None]
    assert "A made-up person" not in sheet.to_html("en")


def test_no_cell_is_a_formula_or_markup():
    text = results(case()).to_csv("en").decode("utf-8-sig")
    [_, row] = csv.reader(io.StringIO(text))
    assert row[1] == "'=Made-up <firm>"
    page = results(case()).to_html("en")
    assert "=Made-up &lt;firm&gt;" in page
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")


def test_the_same_rows_give_the_same_bytes_in_any_order():
    assert results(case("P-1"), case()).to_html() == results(case(), case("P-1")).to_html()


def test_who_is_not_in_the_registry():
    with pytest.raises(UnknownNameError):
        results(case("F-9"))


def test_the_list_of_those_drawn():
    task = rc.Task(
        id="T", items=("food",), as_of=date(2026, 7, 1), sampler=rc.UniformSampler(count=2)
    )
    drawn = rc.draw(task, subjects=SUBJECTS, catalog=CATALOG, randomness="x")
    sheet = published_task(drawn.record, subjects=SUBJECTS, catalog=CATALOG)
    assert [row["subject"] for row in sheet.rows] == ["F-1", "P-1"]
    assert {row["commitment"] for row in sheet.rows} == {drawn.record.commitment.digest}
    assert "T 抽取结果" in sheet.to_html()
    assert '"risk' not in sheet.to_bytes().decode()


def test_a_plan():
    row = {
        "task": "T", "items": ["food"], "month": "7", "lead": "market", "departments": ["fire"],
        "subjects": "restaurants", "ratio": "A: 1%, D: 100%", "private": "x",
    }  # fmt: skip
    title = {"en": "Plan", "zh": "计划"}
    sheet = published_plan([row], catalog=CATALOG, title=title)
    assert sheet.texts("zh") == [
        ["T", "Food safety", "Food Safety Law", "7", "market", "fire", "restaurants",
         "A: 1%, D: 100%"]
    ]  # fmt: skip
    assert "private" not in sheet.to_json()["rows"][0]


def test_how_values_are_read():
    columns = [Column("x", {"en": "X", "zh": "某"})]
    assert Column("x", "of no catalogue").names == dict.fromkeys(("en", "zh"), "of no catalogue")
    sheet = Sheet({"en": "t", "zh": "题"}, columns, [{"x": True}, {"x": ["a", "b"]}, {}])
    assert sheet.texts("zh") == [["是"], ["a、b"], [""]]
    assert sheet.texts("en") == [["yes"], ["a, b"], [""]]
    with pytest.raises(ParameterError, match="language"):
        sheet.to_html("fr")
