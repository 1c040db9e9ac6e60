"""Working days (工作日): which days are worked, and how periods of them are counted.

Rules enforced here:
1. A day is worked if the State Council's notice for its year says so: Mondays to Fridays that are
   no holidays, and the Saturdays and Sundays that make up for one (调休上班).
2. A year that is not announced, or not known here, is a `CalendarError` and never a guess.
3. The day from which a period counts is not counted itself, the last one is: 民法典 (Civil Code,
   2020) article 201, 开始的当日不计入，自下一日开始计算.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, Protocol

from attrs import field, frozen

from randcheck.errors import DataError, MissingExtraError, ParameterError, Problem, shorten
from randcheck.office.errors import CalendarError

_DAY = timedelta(days=1)
_SATURDAY = 5


class Calendar(Protocol):
    """Says which days are worked."""

    def is_workday(self, day: date) -> bool:
        """Whether the day is worked; `CalendarError` for a day that nobody has announced."""
        ...


class _Tables(NamedTuple):
    """What the library `chinesecalendar` holds."""

    holidays: frozenset[date]
    workdays: frozenset[date]
    years: frozenset[int]


def _tables() -> _Tables:
    try:
        library: Any = importlib.import_module("chinese_calendar")
    except ImportError:
        raise MissingExtraError("chinesecalendar", "calendar", "ChineseCalendar") from None
    holidays = frozenset(library.holidays)
    # A notice may name days of the year before or after its own, so a holiday alone proves little.
    # Each names the National Day of its own year.
    years = frozenset(day.year for day in holidays if (day.month, day.day) == (10, 1))
    return _Tables(holidays, frozenset(library.workdays), years)


@frozen
class ChineseCalendar:
    """The State Council's calendar, year by year, as the library `chinesecalendar` has it.

    Needs the extra `calendar`. A year is known if the library holds its notice
    (国务院办公厅关于…部分节假日安排的通知), which comes out late in the year before.
    """

    _library: _Tables = field(init=False, repr=False, factory=_tables)

    @property
    def years(self) -> tuple[int, ...]:
        """The years that are known, in ascending order."""
        return tuple(sorted(self._library.years))

    def is_workday(self, day: date) -> bool:
        """Whether the day is worked; `CalendarError` for a year that the library does not know."""
        _need_day(day)
        if day.year not in self._library.years:
            known = self.years
            told = f"{known[0]} to {known[-1]}" if known else "no year"
            raise CalendarError(
                str(day),
                f"the calendar of {day.year} is not announced, or not in the library ({told})",
                "update chinesecalendar, or join a FixedCalendar made of the notice",
            )
        return _is_workday(day, self._library.holidays, self._library.workdays)


def _as_days(value: Iterable[date]) -> frozenset[date]:
    return frozenset(value)


@frozen
class FixedCalendar:
    """A calendar by hand, from its first to its last day: holidays and days that make up for them.

    For other places, for tests, and for a notice that the library does not have yet.
    """

    holidays: frozenset[date] = field(converter=_as_days)
    workdays: frozenset[date] = field(converter=_as_days)
    first: date
    last: date

    def __attrs_post_init__(self) -> None:
        days = {self.first: "first", self.last: "last"}
        days |= dict.fromkeys(self.holidays, "holidays") | dict.fromkeys(self.workdays, "workdays")
        wrong = [
            Problem(None, name, shorten(day), "is not a date", "give datetime.date")
            for day, name in days.items()
            if not _is_day(day)
        ]
        if problems := wrong or [*self._contradictions()]:
            raise DataError("FixedCalendar", problems)

    def _contradictions(self) -> Iterable[Problem]:
        if self.last < self.first:
            told = f"{self.first} to {self.last}"
            yield Problem(None, "last", told, "ends before it begins", "swap the days")
        for name, days in (("holidays", self.holidays), ("workdays", self.workdays)):
            for day in sorted(days):
                if not self.first <= day <= self.last:
                    remedy = f"give days from {self.first} to {self.last}"
                    yield Problem(None, name, str(day), "is outside of the calendar", remedy)
        for day in sorted(self.workdays):
            if day in self.holidays:
                yield Problem(None, "workdays", str(day), "is a holiday as well", "decide")
            elif day.weekday() < _SATURDAY:
                reason = "is no Saturday or Sunday, so it makes up for nothing"
                yield Problem(None, "workdays", str(day), reason, "look at the notice again")

    def is_workday(self, day: date) -> bool:
        """Whether the day is worked; `CalendarError` before the first and after the last day."""
        _need_day(day)
        if not self.first <= day <= self.last:
            reason = f"the calendar goes from {self.first} to {self.last}"
            raise CalendarError(str(day), reason, "give the notice of this year, too")
        return _is_workday(day, self.holidays, self.workdays)


def _as_calendars(value: Iterable[Calendar]) -> tuple[Calendar, ...]:
    return tuple(value)


@frozen
class Calendars:
    """Several calendars, asked in their order: the first that knows a day answers."""

    calendars: tuple[Calendar, ...] = field(converter=_as_calendars)

    def is_workday(self, day: date) -> bool:
        """Whether the day is worked; `CalendarError` if none of them knows it."""
        reasons = []
        for calendar in self.calendars:
            try:
                return calendar.is_workday(day)
            except CalendarError as error:
                reasons.append(error.reason)
        remedy = "join a FixedCalendar made of the notice"
        raise CalendarError(str(day), "; ".join(reasons) or "no calendar is given", remedy)


def _is_workday(day: date, holidays: frozenset[date], workdays: frozenset[date]) -> bool:
    return day in workdays or (day.weekday() < _SATURDAY and day not in holidays)


def _is_day(value: object) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)


def _need_day(*days: object) -> None:
    for day in days:
        if not _is_day(day):
            remedy = "give a datetime.date in the office's own time"
            raise ParameterError("day", shorten(day), "is not a date", remedy)


def add_workdays(calendar: Calendar, day: date, n: int) -> date:
    """The n-th working day after a day; the day itself is not counted, and 0 gives it back.

    So "within two working days" (两个工作日内) ends with `add_workdays(calendar, day, 2)`.
    """
    _need_day(day)
    if type(n) is not int or n < 0:
        raise ParameterError("n", shorten(n), "is no number of days", "give an int from 0")
    while n:
        day += _DAY
        n -= calendar.is_workday(day)
    return day


def workdays_between(calendar: Calendar, after: date, to: date) -> int:
    """How many working days come after a day, up to another one which is counted.

    `workdays_between(c, day, add_workdays(c, day, n)) == n`. Raises `ParameterError` where the
    second day comes before the first.
    """
    _need_day(after, to)
    if to < after:
        remedy = "swap the days"
        raise ParameterError("to", str(to), f"comes before {after}", remedy)
    return sum(calendar.is_workday(after + n * _DAY) for n in range(1, (to - after).days + 1))
