"""Working days: equal to the published notices day by day, and refused where there is none."""

import sys
import types
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from randcheck.errors import DataError, MissingExtraError, ParameterError
from randcheck.office.calendar import (
    Calendars,
    ChineseCalendar,
    FixedCalendar,
    add_workdays,
    workdays_between,
)
from randcheck.office.errors import CalendarError

# The State Council's notices (国务院办公厅关于…年部分节假日安排的通知), written down by hand:
# for each year the holidays as its notice names them, and the days that are worked instead.
NOTICES = {
    # 国办发明电〔2018〕15号, and for 1 May 国办发明电〔2019〕3号, which replaces its one day
    2019: (
        "01-01 02-04..02-10 04-05..04-07 05-01..05-04 06-07..06-09 09-13..09-15 10-01..10-07",
        "02-02 02-03 04-28 05-05 09-29 10-12",
    ),
    # 国办发明电〔2019〕16号, and 国办发明电〔2020〕1号: the Spring Festival is extended to
    # 2 February, so that 1 February, announced as worked, is a holiday
    2020: (
        "01-01 01-24..02-02 04-04..04-06 05-01..05-05 06-25..06-27 10-01..10-08",
        "01-19 04-26 05-09 06-28 09-27 10-10",
    ),
    # 25 November 2020
    2021: (
        "01-01..01-03 02-11..02-17 04-03..04-05 05-01..05-05 06-12..06-14 09-19..09-21 "
        "10-01..10-07",
        "02-07 02-20 04-25 05-08 09-18 09-26 10-09",
    ),
    # 国办发明电〔2021〕11号; 31 December is of the notice for 2023
    2022: (
        "01-01..01-03 01-31..02-06 04-03..04-05 04-30..05-04 06-03..06-05 09-10..09-12 "
        "10-01..10-07 12-31",
        "01-29 01-30 04-02 04-24 05-07 10-08 10-09",
    ),
    # 国办发明电〔2022〕16号; 30 and 31 December are the weekend of the notice for 2024
    2023: (
        "01-01..01-02 01-21..01-27 04-05 04-29..05-03 06-22..06-24 09-29..10-06 12-30..12-31",
        "01-28 01-29 04-23 05-06 06-25 10-07 10-08",
    ),
    # 国办发明电〔2023〕7号
    2024: (
        "01-01 02-10..02-17 04-04..04-06 05-01..05-05 06-08..06-10 09-15..09-17 10-01..10-07",
        "02-04 02-18 04-07 04-28 05-11 09-14 09-29 10-12",
    ),
    # 国办发明电〔2024〕12号
    2025: (
        "01-01 01-28..02-04 04-04..04-06 05-01..05-05 05-31..06-02 10-01..10-08",
        "01-26 02-08 04-27 09-28 10-11",
    ),
    # 4 November 2025
    2026: (
        "01-01..01-03 02-15..02-23 04-04..04-06 05-01..05-05 06-19..06-21 09-25..09-27 "
        "10-01..10-07",
        "01-04 02-14 02-28 05-09 09-20 10-10",
    ),
}

DAY = timedelta(days=1)


def days(year, text):
    for part in text.split():
        first, _, last = part.partition("..")
        day, end = (date.fromisoformat(f"{year}-{each}") for each in (first, last or first))
        while day <= end:
            yield day
            day += DAY


def notice(*years):
    return FixedCalendar(
        holidays=[day for year in years for day in days(year, NOTICES[year][0])],
        workdays=[day for year in years for day in days(year, NOTICES[year][1])],
        first=date(years[0], 1, 1),
        last=date(years[-1], 12, 31),
    )


ALL = notice(*NOTICES)


@pytest.fixture(scope="module")
def chinese():
    return ChineseCalendar()


@pytest.mark.parametrize("year", NOTICES)
def test_every_day_is_as_the_notice_says(chinese, year):
    holidays, worked = set(days(year, NOTICES[year][0])), set(days(year, NOTICES[year][1]))
    day = date(year, 1, 1)
    while day.year == year:
        expected = day in worked or (day.isoweekday() <= 5 and day not in holidays)
        assert chinese.is_workday(day) is ALL.is_workday(day) is expected, day
        day += DAY


@pytest.mark.parametrize("year", NOTICES)
def test_the_table_is_free_of_slips(year):
    """Weekends pay for a holiday but for the days that the law gives: 11, since 2025 13."""
    law = 11 if year < 2025 else 13
    extended = 2 if year == 2020 else 0  # 31 January off, 1 February not worked
    off = [day for day in days(year, NOTICES[year][0]) if day.isoweekday() <= 5]
    worked = list(days(year, NOTICES[year][1]))
    assert all(day.isoweekday() > 5 for day in worked)
    assert len(off) - len(worked) == law + extended


def test_2020_s_spring_festival_was_extended(chinese):
    assert not any(chinese.is_workday(date(2020, 1, 24) + n * DAY) for n in range(10))
    assert chinese.is_workday(date(2020, 2, 3))
    assert add_workdays(chinese, date(2020, 1, 23), 1) == date(2020, 2, 3)


def test_a_year_that_is_not_announced_is_refused(chinese):
    assert chinese.years[-1] >= 2026
    unknown = chinese.years[-1] + 1
    for day in (date(unknown, 1, 1), date(unknown, 7, 1), date(1999, 7, 1)):
        with pytest.raises(CalendarError, match=f"{day}: the calendar of {day.year} is not anno"):
            chinese.is_workday(day)
    last = date(unknown - 1, 12, 31)
    with pytest.raises(CalendarError):
        add_workdays(chinese, last, 1)
    with pytest.raises(CalendarError):
        workdays_between(chinese, last, last + DAY)
    if unknown == 2027:  # until the library knows it
        with pytest.raises(CalendarError, match="2027"):
            add_workdays(chinese, date(2026, 12, 20), 20)


def made_up(monkeypatch, holidays, workdays=()):
    library = types.SimpleNamespace(
        holidays=dict.fromkeys(holidays, "x"), workdays=dict.fromkeys(workdays, "x")
    )
    monkeypatch.setitem(sys.modules, "chinese_calendar", library)
    return ChineseCalendar()


def test_a_year_of_which_only_some_days_are_known_is_refused(monkeypatch):
    """A notice for 2026 may name 1 January 2027; the library alone would then guess the rest."""
    calendar = made_up(monkeypatch, [date(2024, 10, 1), date(2026, 10, 1), date(2027, 1, 1)])
    assert calendar.years == (2024, 2026)
    for year in (2023, 2025, 2027):
        with pytest.raises(CalendarError, match="2024 to 2026"):
            calendar.is_workday(date(year, 1, 1))


def test_without_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "chinese_calendar", None)
    with pytest.raises(MissingExtraError, match=r"randcheck\[calendar\]"):
        ChineseCalendar()


def test_an_empty_library_knows_nothing(monkeypatch):
    with pytest.raises(CalendarError, match="no year"):
        made_up(monkeypatch, []).is_workday(date(2026, 1, 5))


some_days = st.dates(date(2019, 1, 1), date(2026, 9, 1))


@given(some_days, st.integers(0, 60))
def test_the_day_itself_is_not_counted_and_the_last_one_is(day, n):
    due = add_workdays(ALL, day, n)
    assert workdays_between(ALL, day, due) == n
    assert due == day if n == 0 else ALL.is_workday(due)


@given(some_days, st.integers(0, 60), st.integers(0, 60))
def test_periods_join(day, n, more):
    assert add_workdays(ALL, add_workdays(ALL, day, n), more) == add_workdays(ALL, day, n + more)


@given(some_days, some_days)
def test_between_is_the_count_of_the_days_between(one, other):
    first, last = sorted((one, other))
    worked = [first + n * DAY for n in range(1, (last - first).days + 1)]
    assert workdays_between(ALL, first, last) == len([d for d in worked if ALL.is_workday(d)])


def test_twenty_days_over_the_national_day():
    # 2026: 28-30 September, 8-10 October (10th made up), 12-16, 19-23, 26-29
    assert add_workdays(ALL, date(2026, 9, 27), 20) == date(2026, 10, 29)


def test_what_is_no_day_or_number_is_refused(chinese):
    noon = datetime(2026, 7, 1, 12)
    for calendar in (chinese, ALL):
        with pytest.raises(ParameterError, match="is not a date"):
            calendar.is_workday(noon)
    for call in (
        lambda: add_workdays(ALL, noon, 1),
        lambda: add_workdays(ALL, "2026-07-01", 0),
        lambda: workdays_between(ALL, date(2026, 7, 1), noon),
    ):
        with pytest.raises(ParameterError, match="is not a date"):
            call()
    for n in (-1, 1.5, True):
        with pytest.raises(ParameterError, match="is no number of days"):
            add_workdays(ALL, date(2026, 7, 1), n)
    with pytest.raises(ParameterError, match="comes before 2026-07-02"):
        workdays_between(ALL, date(2026, 7, 2), date(2026, 7, 1))


def test_a_calendar_by_hand_names_all_its_contradictions():
    with pytest.raises(DataError) as raised:
        FixedCalendar(
            holidays=[date(2026, 10, 10), date(2027, 1, 1)],
            workdays=[date(2026, 10, 10), date(2026, 10, 13), date(2025, 10, 11)],
            first=date(2026, 1, 1),
            last=date(2026, 12, 31),
        )
    assert [(each.column, each.value) for each in raised.value.problems] == [
        ("holidays", "2027-01-01"),
        ("workdays", "2025-10-11"),
        ("workdays", "2026-10-10"),
        ("workdays", "2026-10-13"),
    ]
    with pytest.raises(DataError, match="swap the days"):
        FixedCalendar([], [], date(2026, 2, 1), date(2026, 1, 1))
    with pytest.raises(DataError, match="is not a date"):
        FixedCalendar(["2026-10-01"], [], date(2026, 1, 1), date(2026, 12, 31))


def test_a_calendar_by_hand_ends():
    calendar = notice(2026)
    for day in (date(2025, 12, 31), date(2027, 1, 1)):
        with pytest.raises(CalendarError, match="from 2026-01-01 to 2026-12-31"):
            calendar.is_workday(day)


def test_calendars_are_asked_in_their_order(chinese):
    after = chinese.years[-1] + 1
    own = FixedCalendar([date(after, 1, 1)], [], date(after, 1, 1), date(after, 1, 31))
    joined = Calendars([own, chinese])
    assert not joined.is_workday(date(after, 1, 1))
    assert joined.is_workday(date(2026, 10, 10))
    changed = FixedCalendar([date(2026, 7, 1)], [], date(2026, 7, 1), date(2026, 7, 1))
    assert chinese.is_workday(date(2026, 7, 1))
    assert not Calendars([changed, chinese]).is_workday(date(2026, 7, 1))
    with pytest.raises(CalendarError, match=f"{after}-01-31; the calendar of {after}"):
        joined.is_workday(date(after, 2, 1))
    with pytest.raises(CalendarError, match="no calendar is given"):
        Calendars([]).is_workday(date(2026, 7, 1))
