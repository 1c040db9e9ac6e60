"""Before the year: staff enough or not, where not, and what one more would change."""

import random

import pytest

from randcheck.matching import FairMatcher, staffing
from staff import need, person, possible, random_case, registry, visits


def test_enough():
    report = staffing(visits(need("a"), need("b")), registry(*(person(n) for n in range(5))))
    assert report.enough
    assert (report.needed, report.fillable) == (4, 4)
    assert report.shortages == ()
    assert report.predictable == ()
    assert report.largest_load == pytest.approx(0.8, abs=0.01)
    assert str(report) == "4 of 4 places in teams can be filled"


def test_where_not_and_what_one_more_would_change():
    needs = [need(f"w{n}", "west", ("boilers",)) for n in range(3)] + [need("e", "east")]
    people = [
        person(0, regions=("west",), specialties=("boilers",), capacity=2),
        *[person(n, regions=("west",), capacity=2) for n in (1, 2, 3)],
        *[person(n, regions=("east",), capacity=2) for n in (4, 5)],
    ]
    report = staffing(visits(*needs), registry(*people))
    assert not report.enough
    assert (report.needed, report.fillable) == (8, 7)
    [short] = report.shortages
    assert (short.region, short.asked, short.places, short.people) == ("west", ("boilers",), 3, 1)
    assert set(report.predictable) == {"e"}
    best = report.one_more[0]
    assert (best.region, best.specialty, best.filled) == ("west", "boilers", 1)
    assert best.largest_load is not None
    assert [more.filled for more in report.one_more if more.region == "east"] == [0]
    assert "1 more places" in str(report)
    assert "west, boilers: 3 places, 1 people" in str(report)


def test_where_all_is_staffed_one_more_lowers_the_largest_load():
    needs = [need(f"w{n}", "west") for n in range(6)] + [need("e", "east")]
    people = [person(n, regions=("west",)) for n in range(3)]
    people += [person(n, regions=("east",)) for n in (7, 8, 9)]
    report = staffing(visits(*needs), registry(*people))
    assert report.largest_load == pytest.approx(4, abs=0.01)
    loads = {more.region: more.largest_load for more in report.one_more}
    assert loads["west"] == pytest.approx(3, abs=0.01)
    assert loads["east"] == pytest.approx(4, abs=0.01)


def test_enough_exactly_when_brute_force_says_so():
    dice = random.Random(8)
    for _ in range(150):
        needs, people = random_case(dice, 1)
        report = staffing(visits(*needs), registry(*people), FairMatcher())
        assert report.enough is possible(needs, people, 2)
