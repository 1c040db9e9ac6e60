import pickle
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

import randcheck as rc
from randcheck.errors import DataError
from randcheck.fields import FrozenMapping, kinds

INSPECTOR = {"certificate": "c", "certificate_expires": date(2027, 1, 1)}


def problems(make, *args, **kwargs):
    with pytest.raises(DataError) as caught:
        make(*args, **kwargs)
    return {problem.column: problem.reason for problem in caught.value.problems}


def test_sets_come_from_any_iterable_and_are_in_order():
    for tags in (["b", "a", "b"], {"a", "b"}, ("b", "a"), iter(["a", "b"])):
        assert rc.Subject("s", "n", region="r", tags=tags).tags == ("a", "b")


def test_all_faults_of_a_fact_at_once():
    found = problems(
        rc.Subject, "", 5, kind="firm", region=" ", tags="ab", risk_class="E", status="\x00"
    )
    assert set(found) == {"id", "name", "kind", "region", "tags", "risk_class", "status"}


@pytest.mark.parametrize(
    ("changes", "column", "reason"),
    [
        ({"kind": "attached object"}, "owner", "is missing"),
        ({"owner": "s1"}, "owner", "is the subject itself"),
        ({"owner": " x"}, "owner", "blanks"),
        ({"credit_code": "91"}, "credit_code", "has 2 characters"),
        ({"tags": {"a": 1}}, "tags", "is not a set"),
        ({"tags": 5}, "tags", "is not a set"),
        ({"tags": [5]}, "tags", "is not text"),
        ({"region": None}, "region", "is not text"),
        ({"region": "a\x7f"}, "region", "holds U+007F"),
        ({"name": "a\ud800"}, "name", "holds U+D800"),
    ],
)
def test_a_bad_subject(changes, column, reason):
    given_ = {"region": "r", "name": "n"} | changes
    assert reason in problems(rc.Subject, "s1", **given_)[column]


def test_a_natural_person_is_never_stored_under_an_identity_number():
    found = problems(rc.Subject, "11010519491231002X", "n", kind="natural person", region="r")
    assert "identity number" in found["id"]
    assert rc.Subject("p-3f", "n", kind="natural person", region="r").id == "p-3f"


def test_a_name_may_hold_any_printable_or_spacing_character():
    assert rc.Subject("s", "甲 乙\u3000丙", region="r").name == "甲 乙\u3000丙"


@pytest.mark.parametrize(
    ("changes", "column", "reason"),
    [
        ({"certificate_expires": "2027-01-01"}, "certificate_expires", "is not a date but str"),
        ({"certificate_expires": datetime(2027, 1, 1)}, "certificate_expires", "datetime"),
        ({"capacity": -1}, "capacity", "whole number"),
        ({"capacity": 2.0}, "capacity", "whole number"),
        ({"capacity": True}, "capacity", "whole number"),
    ],
)
def test_a_bad_inspector(changes, column, reason):
    assert reason in problems(rc.Inspector, "i", "n", "d", **(INSPECTOR | changes))[column]


FULL = {
    "qualifications": ("lead",),
    "trainings": ("2026-food",),
    "leave": ((date(2026, 8, 1), date(2026, 8, 2)), (date(2026, 7, 1), date(2026, 7, 14))),
    "assigned": ("0203",),
    "role": "expert",
    "kin": ("s2", "s1"),
    "interests": ("s3",),
    "employers": {"s5": date(2024, 5, 31), "s4=x": date(2023, 1, 1)},
    "street": "East Street",
}


def test_an_inspector_with_everything():
    inspector = rc.Inspector("i", "n", "d", **INSPECTOR, **FULL)
    assert inspector.leave == tuple(sorted(FULL["leave"]))
    assert inspector.employers == FrozenMapping(FULL["employers"])
    assert isinstance(inspector.employers, FrozenMapping)
    described = inspector.to_json()
    assert described["leave"] == [["2026-07-01", "2026-07-14"], ["2026-08-01", "2026-08-02"]]
    assert described["employers"] == {"s4=x": "2023-01-01", "s5": "2024-05-31"}
    assert rc.Inspector.from_json(described) == inspector
    assert hash(rc.Inspector.from_json(described)) == hash(inspector)
    assert pickle.loads(pickle.dumps(inspector)) == inspector
    past = rc.PastDraw("s", date(2026, 1, 1), "T", team=("j", "i"))
    assert past.team == ("i", "j")
    assert rc.PastDraw.from_json(past.to_json()) == past


DAYS = (date(2026, 7, 1), date(2026, 7, 14))


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("leave", DAYS[::-1], "holds datetime.date(2026, 7, 14), which is no first and last day"),
        ("leave", (DAYS[::-1],), "begins on 2026-07-14 and ends on 2026-07-01"),
        ("leave", ((*DAYS, DAYS[0]),), "which is no first and last day"),
        ("leave", (DAYS[:1],), "which is no first and last day"),
        ("leave", (set(DAYS),), "which is no first and last day"),
        ("leave", ("2026-07-01/2026-07-14",), "which is no first and last day"),
        ("leave", (("2026-07-01", "2026-07-14"),), "is not a date but str"),
        ("leave", ((DAYS[0], datetime(2026, 7, 14)),), "is not a date but datetime"),
        ("leave", "2026-07-01/2026-07-14", "is not a set of periods"),
        ("leave", {DAYS[0]: DAYS[1]}, "is not a set of periods"),
        ("leave", 5, "is not a set of periods"),
        ("employers", ("s1",), "is not a mapping of ids to days"),
        ("employers", "s1=2026-07-01", "is not a mapping of ids to days"),
        ("employers", {5: DAYS[0]}, "is not text but int"),
        ("employers", {" s": DAYS[0]}, "blanks"),
        ("employers", {"s": "2026-07-01"}, "is not a date but str"),
        ("role", "guest", "is not known here"),
        ("kin", "s1", "is not a set"),
    ],
)
def test_a_bad_field_of_an_inspector(column, value, reason):
    found = problems(rc.Inspector, "i", "n", "d", **INSPECTOR, **{column: value})
    assert set(found) == {column}
    assert reason in found[column]


def test_one_day_of_leave():
    assert rc.Inspector("i", "n", "d", **INSPECTOR, leave=[DAYS[:1] * 2]).leave == (DAYS[:1] * 2,)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("leave", [["2026-07-01", "soon"]]),
        ("leave", [["2026-07-01", 5]]),
        ("leave", ["2026-07-01"]),
        ("leave", "2026-07-01"),
        ("leave", None),
        ("employers", {"s": "soon"}),
        ("employers", {"s": None}),
        ("employers", ["s"]),
        ("employers", None),
    ],
)
def test_bad_json_of_an_inspector(column, value):
    described = rc.Inspector("i", "n", "d", **INSPECTOR).to_json() | {column: value}
    assert set(problems(rc.Inspector.from_json, described)) == {column}


def test_defaults_say_nothing():
    assert set(rc.Inspector("i", "n", "d", **INSPECTOR).to_json()) == {
        "id", "name", "department", "certificate", "certificate_expires"
    }  # fmt: skip
    assert set(rc.PastDraw("s", date(2026, 1, 1), "T").to_json()) == {"subject", "drawn_on", "task"}


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"kinds": ("firm",)}, "kinds"),
        ({"risk_classes": ("E",)}, "risk_classes"),
        ({"regions": ()}, "regions"),
        ({"tags": "food"}, "tags"),
    ],
)
def test_a_bad_scope(changes, column):
    assert set(problems(rc.Scope, **changes)) == {column}


def test_a_bad_item():
    found = problems(rc.Item, "i", "n", "law", category="odd", applies_to=5)
    assert set(found) == {"category", "applies_to"}


def test_json_leaves_defaults_out_and_is_strict():
    subject = rc.Subject("s", "n", region="r")
    assert subject.to_json() == {"id": "s", "name": "n", "region": "r"}
    item = rc.Item("i", "n", "law", applies_to=rc.Scope(tags=("a",), statuses=None))
    assert item.to_json()["applies_to"] == {"tags": ["a"], "statuses": None}
    assert rc.Item.from_json(item.to_json()) == item
    assert set(problems(rc.Subject.from_json, {"id": "s", "more": 1})) == {"more", "name", "region"}
    inspector = rc.Inspector("i", "n", "d", **INSPECTOR, capacity=3)
    assert rc.Inspector.from_json(inspector.to_json()) == inspector
    described = inspector.to_json() | {"certificate_expires": "soon"}
    assert set(problems(rc.Inspector.from_json, described)) == {"certificate_expires"}
    described = inspector.to_json() | {"certificate_expires": 5}
    assert set(problems(rc.Inspector.from_json, described)) == {"certificate_expires"}
    bad_scope = {"id": "i", "name": "n", "basis": "b", "applies_to": {"tags": "x"}}
    assert set(problems(rc.Item.from_json, bad_scope)) == {"applies_to"}
    assert set(problems(rc.Item.from_json, bad_scope | {"applies_to": 5})) == {"applies_to"}


def test_facts_are_data():
    one = rc.Subject("s", "n", region="r", tags=("b", "a"))
    two = rc.Subject("s", "n", region="r", tags=["a", "b"])
    assert one == two
    assert hash(one) == hash(two)
    assert repr(one) == repr(two)
    assert pickle.loads(pickle.dumps(one)) == one
    assert list(kinds(rc.Subject))[:2] == ["id", "name"]


@given(st.dictionaries(st.text(max_size=3), st.integers(), max_size=5))
def test_a_frozen_mapping_is_its_data(data):
    one, two = FrozenMapping(data), FrozenMapping(dict(reversed(data.items())))
    assert one == two == data
    assert hash(one) == hash(two)
    assert repr(one) == repr(two) == repr({key: data[key] for key in sorted(data)})
    assert pickle.loads(pickle.dumps(one)) == one
    assert len(one) == len(data)
