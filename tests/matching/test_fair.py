"""Fair odds: feasible exactly when brute force says so, every hard rule on every draw, the aims."""

import json
import os
import pickle
import random
import subprocess
import sys
from collections import Counter
from datetime import date
from fractions import Fraction
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

import randcheck as rc
from randcheck.errors import ParameterError, StaffingError
from randcheck.matching import ConditionedMatcher, FairMatcher, NamedExclusion, Rotation, assign
from randcheck.matching.network import Network
from randcheck.matching.solve import predictability, solve
from staff import (
    AS_OF,
    SKILLS,
    check_teams,
    item,
    need,
    person,
    possible,
    random_case,
    registry,
    visits,
)
from worlds import inspectors, joint_task, world

SEEDS = ("aa" * 32, "bb" * 32, "cc" * 32)


def attempt(needs, people, size=2, **parameters):
    """The odds, or else the error."""
    try:
        matcher = FairMatcher(team_size=size, **parameters)
        return matcher.odds(visits(*needs), registry(*people)), None
    except StaffingError as error:
        return None, error


# --- hard rules ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("skills", "size"), [(0, 2), (1, 2), (2, 2), (3, 2), (1, 3), (3, 3)])
def test_feasible_exactly_when_brute_force_says_so(skills, size):
    """120 random cases of up to 6 × 6 for each kind of need; hard rules hold for several seeds."""
    dice = random.Random(skills * 10 + size)
    seen = Counter()
    for _ in range(120):
        needs, people = random_case(dice, skills, most_visits=6)
        answer = possible(needs, people, size)
        seen[answer] += 1
        odds, error = attempt(needs, people, size)
        assert (error is None) is answer, (needs, people, error)
        if error is not None:
            named = [each for each in needs if each.subject.id in error.visits]
            assert len(named) == len(error.visits) > 0
            assert not possible(named, people, size)
            assert error.available < error.needed
            continue
        for seed in SEEDS:
            check_teams(needs, people, odds, assign(odds, seed), size)
    assert min(seen[True], seen[False]) > 2


@given(st.integers(0, 10**6))
@settings(max_examples=150)
def test_another_eligible_inspector_never_makes_it_infeasible(number):
    needs, people = random_case(random.Random(number), 3)
    if attempt(needs, people)[1] is None:
        more = [*people, person(9, specialties=SKILLS)]
        assert attempt(needs, more)[1] is None


@given(st.integers(0, 10**6), st.randoms())
@settings(max_examples=60)
def test_the_order_of_rows_changes_nothing(number, dice):
    needs, people = random_case(random.Random(number), 2)
    one, error = attempt(needs, people)
    dice.shuffle(needs)
    dice.shuffle(people)
    two, again = attempt(needs, people)
    assert one == two
    assert str(error) == str(again)


def test_a_cover_that_needs_another_way_to_cut_the_team():
    """Both visits want the one who holds all; the second can have nobody else."""
    needs = [need("a", "01", ("boilers", "food")), need("b", "01", ("boilers", "food", "medicine"))]
    people = [
        person(0, specialties=SKILLS, capacity=1),
        person(1, specialties=("boilers",), capacity=1),
        person(2, specialties=("food",), capacity=1),
        person(3, capacity=1),
    ]
    odds, error = attempt(needs, people)
    assert error is None
    check_teams(needs, people, odds, assign(odds, "cc" * 32), 2)


# --- exactness -----------------------------------------------------------------------------------


def middle(seed):
    """A case of middle size: 12 visits, 10 people, some of them specialists."""
    dice = random.Random(seed)
    people = [
        person(
            n,
            specialties=("food",) if n < 4 else (),
            capacity=dice.choice([None, 3, 4, 5]),
            conflicts=tuple(f"s{k:02}" for k in range(12) if dice.random() < 0.1),
        )
        for n in range(10)
    ]
    needs = [need(f"s{k:02}", "01", ("food",) if dice.random() < 0.4 else ()) for k in range(12)]
    odds, error = attempt(needs, people)
    assert error is None
    return odds


def largest_z(odds, draws, prefix):
    """The largest |z| of how often pairs go together, and how many there are."""
    times = Counter()
    for number in range(draws):
        for visit, team in enumerate(assign(odds, f"{prefix:02x}{number:062x}")):
            times.update((visit, member) for member in team)
    largest, cases = 0.0, 0
    rows = zip(*(each.tolist() for each in odds.pairs()), strict=True)
    for visit, place, numerator in rows:
        seen = times.pop((visit, odds.inspectors[place]), 0)
        share = numerator / odds.denominator
        if numerator == odds.denominator:
            assert seen == draws
            continue
        cases += 1
        largest = max(largest, abs(seen - draws * share) / sqrt(draws * share * (1 - share)))
    assert not times  # nobody goes who has no odds
    return largest, cases


def bound_for(cases, alarm=0.01):
    """What the largest of so many |z| exceeds with at most this probability (Bonferroni)."""
    return norm.isf(alarm / cases / 2)


@pytest.mark.parametrize("seed", range(20))
def test_frequencies_agree_with_the_odds(seed):
    """False alarms: one in a hundred for each case; seeds are fixed."""
    largest, cases = largest_z(middle(seed), 2_000, seed)
    assert largest < bound_for(cases)


@pytest.mark.long
@pytest.mark.parametrize("seed", [3, 11])
def test_frequencies_agree_over_many_draws(seed):
    largest, cases = largest_z(middle(seed), 200_000, seed)
    print(f"200,000 draws: largest |z| of {cases} is {largest:.2f}, bound {bound_for(cases):.2f}")
    assert largest < bound_for(cases)


# --- the aims ------------------------------------------------------------------------------------


def test_equal_people_have_equal_odds_and_loads():
    odds, _ = attempt([need(f"s{n}") for n in range(40)], [person(f"{n:02}") for n in range(16)])
    fair = Fraction(2, 16)
    numerators = odds.pairs()[2].tolist()
    assert {Fraction(n, odds.denominator) for n in numerators} == {fair}
    assert set(odds.loads().tolist()) == {5 * odds.denominator}


def test_forced_and_impossible_pairs_are_exact():
    """Two people must go to `a`; both are then full, so `b` and `c` share the others evenly."""
    people = [person(n, capacity=1, regions=("01", "02")) for n in (0, 1)]
    people += [person(n, regions=("02",)) for n in (2, 3, 4)]
    odds, _ = attempt([need("a", "01"), need("b", "02"), need("c", "02")], people)
    assert odds.probability("a", "p0") == odds.probability("a", "p1") == 1
    for visit in ("b", "c"):
        assert odds.probability(visit, "p0") == odds.probability(visit, "p1") == 0
        shares = [odds.numerator(visit, f"p{n}") for n in (2, 3, 4)]
        assert max(shares) - min(shares) <= 1


def test_loads_are_as_even_as_the_regions_allow():
    """West has two people and six visits, east twelve and six; one may go everywhere."""
    west = [person(f"w{n}", regions=("01",)) for n in range(2)]
    east = [person(f"e{n}", regions=("02",)) for n in range(12)]
    needs = [need(f"w{n}", "01") for n in range(6)] + [need(f"e{n}", "02") for n in range(6)]
    odds, _ = attempt(needs, [*west, *east, person("all")])
    loads = dict(zip(odds.inspectors, (odds.loads() / odds.denominator).tolist(), strict=True))
    assert [loads["pw0"], loads["pw1"], loads["pall"]] == pytest.approx([4, 4, 4], abs=0.01)
    assert [loads[f"pe{n}"] for n in range(12)] == pytest.approx([1] * 12, abs=0.01)


def least_predictability(needs, people):
    """The least possible largest odds over q / n, by linear program; `None` where infeasible."""
    from scipy.optimize import linprog

    search = FairMatcher()
    eligibility = search.eligibility(visits(*needs), registry(*people))
    from randcheck.matching.feasibility import Search
    from randcheck.matching.teams import network_of

    found = Search(eligibility, search.demand)
    network = network_of(eligibility, found.pools, found.first())
    entries, slots = len(network.people), network.slot_of_entries
    visit = network.visit_of[slots]
    pairs = {}
    for entry, key in enumerate(zip(visit.tolist(), network.people.tolist(), strict=True)):
        pairs.setdefault(key, []).append(entry)
    fair = network.team_sizes / network.sizes
    upper, right = [], []
    for (number, _), own in pairs.items():
        row = np.zeros(entries + 1)
        row[own] = 1
        upper += [row.copy()]
        right += [1.0]
        row[entries] = -fair[number]
        upper += [row]
        right += [0.0]
    for row_person, capacity in enumerate(network.capacities.tolist()):
        if capacity >= 0:
            upper.append(np.append(network.people == row_person, False).astype(float))
            right.append(capacity)
    equal = [np.append(slots == slot, False).astype(float) for slot in range(len(network.places))]
    cost = np.append(np.zeros(entries), 1.0)
    result = linprog(cost, upper, right, equal, network.places.astype(float), method="highs")
    return (result.x[-1] if result.status == 0 else None), network


@pytest.mark.parametrize("seed", range(60))
def test_predictability_is_within_ten_percent_of_the_least(seed):
    dice = random.Random(seed)
    people = [
        person(
            f"{n:02}",
            specialties=("food",) if dice.random() < 0.5 else (),
            capacity=dice.choice([None, *range(2, 9)]),
            conflicts=tuple(f"s{k:02}" for k in range(20) if dice.random() < 0.2),
        )
        for n in range(dice.randint(6, 14))
    ]
    needs = [
        need(f"s{k:02}", "01", ("food",) if dice.random() < 0.3 else ())
        for k in range(dice.randint(4, 18))
    ]
    odds, error = attempt(needs, people)
    if error is not None:
        return
    least, network = least_predictability(needs, people)
    visits_, _, sums = odds.pairs()
    fair = (network.team_sizes / network.sizes)[visits_]
    assert float((sums / odds.denominator / fair).max()) <= 1.10 * least + 1e-9


# --- classes and parts ---------------------------------------------------------------------------


def large(seed=0, *, regions=4, each=60, staff=25, slack=2):
    """Some jurisdictions that share nobody, in arrays, with single conflicts."""
    dice = np.random.default_rng(seed)
    rows, starts, places, visit_of, pools = [], [0], [], [], []
    for region in range(regions):
        own = np.arange(region * staff, (region + 1) * staff)
        skilled = own[::3]
        for visit in range(each):
            free = dice.random(regions * staff) > 0.05
            ways = [(1, skilled, 2 * region), (1, own, 2 * region + 1)]
            for count, pool, number in ways if visit % 3 else [(2, own, 2 * region + 1)]:
                kept = pool[free[pool]]
                rows.append(kept)
                starts.append(starts[-1] + len(kept))
                places.append(count)
                visit_of.append(region * each + visit)
                pools.append(number)
    mean = 2 * each // staff
    return Network(
        np.array(visit_of, np.int32), np.array(places, np.int32), np.array(starts, np.int64),
        np.concatenate(rows).astype(np.int32), np.array(pools, np.int32),
        np.full(regions * staff, mean + slack, np.int64),
    )  # fmt: skip


def test_parts_are_independent_and_cores_change_nothing():
    network = large()
    whole = solve(network, 14, cores=1)
    assert (whole == solve(network, 14, cores=2)).all()
    assert (whole == solve(network, 14, cores=7)).all()
    parts = list(network.components())
    assert len(parts) == 4
    for part, _, entries in reversed(parts):
        assert (solve(part, 14) == whole[entries]).all()


def test_classes_give_what_single_people_give(monkeypatch):
    """Found by classes and found one by one: as even and as little predictable."""
    from randcheck.matching import solve as module

    network = large(1, regions=1, each=300, staff=80)
    fine = solve(network, 14)
    monkeypatch.setattr(module, "SMALL", 100)
    coarse = solve(network, 14)
    loads = [np.bincount(network.people, weights=x, minlength=80) / 2**14 for x in (fine, coarse)]
    assert np.abs(loads[0] - loads[1]).max() < 0.3
    for numerators in (fine, coarse):
        sums = np.bincount(network.slot_of_entries, weights=numerators)
        assert (sums == network.places * 2**14).all()
        assert (np.bincount(network.people, weights=numerators, minlength=80)
                <= network.capacities * 2**14).all()  # fmt: skip
        assert predictability(network, numerators, 14) < 3.25


@pytest.mark.parametrize("skills", [0, 1, 2])
def test_what_classes_find_is_checked_for_each_member(skills, monkeypatch):
    """Small cases by way of classes: the same answer, and every sum and limit holds exactly."""
    from randcheck.matching import solve as module

    dice = random.Random(40 + skills)
    for _ in range(250):
        needs, people = random_case(dice, skills, most_visits=8, most_people=9)
        monkeypatch.setattr(module, "SMALL", 20_000)
        _, error = attempt(needs, people)
        monkeypatch.setattr(module, "SMALL", 0)
        odds, again = attempt(needs, people)
        assert (error is None) == (again is None)
        if odds is not None:  # `Odds` checks all sums when it is made
            for seed in SEEDS[:1]:
                check_teams(needs, people, odds, assign(odds, seed), 2)


def crowded(seed):
    """Few people in arrays, many conflicts, hardly any room: classes say little about members."""
    dice = np.random.default_rng(seed)
    size, visits_ = 14, 60
    rows, starts = [], [0]
    for _ in range(visits_):
        kept = np.flatnonzero(dice.random(size) > 0.45)
        rows.append(kept)
        starts.append(starts[-1] + len(kept))
    zeros = np.zeros(visits_, np.int32)
    return Network(
        np.arange(visits_, dtype=np.int32), np.full(visits_, 2, np.int32),
        np.array(starts, np.int64), np.concatenate(rows).astype(np.int32), zeros,
        np.full(size, 2 * visits_ // size + 1, np.int64),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_crowded_parts_are_exact_by_classes_and_by_members(seed, monkeypatch):
    from randcheck.matching import solve as module

    network = crowded(seed)
    for small in (20_000, 0):
        monkeypatch.setattr(module, "SMALL", small)
        numerators = solve(network, 14)
        sums = np.bincount(network.slot_of_entries, weights=numerators)
        assert (sums == network.places << 14).all()
        loads = np.bincount(network.people, weights=numerators, minlength=14)
        assert (loads <= network.capacities << 14).all()
        assert numerators.max() <= 1 << 14


def test_the_processor_changes_nothing():
    """The same odds with NumPy's vector instructions switched off."""
    drawn = "[solve(large(seed, regions=2, slack=seed), 14).tobytes() for seed in range(1, 4)]"
    code = f"""
import hashlib, sys
sys.path[:0] = ["tests/matching", "tests"]
from test_fair import large, middle
from randcheck.matching import solve as module
from randcheck.matching.solve import solve
found = {drawn}
module.SMALL = 50
found += {drawn}
found += [middle(seed).digest.encode() for seed in range(3)]
print(hashlib.sha256(b"".join(found)).hexdigest())
"""
    told = []
    for disabled in ((), _features()):
        environment = os.environ | {"NPY_DISABLE_CPU_FEATURES": " ".join(disabled)}
        run = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", f"{FEATURES}\nprint(found)\n{code}"],
            capture_output=True, text=True, check=True, env=environment,
        )  # fmt: skip
        told.append(run.stdout.splitlines())
    assert told[0][0] == str(_features())
    assert told[1][0] == "[]"  # nothing is left of them
    assert told[0][1] == told[1][1]


FEATURES = """
try:
    from numpy._core import _multiarray_umath as umath
except ImportError:
    from numpy.core import _multiarray_umath as umath
found = [name for name in umath.__cpu_dispatch__ if umath.__cpu_features__.get(name)]
"""


def _features():
    """The optional instructions that this NumPy found, by their names."""
    names = {}
    exec(FEATURES, names)
    return names["found"]


def test_visits_that_are_predictable_are_told_before_the_draw(caplog):
    people = [person(n, regions=("01",)) for n in range(2)]
    people += [person(n, regions=("02",)) for n in range(2, 5)]
    people += [person(n, regions=("03",)) for n in range(5, 10)]
    needs = [need("a", "01"), need("b", "02"), need("c", "03")]
    with caplog.at_level("WARNING", logger="randcheck"):
        odds, _ = attempt(needs, people)
    [forced, few] = odds.predictable
    assert (forced.subject_id, forced.eligible, forced.certain) == ("a", 2, ("p0", "p1"))
    assert (few.subject_id, few.eligible, few.team_size, few.certain) == ("b", 3, 2, ())
    assert "2 visits are predictable" in caplog.text


# --- teams of departments, leads, experts --------------------------------------------------------


def test_each_department_supplies_its_own_members():
    items = (item("food", department="food office"), item(department="price office"))
    people = [
        rc.Inspector(f"p{n}", "made up", office, certificate="c", certificate_expires=AS_OF,
                     specialties=("food",) if n == 0 else ())
        for n, office in enumerate(["food office"] * 3 + ["price office"] * 3 + ["other"] * 3)
    ]  # fmt: skip
    matcher = FairMatcher(each_department=2)
    odds = matcher.odds(visits(need("s", items=items)), registry(*people))
    for number in range(30):
        [team] = assign(odds, f"{number:064x}")
        assert len(team) == 4
        assert "p0" in team  # the only one of the food office who knows food
        assert sum(name in {"p0", "p1", "p2"} for name in team) == 2
        assert sum(name in {"p3", "p4", "p5"} for name in team) == 2


def test_a_lead_and_an_expert():
    people = [person(n, qualifications=("lead",) if n < 2 else ()) for n in range(5)]
    people += [person(n, role="expert", specialties=("boilers",)) for n in (7, 8)]
    people.append(person(9, specialties=("boilers",)))
    matcher = FairMatcher(lead="lead", experts=("boilers",))
    needs = (need("a"), need("b", "01", ("boilers",)))
    odds = matcher.odds(visits(*needs), registry(*people))
    for number in range(30):
        plain, special = assign(odds, f"{number:064x}")
        assert len(plain) == 2
        assert not {"p7", "p8"} & set(plain)
        assert {"p0", "p1"} & set(plain)
        assert len(special) == 3
        assert len({"p7", "p8"} & set(special)) == 1
        assert "p9" in special
        assert {"p0", "p1"} & set(special)


def test_trainings_leave_and_loans_decide():
    people = [
        person(0, trainings=("2026",)),
        person(1, trainings=("2026",), leave=((date(2026, 6, 20), AS_OF),)),
        person(2, trainings=("2026",), regions=("02",), assigned=("01",)),
        person(3),
        person(4, trainings=("2026", "more"), leave=((date(2026, 7, 2), date(2026, 7, 9)),)),
        person(5, trainings=("2026",), regions=("02",)),
    ]
    odds = FairMatcher(trainings=("2026",)).odds(visits(need("s")), registry(*people))
    able = {name for name in odds.inspectors if odds.numerator("s", name)}
    assert able == {"p0", "p2", "p4"}


def test_partial_staffs_a_maximal_set_and_names_nobody_else():
    needs = [need(f"s{n}", "01") for n in range(4)] + [need("t", "09")]
    people = [person(n, capacity=1, regions=("01",)) for n in range(5)]
    assert attempt(needs, people)[1] is not None
    odds, _ = attempt(needs, people, partial=True)
    assert len(odds.visits) == 2
    assert "t" not in odds.visits


@pytest.mark.parametrize("size", [1, 0, -2, 2.0, "2", True, None])
def test_a_team_is_at_least_a_pair(size):
    with pytest.raises(ParameterError, match="team_size"):
        FairMatcher(team_size=size)


@pytest.mark.parametrize(
    "given_",
    [
        {"bits": 3},
        {"bits": "14"},
        {"each_department": 0},
        {"trainings": "one"},
        {"experts": 5},
        {"rules": "x"},
        {"rules": ("x",)},
    ],
)
def test_parameters_that_cannot_be_meant(given_):
    with pytest.raises(ParameterError):
        FairMatcher(**given_)


# --- in tasks and draws --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "matcher",
    [
        FairMatcher(team_size=3, trainings=("2026",), lead="lead", experts=("boilers",)),
        FairMatcher(rules=(Rotation(months=6), NamedExclusion("p1", "s1", "a letter"))),
        FairMatcher(each_department=2, partial=True, bits=12),
        ConditionedMatcher(base=FairMatcher(team_size=3), apart=(("a", "b"),), hours={"food": 2},
                           most_hours=20, new_pairs=True),
    ],
    ids=lambda matcher: type(matcher).__name__,
)  # fmt: skip
def test_matchers_survive_a_task_in_json(matcher):
    task = joint_task(matcher=matcher)
    copy = rc.Task.from_json(json.loads(json.dumps(task.to_json())))
    assert copy.matcher == matcher
    assert pickle.loads(pickle.dumps(matcher)) == matcher
    assert hash(copy.matcher) == hash(matcher)


def test_who_went_last_time_does_not_go_again():
    given_ = world(100)
    people = inspectors(8)
    names = list(people.ids)
    history = rc.History.from_records(
        rc.PastDraw(name, date(2026, 1, 5), "T0", team=(names[n % 8], names[(n + 1) % 8]))
        for n, name in enumerate(given_["subjects"].ids)
    )
    task = joint_task(matcher=FairMatcher(rules=(Rotation(),)))
    draw = rc.draw(task, **given_, inspectors=people, history=history, randomness="1")
    before = {past.subject: set(past.team) for past in history}
    for visit in draw.visits:
        assert not before[visit.subject_id] & set(visit.team)
        assert draw.explain(visit.subject_id).left_out == {"rotation": 2}
    assert rc.replay(draw.record, **given_, inspectors=people, history=history).ok
    with pytest.raises(ParameterError, match="history"):
        rc.draw(task, **given_, inspectors=people, randomness="1")
