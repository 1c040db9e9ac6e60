"""Tables of facts: checked at once, in canonical order, with a digest."""

import hashlib
import json
import pickle
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import randcheck as rc
from randcheck import canonical, table
from randcheck.errors import DataError, UnknownNameError
from worlds import full_inspectors, past_teams

ROWS = [
    {"id": "b", "name": "乙", "region": "02", "tags": ("x",), "risk_class": "A"},
    {"id": "电梯-1", "name": "lift", "region": "02", "kind": "attached object", "owner": "b"},
    {"id": "a", "name": "甲", "region": "01", "credit_code": "91131025109502805M"},
]
REGISTRY = rc.SubjectRegistry.from_records(ROWS)


def refused(make, *args, **kwargs):
    with pytest.raises(DataError) as caught:
        make(*args, **kwargs)
    return [(p.row, p.column, p.reason) for p in caught.value.problems]


@given(st.permutations(ROWS))
def test_the_order_of_rows_changes_nothing(rows):
    again = rc.SubjectRegistry.from_records(rows)
    assert again == REGISTRY
    assert hash(again) == hash(REGISTRY)
    assert again.digest == REGISTRY.digest
    assert list(again.ids) == ["a", "b", "电梯-1"]


def test_models_one_by_one():
    assert len(REGISTRY) == 3
    assert REGISTRY["b"] == rc.Subject(**ROWS[0])
    assert list(REGISTRY) == [rc.Subject(**row) for row in (ROWS[2], ROWS[0], ROWS[1])]
    assert rc.SubjectRegistry.from_records(list(REGISTRY)) == REGISTRY
    assert "b" in REGISTRY
    assert "c" not in REGISTRY
    assert "zzz" not in REGISTRY
    assert 5 not in REGISTRY
    for unknown in ("c", "\U0010ffff"):
        with pytest.raises(LookupError):
            REGISTRY[unknown]
    with pytest.raises(UnknownNameError) as caught:
        REGISTRY.positions(["a", "c", "d"], "owner")
    assert caught.value.names == ("c", "d")
    assert repr(REGISTRY) == "<SubjectRegistry of 3 rows>"


def test_columns_are_read_only_arrays():
    assert list(REGISTRY.column("risk_class")) == [None, "A", None]
    assert list(REGISTRY.column("risk_class") == "A") == [False, True, False]
    with pytest.raises(ValueError, match="read-only"):
        REGISTRY.ids[0] = "z"
    with pytest.raises(UnknownNameError, match="unknown column: 'nothing'; known: id, name"):
        REGISTRY.column("nothing")
    with pytest.raises(UnknownNameError, match="column of few values: 'name'; known: kind"):
        REGISTRY.codes("name")


@pytest.mark.parametrize("chunk", [1, 2, 100])
def test_the_digest_is_that_of_canonical_lines(monkeypatch, chunk):
    monkeypatch.setattr(table, "CHUNK", chunk)
    inspectors = rc.InspectorRegistry.from_records(
        rc.Inspector(f'i"{n}', "n", "d", certificate="c", certificate_expires=date(2027, 1, n),
                     capacity=n if n % 2 else None) for n in range(1, 6)
    )  # fmt: skip
    history = rc.History.from_records([rc.PastDraw("a", date(2026, 1, 1), "T")])
    catalog = rc.ItemCatalog.from_records(
        [rc.Item("i", "n", "b", applies_to=rc.Scope(tags=("x",))), rc.Item("j", "n", "b")]
    )
    for facts in (REGISTRY, inspectors, history, catalog):
        data = b"".join(facts.lines())
        header, *lines = data.decode().splitlines()
        assert json.loads(header) == {"facts": facts.title, "protocol": "randcheck/v1"}
        assert [json.loads(line) for line in lines] == [fact.to_json() for fact in facts]
        for line in lines:
            assert canonical.loads(line.encode())
        fresh = type(facts).from_records(list(facts))
        assert fresh.digest == hashlib.sha256(data).hexdigest()


def test_fields_at_their_defaults_leave_the_digest_alone():
    """What was committed before a field existed keeps its digest."""
    inspectors = rc.InspectorRegistry.from_records(
        [rc.Inspector("i", "n", "d", certificate="c", certificate_expires=date(2027, 1, 1))]
    )
    history = rc.History.from_records([rc.PastDraw("a", date(2026, 1, 1), "T")])
    assert b"".join(inspectors.lines()) == (
        b'{"facts":"inspectors","protocol":"randcheck/v1"}\n'
        b'{"certificate":"c","certificate_expires":"2027-01-01","department":"d","id":"i","name":"n"}\n'
    )
    assert b"".join(history.lines()) == (
        b'{"facts":"history","protocol":"randcheck/v1"}\n'
        b'{"drawn_on":"2026-01-01","subject":"a","task":"T"}\n'
    )
    assert b"street" not in b"".join(REGISTRY.lines())


def test_every_field_is_in_the_canonical_lines():
    for facts in (full_inspectors(), past_teams()):
        _, *lines = b"".join(facts.lines()).decode().splitlines()
        assert [json.loads(line) for line in lines] == [fact.to_json() for fact in facts]
        described = [facts.model.from_json(json.loads(line)) for line in lines]
        assert type(facts).from_records(described) == facts
        assert type(facts).from_records(list(facts)[::-1]) == facts


def test_values_without_a_hash_are_cleaned_like_others():
    """A dict, and a list of lists, are one value when they are equal once they are clean."""
    base = {"name": "n", "department": "d", "certificate": "c",
            "certificate_expires": date(2027, 1, 1)}  # fmt: skip
    one, two = date(2026, 7, 1), date(2026, 7, 14)
    rows = [
        {"employers": {"a": one, "b": two}, "leave": [[one, two], [two, two]]},
        {"employers": {"b": two, "a": one}, "leave": ((two, two), (one, two))},
    ]
    registry = rc.InspectorRegistry.from_records(
        base | {"id": f"i{number}"} | row for number, row in enumerate(rows)
    )
    assert len(registry.codes("employers").values) == 1
    assert len(registry.codes("leave").values) == 1


def test_an_empty_registry():
    empty = rc.SubjectRegistry.from_records([])
    assert len(empty) == 0
    assert list(empty) == []
    assert empty == rc.SubjectRegistry.from_columns({})
    assert empty.suspects == ()


def test_pickle():
    copy = pickle.loads(pickle.dumps(REGISTRY))
    assert copy == REGISTRY
    assert copy["a"] == REGISTRY["a"]
    assert REGISTRY != "a registry"


def test_all_bad_rows_at_once():
    rows = [
        {"id": "a", "name": "x", "region": "r"},
        {"id": "a", "name": "x", "region": "r"},
        {"id": 5, "name": "x", "region": "r"},
        {"id": "c", "name": "x"},
        {"id": "d", "name": "x", "region": "r", "risk_class": "E", "rank": 1},
        {"id": "e", "name": "x", "region": "r", "kind": "attached object"},
        {"id": "f", "name": "x", "region": "r", "tags": "food"},
        {"id": "g", "name": "x", "region": "r", "tags": {"a": 1}},
        {"id": "h", "name": "x", "region": "r", "tags": [["a"]]},
        {"id": "i", "name": "x", "region": "r", "kind": None},
        "not a row",
    ]
    found = refused(rc.SubjectRegistry.from_records, rows)
    assert (1, "id", "is already in row 0") in found
    assert (2, "id", "is not text but int") in found
    assert (3, "region", "is missing") in found
    assert (4, "risk_class", "is not known here") in found
    assert (4, "rank", "is unknown") in found
    assert (5, "owner", "is missing for an attached object") in found
    assert {(row, "tags") for row in (6, 7, 8)} <= {(row, column) for row, column, _ in found}
    assert (9, "kind", "is missing") in found
    assert (10, None, "is no row") in found
    assert [row for row, _, _ in found] == sorted(row for row, _, _ in found)


def test_columns_of_another_length_or_name():
    found = refused(rc.SubjectRegistry.from_columns, {"id": ["a"], "name": [], "rank": [1]})
    assert (None, "rank", "is unknown") in found
    assert (None, "name", "are too few") in found
    assert (None, "region", "is missing") in found


def test_the_rows_may_have_other_numbers():
    columns = {"id": ["a", "a"], "name": ["x", ""], "region": ["r", "r"]}
    with pytest.raises(DataError) as caught:
        rc.SubjectRegistry.from_columns(columns, row_numbers=[2, 3])
    assert {p.row for p in caught.value.problems} == {3}


def test_suspect_ids_are_kept_and_reported(caplog):
    registry = rc.SubjectRegistry.from_records(
        rc.Subject(name, "n", region="r") for name in ("a", "A", "b")
    )
    assert len(registry) == 3
    assert registry.suspects == (("A", "a"),)
    assert "look alike" in caplog.text


def test_values_of_different_types_never_meet():
    """1, True and 1.0 are equal keys of a dict, but only one of them is a capacity."""
    base = {"name": "n", "department": "d", "certificate": "c",
            "certificate_expires": date(2027, 1, 1)}  # fmt: skip
    rows = [base | {"id": f"i{n}", "capacity": c} for n, c in enumerate((1, True, 1.0, "1", None))]
    assert {row for row, _, _ in refused(rc.InspectorRegistry.from_records, rows)} == {1, 2, 3}


def test_sets_given_in_any_order_are_one_value():
    forms = [["b", "a"], ("a", "b"), {"a", "b"}, np.array(["a", "b"])]
    rows = [{"id": f"s{n}", "name": "n", "region": "r", "tags": t} for n, t in enumerate(forms)]
    assert len(rc.SubjectRegistry.from_records(rows).codes("tags").values) == 1


def test_history_is_ordered_and_each_draw_stands_once():
    rows = [rc.PastDraw("b", date(2026, 1, 1), "T"), rc.PastDraw("a", date(2026, 2, 1), "T"),
            rc.PastDraw("a", date(2026, 1, 1), "T")]  # fmt: skip
    history = rc.History.from_records(rows)
    assert list(history) == [rows[2], rows[1], rows[0]]
    assert refused(rc.History.from_records, [rows[0], rows[0]]) == [
        (1, "subject", "is already in row 0")
    ]


def test_what_a_scope_lets_in():
    assert list(REGISTRY.matches("region", ("0",))) == [True, True, True]
    assert list(REGISTRY.matches("region", ("01",))) == [True, False, False]
    assert list(REGISTRY.matches("industry", ("F",))) == [False] * 3
    assert list(REGISTRY.matches("tags", ("x", "y"))) == [False, True, False]
    assert list(REGISTRY.matches("kind", ("attached object",))) == [False, False, True]
