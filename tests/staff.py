"""Small made-up visits and inspectors, and what the rules mean word for word."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date
from itertools import combinations

import randcheck as rc
from randcheck.matching import Need, Odds, Visits

AS_OF = date(2026, 7, 1)
SKILLS = ("boilers", "food", "medicine")
REGIONS = ("01", "02")


def person(number, **changes):
    given = {
        "certificate": "c",
        "certificate_expires": date(2027, 1, 1),
        "regions": (),
        "specialties": (),
        "capacity": None,
        "conflicts": (),
    }
    return rc.Inspector(f"p{number}", "made up", "d", **(given | changes))


def registry(*people):
    return rc.InspectorRegistry.from_records(people)


def item(*specialties, department=None):
    name = "-".join([*specialties, department or "any"])
    return rc.Item(f"item-{name}", "made up", "a law", specialties=specialties,
                   department=department)  # fmt: skip


def need(name, region="01", specialties=(), *, items=None, **changes):
    subject = rc.Subject(name, "made up", region=region, **changes)
    given = (item(*specialties),) if items is None else tuple(items)
    return Need(subject, given)


def visits(*needs, as_of=AS_OF, history=None):
    return Visits(needs, as_of, history)


def specialties_of(each):
    return {name for own in each.items for name in own.specialties}


def allowed(each, inspector):
    """The pairwise rules that these cases use, word for word."""
    return (
        inspector.certificate_expires >= AS_OF
        and inspector.capacity != 0
        and (not inspector.regions or each.subject.region.startswith(inspector.regions))
        and each.subject.id not in inspector.conflicts
    )


def good_team(each, team, size):
    held = {skill for inspector in team for skill in inspector.specialties}
    return (
        len({inspector.id for inspector in team}) == size
        and all(allowed(each, inspector) for inspector in team)
        and specialties_of(each) <= held
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


def random_case(dice, skills, *, most_visits=5, most_people=6):
    people = [
        person(
            number,
            certificate_expires=dice.choice([AS_OF, date(2026, 6, 30), *[date(2027, 1, 1)] * 4]),
            regions=dice.choice([(), (), ("01",), ("02",), ("0",)]),
            specialties=tuple(s for s in SKILLS if dice.random() < 0.4),
            capacity=dice.choice([None, 0, 1, 1, 2, 2, 3]),
            conflicts=tuple(f"s{k}" for k in range(most_visits) if dice.random() < 0.15),
        )
        for number in range(dice.randint(2, most_people))
    ]
    needs = [
        need(
            f"s{k}",
            dice.choice(REGIONS),
            tuple(sorted(dice.sample(SKILLS, dice.randint(0, skills)))),
        )
        for k in range(dice.randint(1, most_visits))
    ]
    return needs, people


def check_teams(needs, people, odds, teams, size):
    """Every hard rule, and loads that are the expected ones rounded down or up."""
    known = {p.id: p for p in people}
    by_subject = {each.subject.id: each for each in needs}
    assert list(odds.visits) == sorted(by_subject)
    for name, team in zip(odds.visits, teams, strict=True):
        assert list(team) == sorted(set(team))
        assert good_team(by_subject[name], [known[member] for member in team], size)
    busy = Counter(member for team in teams for member in team)
    for name, load in zip(odds.inspectors, odds.loads().tolist(), strict=True):
        limit = known[name].capacity
        assert limit is None or busy[name] <= limit
        assert abs(busy[name] - load / odds.denominator) < 1


def random_odds(seed, *, bits=2, visits=3, people=4, nested=False):
    """A small random table: random whole teams, averaged over 2^bits of them."""
    dice = random.Random(seed)
    names = [f"p{n}" for n in range(people)]
    held = dice.sample(names, dice.randint(1, people - 1))
    lines = {}
    for number in range(visits):
        special = nested and dice.random() < 0.7
        slots = [{}, {}] if special else [{}]
        for _ in range(1 << bits):
            if special:
                first = dice.choice(held)
                second = dice.choice([name for name in names if name != first])
                for slot, name in zip(slots, (first, second), strict=True):
                    slot[name] = slot.get(name, 0) + 1
            else:
                for name in dice.sample(names, 2):
                    slots[0][name] = slots[0].get(name, 0) + 1
        places = [1, 1] if special else [2]
        lines[f"s{number}"] = list(zip(places, slots, strict=True))
    return Odds.of(bits, lines, dict.fromkeys(names))
