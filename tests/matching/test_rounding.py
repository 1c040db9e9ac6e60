"""Rounding: exact odds by enumerating every coin, and every rule in every outcome."""

import hashlib
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from randcheck.matching import Odds, assign
from randcheck.matching.rounding import _round, members
from randcheck.tickets import field
from staff import random_odds


def with_tight_capacities(odds):
    """The same table with each capacity the expected load rounded up."""
    loads = -(-odds.loads() // odds.denominator)
    return Odds(odds.bits, odds.visits, odds.inspectors, loads.tolist(), odds.visit_of,
                odds.places, odds.starts, odds.people, odds.numerators)  # fmt: skip


def outcomes(odds):
    """Every outcome with its probability, by tossing every coin both ways."""
    waiting = [((), Fraction(1))]
    while waiting:
        fixed, weight = waiting.pop()
        asked = []

        def tossed(bit, leaders, fixed=fixed, asked=asked):
            start = len(asked)
            asked.extend([bit] * len(leaders))
            known = [*fixed, *[0] * len(asked)]
            return np.array(known[start : len(asked)], dtype=np.int32)

        chosen = _round(odds, tossed)
        if len(asked) > len(fixed):
            level = asked[len(fixed)]
            more = sum(bit == level for bit in asked[len(fixed) :])
            share = weight / 2**more
            waiting += [((*fixed, *coins), share) for coins in product((0, 1), repeat=more)]
        else:
            yield chosen, weight


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("seed", range(30))
def test_every_frequency_equals_its_odds_and_every_rule_holds_in_every_outcome(seed, nested):
    odds = with_tight_capacities(random_odds(seed, nested=nested, visits=2 + seed % 2))
    totals = np.zeros(len(odds.people), dtype=object)
    mass = Fraction(0)
    for chosen, weight in outcomes(odds):
        mass += weight
        totals[chosen] += weight
        filled = np.bincount(odds.slot_of_entries[chosen], minlength=len(odds.places))
        assert (filled == odds.places).all()
        pairs = list(zip(odds.visit_of_entries[chosen], odds.people[chosen], strict=True))
        assert len(pairs) == len(set(pairs))
        busy = np.bincount(odds.people[chosen], minlength=len(odds.inspectors))
        assert (busy <= odds.capacities).all()
        assert (np.abs(busy * odds.denominator - odds.loads()) < odds.denominator).all()
    assert mass == 1
    for total, numerator in zip(totals, odds.numerators.tolist(), strict=True):
        assert total == Fraction(numerator, odds.denominator)


def test_the_coin_is_the_one_of_the_specification():
    """One visit, two people at even odds: one cycle, led by the first; its coin by hand."""
    odds = Odds.of(1, {"检查-1": [(1, {"a": 1, "b": 1})]}, {"a": None, "b": None})
    seen = set()
    for number in range(20):
        seed = f"{number:064x}"
        named = f"{seed}:".encode() + b"".join(
            field(part) for part in (b"0", "检查-1".encode(), b"0", b"0")
        )
        coin = hashlib.sha256(named).digest()[0] >> 7
        assert assign(odds, seed) == [("a",)] if coin else [("b",)]
        seen.add(coin)
    assert seen == {0, 1}


def slow_rounding(odds, seed):
    """The specification word for word, with dicts."""
    entries = [
        (visit, place, person)
        for visit, place, person in zip(
            odds.visit_of_entries.tolist(),
            odds.place_in_visit[odds.slot_of_entries].tolist(),
            odds.people.tolist(),
            strict=True,
        )
    ]
    value = dict(zip(entries, odds.numerators.tolist(), strict=True))
    for bit in range(odds.bits):
        active = [entry for entry in entries if value[entry] >> bit & 1]
        row, column = {}, {}

        def link(group, links):
            for one, other in zip(group[0::2], group[1::2], strict=False):
                links[one], links[other] = other, one
            return group[len(group) // 2 * 2 :]

        for slot in dict.fromkeys(entry[:2] for entry in active):
            assert link([entry for entry in active if entry[:2] == slot], row) == []
        last = []
        for person in sorted({entry[2] for entry in active}):
            own = [entry for entry in active if entry[2] == person]
            left = []
            for visit in dict.fromkeys(entry[0] for entry in own):
                left += link([entry for entry in own if entry[0] == visit], column)
            last += link(left, column)
        assert link(last, column) == []
        done = set()
        for leader in active:
            if leader in done:
                continue
            halves, entry = ([], []), leader
            while entry not in done:
                other = row[entry]
                halves[0].append(entry)
                halves[1].append(other)
                done |= {entry, other}
                entry = column[other]
            visit, place, person = leader
            parts = (str(bit), odds.visits[visit], str(place), str(person // 256))
            named = f"{seed}:".encode() + b"".join(field(part.encode()) for part in parts)
            digest = int.from_bytes(hashlib.sha256(named).digest(), "big")
            coin = digest >> (255 - person % 256) & 1
            for half, sign in zip(halves, (1, -1) if coin else (-1, 1), strict=True):
                for each in half:
                    value[each] += sign << bit
    return np.array([value[entry] == odds.denominator for entry in entries])


@pytest.mark.parametrize("seed", range(12))
def test_the_specification_word_for_word_gives_the_same(seed):
    odds = random_odds(seed, bits=5, visits=12, people=7, nested=seed % 2 == 1)
    for purpose_seed in ("ab" * 32, "cd" * 32):
        assert members(odds, purpose_seed).tolist() == slow_rounding(odds, purpose_seed).tolist()


def test_many_inspectors_take_many_coins_of_a_hash():
    people = [f"p{n:03}" for n in range(600)]
    lines = {f"s{v}": [(2, dict.fromkeys(people[v::300], 8))] for v in range(300)}
    lines["s"] = [(75, dict.fromkeys(people, 1))]
    odds = Odds.of(3, lines, dict.fromkeys(people))
    assert members(odds, "ab" * 32).tolist() == slow_rounding(odds, "ab" * 32).tolist()


def test_nobody_to_visit():
    assert assign(Odds.of(14, {}, {"a": None}), "ab" * 32) == []
