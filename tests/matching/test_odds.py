"""The odds table: what it says, its one sequence of bytes, and what is none."""

import json
import pickle
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from randcheck.errors import OddsError, UnknownNameError
from randcheck.matching import Odds
from staff import random_odds

LINES = {
    "店-2": [(1, {"a": 1, "b": 3}), (1, {"b": 1, "c": 2, "d": 1})],
    "shop-1": [(2, {"a": 3, "c": 2, "d": 3, "b": 0})],
}
LIMITS = {"d": None, "c": 1, "b": 1, "a": 1}
ODDS = Odds.of(2, LINES, LIMITS)
TABLE = ODDS.to_bytes()


def test_what_it_says():
    assert ODDS.denominator == 4
    assert ODDS.visits == ("shop-1", "店-2")
    assert ODDS.inspectors == ("a", "b", "c", "d")
    assert ODDS.numerator("店-2", "b") == 4
    assert ODDS.probability("shop-1", "a") == Fraction(3, 4)
    assert ODDS.numerator("shop-1", "b") == 0
    assert ODDS.loads().tolist() == [4, 4, 4, 4]
    assert repr(ODDS) == "<Odds of 8 pairs over 2^2: 2 visits, 4 inspectors>"
    for subject, inspector in (("nobody", "a"), ("shop-1", "nobody")):
        with pytest.raises(UnknownNameError):
            ODDS.numerator(subject, inspector)


def test_the_bytes():
    assert TABLE.decode().splitlines() == [
        '{"bits":2,"capacities":[1,1,1,null],"inspectors":["a","b","c","d"],'
        '"protocol":"randcheck/v1"}',
        '["shop-1",[[2,[0,2,3],[3,2,3]]]]',
        '["店-2",[[1,[0,1],[1,3]],[1,[1,2,3],[1,2,1]]]]',
    ]
    assert TABLE.endswith(b"\n")
    copy = Odds.from_bytes(TABLE)
    assert copy == ODDS
    assert hash(copy) == hash(ODDS)
    assert copy.to_bytes() == TABLE
    assert pickle.loads(pickle.dumps(ODDS)) == ODDS


@given(st.integers(0, 10**6), st.booleans())
def test_tables_survive_bytes(seed, nested):
    odds = random_odds(seed, bits=4, visits=5, people=6, nested=nested)
    copy = Odds.from_bytes(odds.to_bytes())
    assert copy == odds
    assert copy.digest == odds.digest


@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow"])
def test_a_table_that_a_person_can_read(backend):
    frame = ODDS.to_dataframe(backend=backend)
    names = frame.column_names if backend == "pyarrow" else list(frame.columns)
    assert names == ["subject_id", "inspector_id", "numerator"]
    rows = frame.to_pylist() if backend == "pyarrow" else (
        frame.to_dict("records") if backend == "pandas" else frame.to_dicts())  # fmt: skip
    assert {"subject_id": "店-2", "inspector_id": "b", "numerator": 4} in rows
    assert len(rows) == 7


BAD = {
    "a sum below the places": {"s": [(2, {"a": 3, "b": 4})]},
    "a sum above the places": {"s": [(1, {"a": 3, "b": 4})]},
    "a person twice in a team": {"s": [(1, {"a": 3, "b": 1}), (1, {"a": 2, "b": 2})]},
    "above the capacity": {"s": [(1, {"a": 4})], "t": [(1, {"a": 1, "b": 3})]},
    "no places": {"s": [(0, {"a": 4})]},
    "no candidate": {"s": [(1, {})]},
    "no slots": {"s": []},
    "a negative numerator": {"s": [(1, {"a": 5, "b": -1})]},
    "a float": {"s": [(1, {"a": 4.0})]},
    "a truth value": {"s": [(1, {"a": 3, "b": True})]},
}


@pytest.mark.parametrize("lines", BAD.values(), ids=BAD)
def test_odds_that_are_none(lines):
    with pytest.raises(OddsError):
        Odds.of(2, lines, {"a": 1, "b": None})


def test_an_unknown_inspector_and_bad_limits():
    with pytest.raises(UnknownNameError):
        Odds.of(2, {"s": [(1, {"x": 4})]}, {"a": None})
    for limits in ({"a": -1}, {"a": 1.5}, {"a": "1"}, {"a": True}):
        with pytest.raises(OddsError):
            Odds.of(2, {"s": [(1, {"a": 4})]}, limits)
    for bits in (0, 31, 2.0, "2", True):
        with pytest.raises(OddsError):
            Odds.of(bits, {}, {"a": None})


def broken(line, change):
    lines = [json.loads(each) for each in TABLE.decode().splitlines()]
    change(lines[line])
    text = (json.dumps(each, ensure_ascii=False, separators=(",", ":")) for each in lines)
    return ("\n".join(text) + "\n").encode()


def put(*path):
    *way, last, value = path

    def change(each):
        for key in way:
            each = each[key]
        each[last] = value

    return change


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        TABLE[:-1],
        TABLE + b"\n",
        TABLE.replace(b"\n", b"\r\n"),
        TABLE.replace(b"3", b"3.0"),
        TABLE.replace(b",", b", ", 1),
        b"\xff" + TABLE,
        b"\n".join([*TABLE.split(b"\n")[:1], *reversed(TABLE.split(b"\n")[1:3]), b""]),
        TABLE + TABLE.split(b"\n")[1] + b"\n",
        broken(0, put("protocol", "randcheck/v2")),
        broken(0, put("bits", 3)),
        broken(0, put("bits", "2")),
        broken(0, put("extra", 1)),
        broken(0, put("inspectors", ["a", "b", "d", "c"])),
        broken(0, put("inspectors", ["a", "b", "c", "c"])),
        broken(0, put("inspectors", "abcd")),
        broken(0, put("inspectors", [1, 2, 3, 4])),
        broken(0, put("capacities", [1, 1, 1])),
        broken(0, put("capacities", [1, 1, True, None])),
        broken(0, put("capacities", 4)),
        broken(1, put(0, 5)),
        broken(1, put(1, 0, 1, [2, 0, 3])),
        broken(1, put(1, 0, 1, [0, 2, 2])),
        broken(1, put(1, 0, 1, [0, 2, 4])),
        broken(1, put(1, 0, 1, [0, 2])),
        broken(1, put(1, 0, 2, [3, 2, 3, 0])),
        broken(1, put(1, 0, 0, True)),
        broken(1, put(1, 0, 0, 1)),
        broken(1, put(1, 5)),
        broken(1, put(1, [])),
        broken(1, put(1, 0, 2, ["3", "2", "3"])),
        b"[" * 10_000 + b"\n",
    ],
)
def test_bytes_that_are_no_table(data):
    with pytest.raises(OddsError):
        Odds.from_bytes(data)


def test_arrays_that_do_not_fit():
    arrays = [ODDS.visit_of, ODDS.places, ODDS.starts, ODDS.people, ODDS.numerators]
    for broken_ in ([*arrays[:2], arrays[2][:-1], *arrays[3:]], [arrays[0][1:], *arrays[1:]]):
        with pytest.raises(OddsError, match="do not fit the other arrays"):
            Odds(2, ODDS.visits, ODDS.inspectors, ODDS.capacities, *broken_)


def test_one_slot_a_visit_and_other_values():
    plain = Odds.of(2, {"s": [(2, {"a": 4, "b": 3, "c": 1})]}, dict.fromkeys("abc"))
    assert plain.to_dataframe()["numerator"].tolist() == [4, 3, 1]
    assert [each.certain for each in plain.predictable] == [("a",)]
    assert plain != 5
    assert plain != ODDS
