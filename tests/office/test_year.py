"""A whole year at a tenth of a city's size: every indicator equals one counted by plain pandas."""

from datetime import date

import pytest

from documents import example_year
from office.plain_pandas import indicators, steps
from office.test_calendar import NOTICES, days
from randcheck.office.draws import contradictions
from randcheck.office.indicators import Area, Books, Period, Question
from randcheck.office.life import rebuild
from randcheck.office.reports import report

pytest.importorskip("chinese_calendar")
pytest.importorskip("pandas")


@pytest.fixture(scope="module")
def year():
    return example_year(firms=25_000, inspectors=60, tasks=50)


@pytest.fixture(scope="module")
def told(year):
    """What an outsider has: the lines of the export, as a table."""
    return steps(b"".join(event.data + b"\n" for event in year.ledger.events()))


@pytest.fixture(scope="module")
def states(year):
    """What the ledger alone gives back."""
    return rebuild(year.ledger.events(), year.desk._lives.values())


def test_everything_happened(year):
    told = year.told()
    for what in (
        "plan published", "plan approved", "scheme issued", "scheme voided", "draw recorded",
        "draw voided", "case drawn", "case assigned", "case confirmed", "case inspected",
        "case entered", "case returned", "case reviewed", "case approved", "case published",
        "case corrected", "case voided", "problem opened", "problem extended",
        "problem reinspected", "problem closed", "transfer sent", "transfer received",
        "transfer answered", "revisit drawn", "revisit found", "registry frozen",
    ):  # fmt: skip
        assert told.get(what), what
    assert told["plan published"] == 2
    assert told["draw recorded"] == 51
    assert told["scheme voided"] == told["draw voided"] == 1
    assert told["registry frozen"] == 12
    assert told["case drawn"] > 900


def test_the_ledger_alone_rebuilds_every_state(year, states):
    assert year.ledger.verify().ok
    assert states == {
        (about, name): state
        for about in year.desk._lives
        for name, state in year.desk.states(about).items()
    }
    assert contradictions(states) == ()


PERIODS = {
    "year": Period.year(2026),
    "first quarter": Period.quarter(2026, 1),
    "third quarter": Period.quarter(2026, 3),
    "June": Period.month(2026, 6),
    "November": Period.month(2026, 11),
}


@pytest.mark.parametrize("regions", [(), ("990102",), ("990121", "990122")], ids=str)
@pytest.mark.parametrize("name", PERIODS)
def test_every_indicator_is_what_plain_pandas_counts(year, states, told, name, regions):
    period = PERIODS[name]
    for as_of in (period.last, date(2026, 12, 31)):
        asked = Question(
            period=period, calendar=year.calendar, as_of=as_of, area=Area("some", regions)
        )
        made = report(Books.of(states), asked)
        found = {each.code: (each.numerator, each.denominator) for each in made.measures}
        assert found == indicators(
            told,
            first=period.first.isoformat(),
            last=period.last.isoformat(),
            as_of=as_of.isoformat(),
            table=[set(days(2026, part)) for part in NOTICES[2026]],
            regions=regions,
        )


def test_the_year_has_something_to_say(year):
    made = year.report()
    assert made["risk-based"].status == "met"
    assert made["coverage"].status == "met"
    assert made["published-in-time"].status == "missed"
    assert made["followed-up"].status == "missed"
    assert all(measure.denominator for measure in made.measures)
    assert made["problems-D"].value > made["problems-A"].value
