"""Who is short of whom, in words; what would help; hostile rosters."""

import pickle
import random
from collections import Counter
from datetime import date

import pytest

import randcheck as rc
from randcheck.errors import DataError, ParameterError, RandcheckError, StaffingError
from randcheck.matching import FairMatcher, NamedExclusion, assign, feasibility
from randcheck.matching.visits import owners_of
from staff import AS_OF, SKILLS, need, person, random_case, registry, visits


def refused(needs, people, **parameters):
    with pytest.raises(StaffingError) as caught:
        FairMatcher(**parameters).odds(visits(*needs), registry(*people))
    return caught.value


def test_the_visits_that_nobody_could_staff_even_alone_are_all_named():
    needs = [need("a"), need("b", "02", ("food",)), need("c", "03"), need("d")]
    people = [person(n, regions=("01", "02")) for n in range(3)]
    error = refused(needs, people)
    assert error.visits == ("b", "c")
    assert (error.needed, error.available) == (4, 1)
    assert "not even alone" in str(error)
    assert pickle.loads(pickle.dumps(error)).helps == error.helps


def test_a_group_that_is_too_large_for_its_people_is_named_alone():
    needs = [need(f"west-{n}") for n in range(3)] + [need("east", "02")]
    west = [person(n, regions=("01",), capacity=2) for n in range(2)]
    east = [person(n, regions=("02",)) for n in (7, 8)]
    error = refused(needs, [*west, *east])
    assert error.visits == ("west-0", "west-1", "west-2")
    assert (error.needed, error.available) == (6, 4)
    assert "6 inspectors in the region '01'; the 2 who are eligible can fill 4" in error.reason
    assert "2 short" in error.reason
    assert error.helps == ("a loan of p7 to the region '01'", "a loan of p8 to the region '01'")


def test_specialists_who_are_short_and_each_single_change_that_helps():
    needs = [need(f"s{n}", "0101", ("boilers",)) for n in range(3)]
    people = [
        person(0, specialties=("boilers",), capacity=2, regions=("0101",)),
        person(1, specialties=("boilers",), certificate_expires=date(2026, 1, 1)),
        person(2, specialties=("boilers",), regions=("0102",)),
        person(3, specialties=("boilers",), leave=((AS_OF, AS_OF),)),
        *[person(n) for n in range(4, 9)],
    ]
    error = refused(needs, people)
    assert error.visits == ("s0", "s1", "s2")
    assert (error.needed, error.available) == (3, 2)
    assert "with the specialty 'boilers' in the region '0101'" in error.reason
    assert error.helps == (
        "a renewed certificate of p1",
        "the presence of p3",
        "a loan of p2 to the region '0101'",
    )
    assert "what would help: a renewed certificate of p1, or the presence of p3" in str(error)
    only = [*people[:1], *people[4:]]
    assert refused(needs, only).helps == ("one visit more for p0",)


def test_nothing_is_relaxed_and_what_is_told_would_really_help():
    """Random cases: each thing that is said to help makes the named visits feasible."""
    dice = random.Random(4)
    told = Counter()
    for _ in range(150):
        needs, people = random_case(dice, 1)
        try:
            FairMatcher().odds(visits(*needs), registry(*people))
        except StaffingError as error:
            named = [each for each in needs if each.subject.id in error.visits]
            for words in error.helps:
                told[words.split(" ")[1]] += 1
                assert is_feasible(named, [changed(p, words, named) for p in people]), words
    assert len(told) >= 3


def is_feasible(needs, people):
    try:
        FairMatcher().odds(visits(*needs), registry(*people))
    except StaffingError:
        return False
    return True


def changed(inspector, words, needs):
    import attrs

    if inspector.id not in words.split():
        return inspector
    if "certificate" in words:
        return attrs.evolve(inspector, certificate_expires=date(2030, 1, 1))
    if "loan" in words:
        return attrs.evolve(inspector, assigned=tuple(each.subject.region for each in needs))
    assert "one visit more" in words
    return attrs.evolve(inspector, capacity=inspector.capacity + 1)


def test_giving_up_is_said_and_proves_nothing(monkeypatch):
    monkeypatch.setattr(feasibility, "LARGEST_SEARCH", 0)
    dice = random.Random(5)
    told = set()
    for _ in range(400):
        needs, people = random_case(dice, 3)
        try:
            FairMatcher().odds(visits(*needs), registry(*people))
        except StaffingError as error:
            told.add("does not prove" in error.reason)
    assert told == {True, False}


def test_departments_leads_and_experts_are_named():
    from staff import item

    joint = need("s", items=(item(department="food office"), item(department="price office")))
    office = [rc.Inspector(f"p{n}", "made up", "food office", certificate="c",
                           certificate_expires=AS_OF) for n in range(3)]  # fmt: skip
    error = refused([joint], office, each_department=1)
    assert "of the departments 'food office', 'price office'" in error.reason
    assert "qualification 'lead'" in refused([need("s")], office, lead="lead").reason
    boilers = need("s", "01", ("boilers",))
    people = [*office, person(8, specialties=("boilers",))]
    assert "inspectors" in refused([boilers], people, experts=("boilers",)).reason


# --- hostile rosters -----------------------------------------------------------------------------


def hostile(dice):
    """A roster with something wrong or extreme in it, or nothing."""
    people = []
    for number in range(dice.randint(0, 7)):
        given = {
            "id": f"p{number}",
            "name": "made up",
            "department": "d",
            "certificate": "c",
            "certificate_expires": date(2027, 1, 1),
        }
        extreme = {
            "certificate_expires": date(2020, 1, 1),
            "capacity": dice.choice([0, 1, -1, 2.5, "3", 10**12]),
            "conflicts": dice.choice([("s0", "s1"), ("s0",), "s0", ("nobody",), ("s0", "s0")]),
            "regions": dice.choice([("01",), ("02",), ("",), "01", ("0" * 500,)]),
            "specialties": dice.choice([SKILLS, ("food",), ("食品",)]),
            "leave": dice.choice([((date(2026, 1, 1), date(2026, 12, 31)),), ((AS_OF, AS_OF),),
                                  ((AS_OF, date(2025, 1, 1)),)]),
            "role": dice.choice(["expert", "inspector", "boss"]),
            "id": dice.choice([f"p{dice.randint(0, 3)}", "", "１", 5, " p", "p\u200b"]),
            "kin": ("s0",),
            "employers": dice.choice([{"s0": date(2026, 1, 1)}, {"s0": date(2001, 1, 1)}, "s0"]),
        }  # fmt: skip
        for key in dice.sample(sorted(extreme), dice.choice([0, 0, 0, 1, 2])):
            given[key] = extreme[key]
        people.append(given)
    return people


def teams_or_error(rows, needs, size, rules, seed):
    try:
        people = rc.InspectorRegistry.from_records(rows)
        odds = FairMatcher(team_size=size, **rules).odds(visits(*needs), people)
        return assign(odds, seed), None
    except RandcheckError as error:
        return [], error


def test_ten_thousand_hostile_rosters_get_teams_or_a_typed_error_in_words():
    """Duplicate people, teams larger than the pool, owners in a circle, capacity 0, all expired."""
    dice = random.Random(11)
    seen = Counter()
    circle = {"s0": "s1", "s1": "s2", "s2": "s0", "s3": "s3"}
    for _ in range(10_000):
        rows = hostile(dice)
        needs = [
            need(f"s{n}", dice.choice(["01", "02", "0101"]), dice.choice([(), (), ("food",)]))
            for n in range(dice.randint(1, 4))
        ]
        needs = [
            type(each)(each.subject, each.items, owners_of(each.subject.id, circle))
            for each in needs
        ]
        rules = {}
        if dice.random() < 0.1:
            rules["rules"] = (NamedExclusion(inspector="p0", subject="s0", evidence="a letter"),)
        size = dice.choice([2, 2, 2, 3, 7, 40])
        seed = f"{dice.randint(0, 9):064x}"
        teams, error = teams_or_error(rows, needs, size, rules, seed)
        seen["teams" if error is None else type(error).__name__] += 1
        for team in teams:
            assert len(set(team)) == len(team) == size
        if error is not None:
            assert "Traceback" not in str(error)
            assert "array(" not in str(error)
            assert len(str(error)) > 20
        if isinstance(error, StaffingError):
            assert set(error.visits) <= {each.subject.id for each in needs}
            assert error.needed > error.available or "prove" in error.reason
    assert set(seen) == {"teams", "DataError", "StaffingError", "UnknownNameError"}
    assert min(seen.values()) > 50


def test_the_same_visit_twice_is_refused():
    with pytest.raises(DataError, match="is there twice"):
        visits(need("s"), need("s"))


def test_no_inspectors_and_no_visits():
    assert refused([need("s")], []).available == 0
    assert FairMatcher().odds(visits(), registry(person(1))).visits == ()


def test_more_specialties_than_a_team_can_be_searched_for():
    names = tuple(f"skill-{n}" for n in range(9))
    people = [person(n, specialties=names) for n in range(12)]
    with pytest.raises(ParameterError, match="too many to be covered"):
        FairMatcher(team_size=9).odds(visits(need("s", "01", names)), registry(*people))
    assert FairMatcher(team_size=8).odds(visits(need("s", "01", names[1:])), registry(*people))
