"""Signs of going through the motions: silent in fair years at the stated rate, loud where planted.

The fair year: 40 inspectors in 4 regions, 500 visits, teams of two by lot within the region, rates
of problems by risk class and region, notes from common phrases and of one's own making.
"""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import combinations
from math import comb
from random import Random

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, fisher_exact, hypergeom

from randcheck.errors import ParameterError
from randcheck.office.cases import Case, case_id
from randcheck.office.cases import Drawn as CaseDrawn
from randcheck.office.forms import Result
from randcheck.office.motions import Limits, Stratum, plain, signs_of_motions, tails

DRAW = "5f" * 32
DAWN = datetime(2026, 1, 5, 1, tzinfo=UTC)
REGIONS = [f"99010{number}" for number in range(1, 5)]
STAFF = {
    region: [f"I-{place}{number}" for number in range(10)] for place, region in enumerate(REGIONS)
}
RATES = {"A": 0.05, "B": 0.15, "C": 0.3, "D": 0.5}
PHRASES = ["no problem found", "documents complete", "label missing", "told to correct", "closed"]
ITEMS = ("food", "price")


def visit(number, region, risk_class, team, results, *, start=None, minutes=60, subject=None):
    subject = subject or f"F-{number:05}"
    start = start or DAWN + timedelta(hours=2 * number)
    drawn = CaseDrawn(
        draw=DRAW, task="T", subject=subject, region=region, team=team, risk_class=risk_class,
        items=dict.fromkeys(results), on=date(2026, 1, 4),
    )  # fmt: skip
    return Case(
        id=case_id(DRAW, f"{subject}-{number}"), status="published", drawn=drawn, team=drawn.team,
        inspectors=drawn.team, results=results, started=f"{start:%Y-%m-%dT%H:%M:%SZ}",
        ended_at=f"{start + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}",
    )  # fmt: skip


def fair(seed, size=500):
    dice = Random(seed)
    for number in range(size):
        place = dice.randrange(4)
        region, risk_class = REGIONS[place], dice.choice("ABCD")
        gone = dice.random() < 0.08
        results = {}
        for item in ITEMS:
            rate = RATES[risk_class] * (1 + place / 10)
            code = "closed" if gone else "corrected" if dice.random() < rate else "none"
            note = dice.choice([*PHRASES, f"seen at stall {dice.randrange(10**6)}", None])
            results[item] = Result(code, note)
        yield visit(number, region, risk_class, tuple(dice.sample(STAFF[region], 2)), results)


def alarms(seeds):
    found = 0
    for seed in seeds:
        signs = signs_of_motions(fair(seed))
        assert signs.asked["wording"] > 100
        assert signs.asked["results"] > 100
        found += bool(signs.signs)
    return found


def test_fair_years_are_left_alone():
    """At a rate of 5 %, more than 15 of 100 come up less than once in 10^4."""
    assert binom.sf(15, 100, 0.05) < 1e-4
    assert alarms(range(100)) <= 15


@pytest.mark.long
def test_a_thousand_fair_years():
    """At a rate of 5 %, more than 78 of 1,000 come up less than once in 10^4."""
    assert binom.sf(78, 1000, 0.05) < 1e-4
    found = alarms(range(1000))
    print(f"fair years: {found} of 1000 with a sign")
    assert found <= 78


def planted(seed, change):
    """A fair year in which the visits of I-00 are changed."""
    for case in fair(seed, 1000):
        yield change(case) if "I-00" in case.inspectors else case


def with_results(case, results):
    return evolve(case, results=results)


def pasted(case):
    note = "检查  了，一切正常 " if case.id[-1] in "02468" else "检查 了,一切正常"
    return with_results(case, {i: Result(r.code, note) for i, r in case.results.items()})


def lenient(case):
    return with_results(
        case,
        {
            i: Result("none" if r.code == "corrected" else r.code, r.note)
            for i, r in case.results.items()
        },
    )


def absent(case):
    gone = int(case.id[-1]) < 5
    return with_results(
        case, {i: Result("closed" if gone else r.code, r.note) for i, r in case.results.items()}
    )


@pytest.mark.parametrize(
    ("change", "kind"), [(pasted, "wording"), (lenient, "problems"), (absent, "unreached")]
)
def test_what_was_planted_is_found(change, kind):
    for seed in range(8):
        signs = signs_of_motions(planted(seed, change))
        assert {("I-00",)} == {sign.who for sign in signs.of(kind)}, seed
        for sign in signs.of(kind):
            assert sign.p_value <= sign.adjusted <= signs.level / 2
            assert all(case.startswith(DRAW[:16]) for case in sign.cases)


def test_a_sign_is_worded_as_a_reason_to_look():
    signs = signs_of_motions(planted(0, pasted))
    text = str(signs)
    assert "none of them says that anybody did wrong" in text
    assert "if teams were drawn by lot" in text
    assert "'检查 了,一切正常'" in text
    for word in ("guilt", "fraud", "lazy", "violation", "falsif"):
        assert word not in text
    assert "look whether each visit was written down by itself" in signs.of("wording")[0].says


def test_a_phrase_that_all_use_is_no_sign():
    same = [
        with_results(case, {i: Result(r.code, "as usual") for i, r in case.results.items()})
        for case in fair(0)
    ]
    signs = signs_of_motions(same)
    assert signs.of("wording") == ()
    assert signs.asked["wording"] == 0  # a text that stands everywhere tells nobody from another


def test_the_order_of_cases_does_not_matter():
    cases = list(planted(1, lenient))
    assert signs_of_motions(cases) == signs_of_motions(reversed(cases))


def test_voided_cases_say_nothing():
    cases = [evolve(case, status="voided") for case in planted(1, lenient)]
    assert signs_of_motions(cases).signs == ()


# --- like with like ----------------------------------------------------------------------------


def test_who_has_the_harder_firms_is_no_sign():
    """I-1 goes to class D alone, where others find as much."""
    dice = Random(3)
    cases = []
    for number in range(600):
        hard = number % 3 == 0
        team = ("I-1", f"I-{dice.randrange(2, 9)}") if hard and number % 2 else ("I-8", "I-9")
        code = "corrected" if dice.random() < (0.7 if hard else 0.05) else "none"
        cases.append(
            visit(number, "990101", "D" if hard else "A", team, {"food": Result(code)})
        )  # fmt: skip
    assert signs_of_motions(cases).signs == ()
    blind = [evolve(case, drawn=evolve(case.drawn, risk_class=None)) for case in cases]
    assert ("I-1",) in {sign.who for sign in signs_of_motions(blind).signs}


def year(own, theirs, *, where="990102"):
    """I-1 and I-2 with results of their own, in a region, beside others in 990101."""
    cases = [
        visit(number, where, "B", ("I-1", "I-2"), {"food": Result(code)})
        for number, code in enumerate(own)
    ]
    return cases + [
        visit(1000 + number, "990101", "B", ("I-3", "I-4"), {"food": Result(code)})
        for number, code in enumerate(theirs)
    ]


def test_a_region_without_colleagues_is_compared_with_all_regions_and_says_so():
    signs = signs_of_motions(year(["none"] * 30, ["corrected", "none"] * 15))
    assert {sign.who for sign in signs.of("problems")} == {("I-1",), ("I-2",), ("I-3",), ("I-4",)}
    assert all("in all regions" in sign.says for sign in signs.signs)
    near = signs_of_motions(year(["none"] * 30, ["corrected", "none"] * 15, where="990101"))
    assert all("in the same region" in sign.says for sign in near.of("problems"))


def test_who_has_no_colleagues_at_all_is_named():
    own = year(["none"] * 30, [])
    signs = signs_of_motions(own)
    assert (signs.signs, signs.alone) == ((), ("I-1", "I-2"))
    assert "without colleagues to compare with: I-1, I-2" in str(signs)


# --- the exact test ----------------------------------------------------------------------------

STRATA = st.integers(1, 9).flatmap(
    lambda visits: st.builds(
        Stratum, st.just(visits), st.integers(0, visits), st.integers(0, visits)
    )
)


@given(st.lists(STRATA, max_size=3), st.integers(-1, 10))
def test_tails_by_counting_every_choice(strata, count):
    ways = {0: 1}
    for visits, featured, own in strata:
        sums = {}
        for chosen in combinations(range(visits), own):
            found = sum(each < featured for each in chosen)
            for before, number in ways.items():
                sums[before + found] = sums.get(before + found, 0) + number
        ways = sums
    total = sum(ways.values())
    assert total > 0
    below = sum(number for found, number in ways.items() if found <= count)
    above = sum(number for found, number in ways.items() if found >= count)
    assert tails(strata, count) == (Fraction(below, total), Fraction(above, total))


def test_one_stratum_is_fisher_s_test():
    for visits, featured, own, count in ((40, 12, 10, 6), (100, 30, 20, 2), (12, 6, 6, 5)):
        table = [[count, own - count], [featured - count, visits - featured - own + count]]
        below, above = tails([Stratum(visits, featured, own)], count)
        assert float(above) == pytest.approx(fisher_exact(table, "greater")[1])
        assert float(below) == pytest.approx(fisher_exact(table, "less")[1])
        assert float(above) == pytest.approx(hypergeom.sf(count - 1, visits, featured, own))
    assert tails([Stratum(10, 5, 3)], 3)[1] == Fraction(comb(5, 3), comb(10, 3))


# --- durations and times -----------------------------------------------------------------------

NONE = {"food": Result("none")}


def at(hour, minute=0, *, minutes=60, team=("I-1", "I-2"), region="990101", subject=None, number=0):
    start = DAWN + timedelta(hours=hour, minutes=minute)
    return visit(
        number or hour * 60 + minute, region, "B", team, NONE,
        start=start, minutes=minutes, subject=subject,
    )  # fmt: skip


def facts(*cases, **limits):
    return [
        (sign.kind, sign.who) for sign in signs_of_motions(cases, limits=Limits(**limits)).signs
    ]


def test_too_short():
    assert facts(at(1, minutes=9), at(3, minutes=10)) == [("short", ("I-1", "I-2"))]
    assert facts(at(1, minutes=9), shortest=5) == []
    [sign] = signs_of_motions([at(1, minutes=0)]).signs
    assert "took 0 minutes, fewer than 10" in sign.says
    assert sign.p_value is None


def test_nobody_is_in_two_places():
    other = at(1, 59, team=("I-2", "I-3"), subject="F-9")
    assert facts(at(1), other) == [("overlap", ("I-2",))]
    assert facts(at(1), at(2, team=("I-2", "I-3"))) == []  # one ends when the other begins
    assert facts(at(1, subject="F-1"), at(1, 30, subject="F-1")) == []  # two tasks, one visit
    assert facts(at(1, minutes=600), at(2, minutes=20), at(5)) == [
        ("overlap", ("I-1", "I-2")),
        ("overlap", ("I-1", "I-2")),
    ]


def test_the_way_between_two_regions_takes_time():
    there = at(3, region="990109")
    way = {("990109", "990101"): 90}
    assert facts(at(1), there, travel=way) == [("far apart", ("I-1", "I-2"))]
    assert facts(at(1), there, travel={("990101", "990109"): 60}) == []
    assert facts(at(1), there) == []
    [sign] = signs_of_motions([at(1), there], limits=Limits(travel=way)).signs
    assert "60 minutes between 990101 and 990109, which takes 90" in sign.says


@given(
    st.lists(
        st.tuples(st.integers(0, 300), st.integers(0, 90), st.sampled_from(REGIONS[:3])),
        max_size=8,
    )
)
def test_clashes_are_all_pairs_that_cannot_be(stays):
    way = {(REGIONS[0], REGIONS[1]): 40, (REGIONS[0], REGIONS[2]): 75}
    cases = [
        at(0, start, minutes=length, region=region, number=10_000 + place)
        for place, (start, length, region) in enumerate(stays)
    ]
    signs = signs_of_motions(cases, limits=Limits(shortest=0, travel=way)).signs
    expected = []
    for one, other in combinations(sorted(stays), 2):
        gap = other[0] - (one[0] + one[1])
        regions = tuple(sorted((one[2], other[2])))
        expected += ["overlap"] if gap < 0 else ["far apart"] * (gap < way.get(regions, 0))
    assert sorted(sign.kind for sign in signs) == sorted(expected)


@pytest.mark.parametrize(
    "limits",
    [
        {"shortest": -1},
        {"least": 2.5},
        {"travel": {"990101": 3}},
        {"travel": {("a", "b"): "3"}},
        {"travel": {("a", "b"): 3, ("b", "a"): 4}},
    ],
)
def test_limits_that_cannot_be_meant(limits):
    with pytest.raises(ParameterError):
        Limits(**limits)


def test_levels_that_find_all_or_nothing():
    for level in ("0%", "100%", 0.05):
        with pytest.raises(ParameterError):
            signs_of_motions([], level=level)
    empty = signs_of_motions([])
    assert (empty.signs, empty.alone) == ((), ())


def test_notes_are_compared_without_their_blanks_and_widths():
    assert plain(" Ｎｏ　problem \n found") == "No problem found"
