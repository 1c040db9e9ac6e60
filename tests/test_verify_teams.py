"""The verifier's odds, rounding and stages, against a second reading of docs/spec.md."""

import copy
import json
import random
import sys
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import verify_cases
from randcheck.verify import Report, verify

module = sys.modules["randcheck.verify"]
GOOD, BAD = verify_cases.good(), verify_cases.bad()
CASES = {name: case for name, *case in verify_cases.cases()}
UNCHECKED = {"odds": ("matcher",), "stage": (), "recusal": ("published odds",)}


def report(drawn, **changes):
    return verify(**(verify_cases.arguments(*verify_cases.files(drawn)) | changes))


# --- cases ---------------------------------------------------------------------------------------


def test_there_are_enough_cases():
    assert len(GOOD) >= 8
    assert len(BAD) >= 25
    assert set(CASES) == {*GOOD, *BAD}
    assert all(name.startswith("fail-") for name in BAD)


@pytest.mark.parametrize("name", CASES)
def test_a_case_holds_or_is_refused(name):
    holds, why, files, told = CASES[name]
    told = verify(**verify_cases.arguments(files, told))
    assert told.ok is holds, (why, str(told))


@pytest.mark.parametrize("name", BAD)
def test_a_broken_rule_is_found_by_its_number(name):
    number, why, drawn = BAD[name]
    assert report(drawn).findings[0].number == number, why


@pytest.mark.parametrize("name", GOOD)
def test_what_nobody_gave_is_named(name):
    kind = name.split("-")[0]
    silent = ("team before",) if name == "recusal-of-another-visit" else ()
    assert report(GOOD[name]).unchecked == (*UNCHECKED[kind], *silent)
    assert report(GOOD[name], odds=None).unchecked == ("odds", "teams", *silent)
    assert report(GOOD[name], odds=None).ok
    assert report(GOOD[name], commitment=None, randomness=None).ok


def test_a_finding_names_the_visit_and_its_team():
    drawn = copy.deepcopy(GOOD["odds-pairs"])
    visit = drawn["record"]["visits"][0]
    right, visit["team"] = (
        visit["team"],
        ["I4", "I5"] if visit["team"] != ["I4", "I5"] else ["I0", "I1"],
    )
    [finding] = report(drawn).findings
    assert finding.number == 14
    assert visit["subject"] in finding.where
    assert json.loads(finding.expected) == right
    assert json.loads(finding.found) == visit["team"]


# --- rounding ------------------------------------------------------------------------------------


def tables():
    """Small tables: slots that share candidates, tight capacities, several visits."""
    head = verify_cases.header(bits=2, capacities=[1, 1, 2, None, None, None])
    yield head, [["A", [[2, [0, 2, 3], [2, 4, 2]]]], ["B", [[2, [1, 2, 4], [3, 4, 1]]]]]
    yield head, [["A", [[1, [0, 1], [1, 3]], [1, [0, 2, 3], [2, 1, 1]]]]]
    yield (
        head,
        [["A", [[1, [0, 1], [1, 3]], [1, [1, 2], [1, 3]]]], ["B", [[2, [0, 2, 3], [3, 3, 2]]]]],
    )
    yield verify_cases.header(["a", "b"], 1), [["A", [[2, [0, 1], [2, 2]]]]]


def entries_of(rows):
    return [
        (n, subject, place, i)
        for subject, slots in rows
        for place, (_, who, numbers) in enumerate(slots)
        for i, n in zip(who, numbers, strict=True)
    ]


def outcomes(monkeypatch, entries, bits):
    """Every outcome with its probability: each coin tossed both ways."""
    waiting = [[]]
    while waiting:
        coins = waiting.pop()
        tossed = iter(coins)

        class Coin:
            def __init__(self, data):
                self.side = next(tossed, None)  # noqa: B023
                if self.side is None:
                    raise LookupError

            def digest(self):
                return bytes([255 * self.side]) * 32

        monkeypatch.setattr(module, "sha256", Coin)
        try:
            yield module._round(entries, bits, b""), Fraction(1, 2 ** len(coins))
        except LookupError:
            waiting += [[*coins, 0], [*coins, 1]]


@pytest.mark.parametrize(("head", "rows"), [*tables()])
def test_every_coin_both_ways_gives_the_odds_exactly(monkeypatch, head, rows):
    """Places, distinctness and capacities in each outcome; each entry as often as its odds say."""
    entries, bits = entries_of(rows), head["bits"]
    often, whole = dict.fromkeys(entries, Fraction(0)), Fraction(0)
    for taken, weight in outcomes(monkeypatch, entries, bits):
        whole += weight
        for entry in taken:
            often[entry] += weight
        for subject, slots in rows:
            for place, (places, _, _) in enumerate(slots):
                assert sum(e[1:3] == (subject, place) for e in taken) == places
        pairs = [(subject, i) for _, subject, _, i in taken]
        assert len(pairs) == len({*pairs})
        for i, most in enumerate(head["capacities"]):
            assert most is None or sum(pair[1] == i for pair in pairs) <= most
    assert whole == 1
    assert often == {entry: Fraction(entry[0], 1 << bits) for entry in entries}


@given(st.data())
def test_both_readings_of_the_rounding_agree(data):
    bits = data.draw(st.integers(4, 7))
    staff = [f"{n:03}" for n in range(data.draw(st.sampled_from([5, 9, 300])))]
    rows = []
    for subject in ("A", "市", "z"):
        numbers = data.draw(st.sets(st.integers(0, len(staff) - 1), min_size=5, max_size=9))
        cut, places = sorted(numbers), data.draw(st.integers(1, 2))
        first = verify_cases.slot(places, dict.fromkeys(cut[:3], 1), bits)
        rows.append([subject, [first, verify_cases.slot(1, dict.fromkeys(cut[3:], 2), bits)]])
    head, seed = verify_cases.header(staff, bits), data.draw(st.sampled_from(["0", "f" * 64]))
    rows.sort()
    data = verify_cases.text_of(head, rows)
    teams = run(module._odds(data, [name for name, _ in rows], f"{seed}:".encode(), None))
    assert teams == verify_cases.rounding(head, rows, seed)


def run(checks):
    try:
        while next(checks)[2]:
            pass
    except StopIteration as done:
        return done.value


# --- hostile -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["odds-pairs", "stage-teams", "recusal"])
def test_no_changed_byte_is_accepted_and_none_raises(name):
    dice = random.Random(7)
    files, told = verify_cases.files(GOOD[name])
    for _ in range(1500):
        where = dice.choice(sorted({*files} - {"sheet.jsonl"}))
        data = bytearray(files[where])
        at = dice.randrange(len(data))
        data[at : at + dice.randrange(2)] = bytes([dice.randrange(256)] * dice.randrange(2))
        if bytes(data) != files[where]:
            assert not verify(**verify_cases.arguments(files | {where: bytes(data)}, told)).ok


def places(value, here=()):
    yield here
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*here, key))


@pytest.mark.parametrize("name", ["stage-teams", "recusal"])
def test_no_changed_field_of_a_stage_is_accepted(name):
    good = GOOD[name]
    files, told = verify_cases.files(good)
    for path in [p for p in places(good["record"]) if p]:
        for wrong in (None, True, 0, -1, "", "0", [], {}, ["a", "b"], {"a": 1}):
            record = copy.deepcopy(good["record"])
            target = record
            for key in path[:-1]:
                target = target[key]
            if target[path[-1]] == wrong and type(target[path[-1]]) is type(wrong):
                continue
            target[path[-1]] = wrong
            data = verify_cases.dumps(record)
            assert not verify(**verify_cases.arguments(files | {"record.json": data}, told)).ok, (
                path
            )


@given(st.binary(max_size=60))
def test_arbitrary_odds(data):
    drawn = copy.deepcopy(GOOD["odds-pairs"])
    verify_cases.follow(drawn, odds=data, teams=False)
    assert not report(drawn).ok


@pytest.mark.parametrize("value", [None, 5, "x", [], {}, {"teams": 1}, ["teams"], {"teams": []}])
def test_a_record_or_parent_of_another_kind(value):
    data = json.dumps(value).encode()
    drawn = GOOD["stage-teams"]
    assert not report(drawn, record=data).ok
    changed = copy.deepcopy(drawn)
    changed["before"] = data
    changed["record"]["commitment"]["parent"] = verify_cases.sha(data)
    assert not report(verify_cases.follow(changed)).ok


def test_bytes_paths_and_values_are_the_same(tmp_path):
    class Odds:
        def to_bytes(self):
            return GOOD["odds-pairs"]["odds"]

    (tmp_path / "odds").write_bytes(Odds().to_bytes())
    assert report(GOOD["odds-pairs"], odds=Odds()) == report(GOOD["odds-pairs"])
    assert report(GOOD["odds-pairs"], odds=tmp_path / "odds") == Report((), ("matcher",), "G0")
    assert report(GOOD["odds-pairs"], odds=tmp_path / "none").findings[0].number == 1
