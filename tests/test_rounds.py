"""The round that counts for a commitment follows from its time alone."""

import json
import pickle
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from randcheck.errors import ParameterError
from randcheck.randomness import Round, Rounds

FIRST = datetime(2026, 1, 1, 13, 15, tzinfo=UTC)


def moment(seconds):
    return (FIRST + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


@given(
    st.lists(st.integers(1, 500), max_size=3),
    st.integers(1, 300),
    st.integers(0, 700),
    st.integers(-3000, 3000),
)
def test_it_is_the_first_after_the_delay(gaps, more, delay, at):
    starts = [0]
    for gap in gaps:
        starts.append(starts[-1] + gap)
    period = starts[-1] + more
    rounds = Rounds(tuple(map(moment, starts)), period, delay)
    spoken = [start + cycle * period for cycle in range(8000 // period + 2) for start in starts]
    number, due = next((n, s) for n, s in enumerate(spoken, 1) if s > at + delay)
    assert rounds.after(moment(at)) == Round(number, moment(due))


@given(st.integers(-(10**6), 10**7), st.integers(0, 10**5))
def test_a_later_commitment_never_has_an_earlier_round(at, later):
    rounds = Rounds(tuple(map(moment, (0, 172800, 432000))), 604800, 3600)
    assert rounds.after(moment(at)).number <= rounds.after(moment(at + later)).number


def test_it_is_data():
    rounds = Rounds((FIRST, moment(60)), 3600, 60)
    assert Rounds.from_json(json.loads(json.dumps(rounds.to_json()))) == rounds
    assert pickle.loads(pickle.dumps(rounds)) == rounds
    assert rounds.starts == (moment(0), moment(60))
    assert Rounds((moment(0),), 1).after(FIRST) == Round(2, moment(1))


@pytest.mark.parametrize(
    ("starts", "period", "delay", "named"),
    [
        ((), 10, 0, "starts"),
        ("2026-01-01T13:15:00Z", 10, 0, "starts"),
        (("2026-01-01",), 10, 0, "starts"),
        ((moment(5), moment(5)), 10, 0, "starts"),
        ((moment(5), moment(4)), 10, 0, "starts"),
        (None, 10, 0, "starts"),
        ((moment(0), moment(10)), 10, 0, "period"),
        ((moment(0),), 0, 0, "period"),
        ((moment(0),), 1.5, 0, "Rounds"),
        ((moment(0),), True, 0, "Rounds"),
        ((moment(0),), 10, -1, "Rounds"),
    ],
)
def test_bad_schedules(starts, period, delay, named):
    with pytest.raises(ParameterError) as caught:
        Rounds(starts, period, delay)
    assert caught.value.name == named


def test_bad_times_and_descriptions():
    rounds = Rounds((moment(0),), 10)
    with pytest.raises(ParameterError, match="is no moment"):
        rounds.after("2026-07-01")
    for more in ({"delay": "0"}, {"more": 1}, {"starts": [FIRST]}):
        with pytest.raises(ParameterError):
            Rounds.from_json(rounds.to_json() | more)
