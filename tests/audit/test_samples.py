"""What a past draw may look like, and what is refused by name."""

import pickle

import pytest

from randcheck.audit import PastSample
from randcheck.errors import ParameterError

POOL = ["a", "b", "c"]


@pytest.mark.parametrize(
    ("given", "name", "value", "reason"),
    [
        ({"drawn": ["d"]}, "drawn", "'d'", "is not in the pool"),
        ({"drawn": ["a", "a"]}, "drawn", "'a'", "is there 2 times"),
        ({"pool": ["a", "b", "b"]}, "pool", "'b'", "is there 2 times"),
        ({"pool": "abc"}, "pool", "'abc'", "is no list of ids"),
        ({"pool": 7}, "pool", "7", "is no list of ids"),
        ({"pool": {"a": 1}}, "pool", "{'a': 1}", "is no list of ids"),
        ({"pool": ["a", 5]}, "pool", "5", "is no id"),
        ({"pool": ["a", None]}, "pool", "None", "is no id"),
        ({"pool": ["a", " "]}, "pool", "' '", "is no id"),
        ({"pool": ["a", ["b"]]}, "pool", "['b']", "is no id"),
        ({"teams": [["i"]]}, "teams", "(('i',),)", "are 1 teams for 2 firms"),
        ({"teams": ["ii", "jj"]}, "teams", "'ii'", "is no list of ids"),
        ({"teams": 3}, "teams", "3", "is no list of teams"),
        ({"teams": [["i"], [9]]}, "teams", "9", "is no id"),
        ({"task": ""}, "task", "''", "is no text"),
        ({"task": 4}, "task", "4", "is no text"),
        ({"kept": 1}, "kept", "1", "is no bool"),
        ({"strata": {"a": "x", "b": "x"}}, "strata", "'c'", "has no stratum"),
        ({"strata": {"a": "x", "b": "x", "c": 1}}, "strata", "{'c': 1}", "is no text"),
        ({"strata": ["x", "x", "x"]}, "strata", "['x', 'x', 'x']", "is no mapping"),
    ],
)
def test_bad_input_is_named(given, name, value, reason):
    fields = {"pool": POOL, "drawn": ["a", "b"], **given}
    with pytest.raises(ParameterError) as caught:
        PastSample(fields.pop("pool"), fields.pop("drawn"), **fields)
    error = caught.value
    assert (error.name, error.value) == (name, value)
    assert reason in error.reason
    assert error.remedy


def test_a_sample_is_a_value():
    strata = {"a": "x", "b": "y", "c": "x", "stranger": "z"}
    one = PastSample(iter(POOL), ["c"], teams=[["i", "i"]], task="T", kept=False, strata=strata)
    strata["a"] = "changed"
    assert one.strata == {"a": "x", "b": "y", "c": "x"}
    assert one.teams == (("i", "i"),)  # a fault of the procedure, which the audit reports
    assert pickle.loads(pickle.dumps(one)) == one
    assert len({one, pickle.loads(pickle.dumps(one))}) == 1


def test_nobody_may_be_drawn_and_nobody_may_go():
    assert PastSample([], []).drawn == ()
    assert PastSample(POOL, ["b"], teams=[[]]).teams == ((),)
