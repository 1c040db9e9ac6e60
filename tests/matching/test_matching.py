"""A team for every visit exactly when brute force finds one; every hard rule on every draw."""

import hashlib
import pickle
import random
from collections import Counter
from datetime import date
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import randcheck as rc
from randcheck.errors import ParameterError, StaffingError
from randcheck.matching import Need, assign, flow
from randcheck.tickets import field

AS_OF = date(2026, 7, 1)
SKILLS = ("boilers", "food", "medicine")
REGIONS = ("01", "02")


def person(number, **changes):
    given_ = {
        "certificate": "c",
        "certificate_expires": date(2027, 1, 1),
        "regions": (),
        "specialties": (),
        "capacity": None,
        "conflicts": (),
    }
    return rc.Inspector(f"p{number}", "made up", "d", **(given_ | changes))


def registry(*people):
    return rc.InspectorRegistry.from_records(people)


def allowed(need, inspector):
    """The pairwise rules, word for word."""
    return (
        inspector.certificate_expires >= AS_OF
        and inspector.capacity != 0
        and (not inspector.regions or need.region.startswith(inspector.regions))
        and need.subject_id not in inspector.conflicts
    )


def good_team(need, team, size):
    held = {skill for inspector in team for skill in inspector.specialties}
    return (
        len({inspector.id for inspector in team}) == size
        and all(allowed(need, inspector) for inspector in team)
        and set(need.specialties) <= held
    )


def possible(needs, people, size):
    """Whether all visits can be staffed, by trying every team for every visit."""
    left = {p.id: 10**9 if p.capacity is None else p.capacity for p in people}

    def rest(number):
        if number == len(needs):
            return True
        for team in combinations([p for p in people if left[p.id]], size):
            if good_team(needs[number], team, size):
                for p in team:
                    left[p.id] -= 1
                if rest(number + 1):
                    return True
                for p in team:
                    left[p.id] += 1
        return False

    return rest(0)


def random_case(dice, skills):
    people = [
        person(
            number,
            certificate_expires=dice.choice([AS_OF, date(2026, 6, 30), *[date(2027, 1, 1)] * 4]),
            regions=dice.choice([(), (), ("01",), ("02",), ("0",)]),
            specialties=tuple(s for s in SKILLS if dice.random() < 0.4),
            capacity=dice.choice([None, 0, 1, 1, 2, 2, 3]),
            conflicts=tuple(f"s{k}" for k in range(5) if dice.random() < 0.15),
        )
        for number in range(dice.randint(2, 6))
    ]
    needs = [
        Need(
            f"s{k}",
            dice.choice(REGIONS),
            tuple(sorted(dice.sample(SKILLS, dice.randint(0, skills)))),
        )
        for k in range(dice.randint(1, 5))
    ]
    return needs, people


def attempt(needs, people, size=2):
    """The staffing, or else the error."""
    try:
        return rc.FlowMatcher(team_size=size).design(needs, registry(*people), AS_OF), None
    except StaffingError as error:
        return None, error


@pytest.mark.parametrize(("skills", "size"), [(0, 2), (1, 2), (3, 2), (1, 3), (3, 3)])
def test_feasible_exactly_when_brute_force_says_so(skills, size):
    """600 random cases for each kind of need; the hard rules hold for several seeds."""
    dice = random.Random(skills * 10 + size)
    seen = Counter()
    for _ in range(600):
        needs, people = random_case(dice, skills)
        answer = possible(needs, people, size)
        seen[answer] += 1
        staffing, error = attempt(needs, people, size)
        assert (error is None) is answer, (needs, people)
        if error is not None:
            named = [need for need in needs if need.subject_id in error.visits]
            assert len(named) == len(error.visits)
            assert not possible(named, people, size)
            assert error.available < error.needed
            continue
        for seed in ("aa" * 32, "bb" * 32):
            check(needs, people, assign(staffing, seed), size)
    assert min(seen[True], seen[False]) > 30


def check(needs, people, teams, size):
    known = {p.id: p for p in people}
    busy = Counter(name for team in teams for name in team)
    for need, team in zip(needs, teams, strict=True):
        assert list(team) == sorted(set(team))
        assert good_team(need, [known[name] for name in team], size)
    for p in people:
        assert p.capacity is None or busy[p.id] <= p.capacity


@given(st.integers(0, 10**6))
@settings(max_examples=200)
def test_another_eligible_inspector_never_makes_it_infeasible(number):
    needs, people = random_case(random.Random(number), 3)
    if attempt(needs, people)[1] is not None:
        return
    rc.FlowMatcher().design(needs, registry(*people, person(9, specialties=SKILLS)), AS_OF)


def test_the_visits_that_nobody_could_staff_even_alone_are_all_named():
    needs = [Need("a", "01"), Need("b", "02", ("food",)), Need("c", "03"), Need("d", "01")]
    people = [person(n, regions=("01", "02")) for n in range(3)]
    with pytest.raises(StaffingError) as caught:
        rc.FlowMatcher().design(needs, registry(*people), AS_OF)
    assert caught.value.visits == ("b", "c")
    assert "not even alone" in str(caught.value)
    assert pickle.loads(pickle.dumps(caught.value)).visits == ("b", "c")


def test_a_group_that_is_too_large_for_its_people_is_named_alone():
    needs = [Need(f"west-{n}", "01") for n in range(3)] + [Need("east", "02")]
    west = [person(n, regions=("01",), capacity=2) for n in range(2)]
    east = [person(n, regions=("02",)) for n in (7, 8)]
    with pytest.raises(StaffingError) as caught:
        rc.FlowMatcher().design(needs, registry(*west, *east), AS_OF)
    assert caught.value.visits == ("west-0", "west-1", "west-2")
    assert (caught.value.needed, caught.value.available) == (6, 4)


def test_a_cover_that_needs_stepping_back():
    """Both visits want the one who holds all; the second can have nobody else."""
    needs = [Need("a", "01", ("boilers", "food")), Need("b", "01", ("boilers", "food", "medicine"))]
    people = [
        person(0, specialties=SKILLS, capacity=1),
        person(1, specialties=("boilers",), capacity=1),
        person(2, specialties=("food",), capacity=1),
        person(3, capacity=1),
    ]
    staffing = rc.FlowMatcher().design(needs, registry(*people), AS_OF)
    check(needs, people, assign(staffing, "cc" * 32), 2)


def test_giving_up_is_said_and_proves_nothing(monkeypatch):
    monkeypatch.setattr(flow, "LARGEST_SEARCH", 0)
    dice = random.Random(5)
    told = set()
    for _ in range(400):
        needs, people = random_case(dice, 3)
        _, error = attempt(needs, people)
        if error is not None:
            told.add("does not prove" in error.reason)
    assert told == {True, False}


# --- the rule that assigns -----------------------------------------------------------------------


def many(size):
    return registry(*(person(f"{n:02}") for n in range(size)))


def test_a_team_is_the_two_lowest_by_the_hashed_order():
    people, seed = many(20), "ab" * 32
    staffing = rc.FlowMatcher().design([Need("电梯-1", "01")], people, AS_OF)

    def ticket(name):
        parts = f"{seed}:".encode() + field("电梯-1".encode()) + field(name.encode())
        return hashlib.sha256(parts).digest()

    assert assign(staffing, seed) == [tuple(sorted(sorted(people.ids, key=ticket)[:2]))]


def test_teams_are_a_function_of_staffing_and_seed():
    needs = [Need(f"s{n}", "01") for n in range(30)]
    one = rc.FlowMatcher().design(needs, many(9), AS_OF)
    two = rc.FlowMatcher().design(needs, registry(*reversed(list(many(9)))), AS_OF)
    assert one == two
    assert assign(one, "aa" * 32) == assign(two, "aa" * 32)
    assert assign(one, "aa" * 32) != assign(one, "bb" * 32)


def test_everybody_is_drawn_as_often_as_anybody():
    """χ² over 2,000 seeds and 10 equal people; false alarms one in a million, seeds fixed."""
    from scipy.stats import chi2

    staffing = rc.FlowMatcher().design([Need("s", "01")], many(10), AS_OF)
    busy = Counter(name for seed in range(2_000) for name in assign(staffing, f"{seed:064x}")[0])
    variance = 2_000 * 0.2 * 0.8 * 10 / 9
    statistic = sum((busy[name] - 400) ** 2 for name in many(10).ids) / variance
    assert chi2.sf(statistic, 9) > 1e-6


@pytest.mark.parametrize("size", [1, 0, -2, 2.0, "2", True, None])
def test_a_team_is_at_least_a_pair(size):
    with pytest.raises(ParameterError, match="team_size"):
        rc.FlowMatcher(team_size=size)
