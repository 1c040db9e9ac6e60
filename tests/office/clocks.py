"""A clock that a test moves."""

from datetime import UTC, datetime, timedelta


class Days:
    """It begins at noon in Beijing on a day, and stands until the test moves it."""

    def __init__(self, year, month, day):
        self.to(year, month, day)

    def __call__(self):
        return self.now

    @property
    def day(self):
        return self.now.date()

    def go(self, days):
        self.now += timedelta(days=days)

    def to(self, year, month, day):
        self.now = datetime(year, month, day, 4, tzinfo=UTC)


def days(number):
    return timedelta(days=number)
