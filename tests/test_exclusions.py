from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import randcheck as rc
from randcheck.errors import ParameterError, UnknownNameError
from randcheck.exclusions import EXCLUSIONS, exclusion_from_json, exclusion_to_json, months_before

SUBJECTS = rc.SubjectRegistry.from_records(
    [rc.Subject(name, "n", region="r") for name in "abc"]
    + [rc.Subject("lift", "n", region="r", kind="attached object", owner="a")]
)
NOBODY = np.zeros(4, dtype=bool)


def excluded(exclusion, *draws, as_of=date(2026, 7, 1), before=NOBODY):
    history = rc.History.from_records(rc.PastDraw(name, day, "T") for name, day in draws)
    mask = exclusion.excludes(SUBJECTS, history, as_of, before)
    return set(SUBJECTS.ids[mask])


@pytest.mark.parametrize(
    ("day", "months", "start"),
    [
        (date(2026, 7, 1), 12, date(2025, 7, 1)),
        (date(2026, 3, 31), 1, date(2026, 2, 28)),
        (date(2024, 3, 31), 1, date(2024, 2, 29)),
        (date(2026, 1, 15), 1, date(2025, 12, 15)),
        (date(2026, 5, 31), 1, date(2026, 4, 30)),
        (date(2026, 7, 1), 24, date(2024, 7, 1)),
    ],
)
def test_monthsmonths_before(day, months, start):
    assert months_before(day, months) == start


@given(st.dates(date(1000, 1, 1)), st.integers(1, 100))
def test_months_back_are_monotone(day, months):
    assert months_before(day, months) < day
    assert months_before(day, months + 1) < months_before(day, months)


def test_back_before_time():
    with pytest.raises(ParameterError, match="before the year 1"):
        months_before(date(2, 1, 1), 100)


def test_drawn_within_months():
    draws = [("a", date(2025, 7, 1)), ("b", date(2025, 7, 2)), ("c", date(2026, 7, 20)),
             ("gone", date(2026, 1, 1))]  # fmt: skip
    assert excluded(rc.DrawnWithin(months=12), *draws) == {"b", "c"}
    assert rc.DrawnWithin(months=12).reason == "drawn-within-12-months"


def test_drawn_this_year():
    draws = [("a", date(2025, 12, 31)), ("b", date(2026, 1, 1)), ("c", date(2026, 12, 31))]
    assert excluded(rc.DrawnThisYear(), *draws) == {"b", "c"}


def test_yearly_cap():
    draws = [("a", date(2026, 1, 1)), ("a", date(2026, 2, 1)), ("b", date(2026, 1, 1)),
             ("b", date(2025, 1, 1))]  # fmt: skip
    assert excluded(rc.YearlyCap(2), *draws) == {"a"}
    assert excluded(rc.YearlyCap(1), *draws) == {"a", "b"}
    assert rc.YearlyCap(2).reason == "yearly-cap-2"


def test_an_attached_object_goes_with_its_owner():
    before = SUBJECTS.ids == "a"
    assert excluded(rc.OwnerExcluded(), before=before) == {"lift"}
    assert excluded(rc.OwnerExcluded()) == set()


def test_an_owner_who_is_not_in_the_registry():
    lone = rc.SubjectRegistry.from_records([SUBJECTS["lift"]])
    with pytest.raises(UnknownNameError, match="owner"):
        rc.OwnerExcluded().excludes(lone, None, date(2026, 1, 1), np.zeros(1, dtype=bool))


@pytest.mark.parametrize("kind", [rc.DrawnWithin(months=1), rc.DrawnThisYear(), rc.YearlyCap(1)])
def test_history_is_needed(kind):
    with pytest.raises(ParameterError, match="history"):
        kind.excludes(SUBJECTS, None, date(2026, 1, 1), NOBODY)


@pytest.mark.parametrize("bad", [0, -1, 1.5, "3", True, None])
def test_bad_numbers(bad):
    with pytest.raises(ParameterError):
        rc.DrawnWithin(months=bad)
    with pytest.raises(ParameterError):
        rc.YearlyCap(times=bad)


def test_json():
    values = [rc.DrawnWithin(months=3), rc.DrawnThisYear(), rc.YearlyCap(2), rc.OwnerExcluded()]
    assert {value.name for value in values} == set(EXCLUSIONS)
    for value in values:
        assert exclusion_from_json(exclusion_to_json(value)) == value
    with pytest.raises(UnknownNameError, match="odd"):
        exclusion_from_json({"name": "odd"})
    with pytest.raises(ParameterError, match="give exactly: months"):
        exclusion_from_json({"name": "drawn-within"})
    with pytest.raises(ParameterError, match="give exactly: none"):
        exclusion_from_json({"name": "drawn-this-year", "x": 1})
