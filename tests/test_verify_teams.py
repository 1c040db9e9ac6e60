"""The one-file verifier on odds, teams and stages: what holds, and what is refused."""

import json
import random

import pytest

import verify_cases
from randcheck.matching import Odds, assign
from randcheck.verify import verify
from verify_cases import canon, drawn, field, numbered, rounded, sha, staffed, stage, table, tossed

CASES = numbered()
GOOD = [case for case in CASES if case.number == 0]
BAD = [case for case in CASES if case.number]


def told(case, **changes):
    """The verifier's report on a case, or on one with other files."""
    files = {name.partition(".")[0]: data for name, data in case.files.items()} | changes
    beside = files["sheet"] if "sheet" in files else files["before"]
    return verify(files["record"], beside, odds=files.get("odds"), **case.arguments)


def names(cases):
    return [case.name for case in cases]


# --- cases ---------------------------------------------------------------------------------------


def test_there_are_enough_cases_and_each_has_its_name():
    assert len(set(names(CASES))) == len(CASES)
    assert len(GOOD) >= 8
    assert len(BAD) >= 30
    for name, holds, why, files, arguments in verify_cases.cases():
        assert holds is not name.startswith("fail-")
        assert why
        assert {*files} - {"odds.jsonl"} in (
            {"record.json", "sheet.jsonl"},
            {"record.json", "before.json"},
        )
        assert {*arguments} == {"commitment", "randomness"}


@pytest.mark.parametrize("case", GOOD, ids=names(GOOD))
def test_a_good_case_holds(case):
    report = told(case)
    assert report.ok, str(report)
    record = json.loads(case.files["record.json"])
    recusal = "recusal" in case.name
    missing = ["odds", "teams"] if "odds.jsonl" not in case.files else []
    given = ["matcher"] if not missing and "teams" not in record else []
    before = ["published odds"] * recusal + ["team before"] * (case.name.endswith("elsewhere"))
    assert list(report.unchecked) == missing + given + before


@pytest.mark.parametrize("case", BAD, ids=names(BAD))
def test_a_bad_case_is_refused_by_its_rule(case):
    report = told(case)
    assert case.number in [finding.number for finding in report.findings], (case.why, str(report))
    assert "Error" not in report.findings[0].found or report.findings[0].severity == "fatal"


@pytest.mark.parametrize("case", GOOD, ids=names(GOOD))
def test_the_rounding_here_is_the_package_s(case):
    if "odds.jsonl" in case.files:
        data = case.files["odds.jsonl"]
        odds = Odds.from_bytes(data)
        seed = json.loads(case.files["record.json"])["inspectors_seed"]
        assert [list(team) for team in assign(odds, seed)] == [*rounded(data, seed).values()]


# --- by hand -------------------------------------------------------------------------------------


def test_three_inspectors_by_hand():
    """One visit, two places over 2^2: a 3, b 3, c 2. Two coins decide who stays at home.

    Bit 0 is set for a and b: one cycle, led by a. Heads: a 4, b 2; tails: a 2, b 4. Bit 1 is then
    set for c and the other of the two, one cycle led by that other: heads, c stays at home.
    """
    people = ("a", "b", "c")
    seen = set()
    for n in range(40):
        record, sheet = verify_cases.draw({"n": n}, take=1)
        [visit] = record["visits"]
        name, seed = visit["subject"], record["inspectors_seed"]
        odds = table({name: [[2, {"a": 3, "b": 3, "c": 2}]]}, None, bits=2, people=people)
        coins = []
        for bit, leader in (("0", "a"), ("1", None)):
            who = leader or ("b" if coins[0] else "a")
            data = b"".join(field(part.encode()) for part in (bit, name, "0", "0"))
            first = bytes.fromhex(sha(f"{seed}:".encode() + data))[0]
            coins.append(first >> (7 - people.index(who)) & 1)
        sure, other = ("a", "b") if coins[0] else ("b", "a")
        team = sorted([sure, other if coins[1] else "c"])
        files = canon(staffed(record, odds, {name: team})), sheet
        assert verify(*files, odds=odds).ok, (coins, team)
        wrong = sorted([sure, "c" if coins[1] else other])
        files = canon(staffed(record, odds, {name: wrong})), sheet
        findings = verify(*files, odds=odds).findings
        assert {finding.number for finding in findings} == {14}
        seen.add(tuple(team))
    assert seen == {("a", "b"), ("a", "c"), ("b", "c")}


def test_coins_beyond_the_first_hash_of_a_slot():
    """Six hundred inspectors: the coins of numbers above 255 are those of a further hash."""
    people = tuple(f"p{n:03}" for n in range(600))
    record, sheet = verify_cases.draw(take=1)
    [visit] = record["visits"]
    lines = {visit["subject"]: [[75, dict.fromkeys(people, 1)]]}
    odds = table(lines, None, people=people)
    assert verify(canon(staffed(record, odds)), sheet, odds=odds).ok
    assert {tossed("ab" * 32, 0, "x", 0, i) for i in (299, 511, 599, 255, 256)} == {0, 1}


# --- what nobody gave, and never an exception ----------------------------------------------------


def test_teams_without_a_word_of_odds_are_not_checked():
    record, sheet, _, odds = drawn()
    for visit in record["visits"]:
        visit["team"] = ["x", "y"]
    report = verify(canon(record), sheet)
    assert report.ok
    assert report.unchecked == ("commitment", "randomness", "odds", "teams")
    assert not verify(canon(record), sheet, odds=odds).ok


def test_a_stage_is_told_by_its_teams():
    """A draw's record is no stage's, nor the other way round, whatever is beside it."""
    record, sheet, _, odds = drawn()
    second = next(case for case in GOOD if case.name == "stage-teams").files
    assert not verify(second["record.json"], sheet, odds=second["odds.jsonl"]).ok
    assert not verify(canon(record), second["before.json"], odds=odds).ok
    assert not verify(canon(record | {"teams": []}), sheet, odds=odds).ok


def hostile(data, dice):
    """Another version of some bytes: a bit, a byte less or more, cut short, a piece twice."""
    at, kind = dice.randrange(len(data)), dice.randrange(5)
    if kind == 0:
        return data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1 :]
    if kind == 1:
        return data[:at] + data[at + 1 :]
    if kind == 2:
        return data[:at] + bytes([dice.randrange(256)]) + data[at:]
    if kind == 3:
        return data[:at]
    return data[:at] + data[at : at + dice.randrange(1, 40)] + data[at:]


@pytest.mark.parametrize("follow", [False, True], ids=["alone", "digest-follows"])
def test_hostile_odds_are_refused(follow):
    """Changed odds, also where the record states their digest: the verifier answers, with no."""
    dice = random.Random(20260702)
    record, sheet, _, odds = drawn()
    teams = {visit["subject"]: visit["team"] for visit in record["visits"]}
    for _ in range(1500):
        data = hostile(odds, dice)
        if data == odds:
            continue
        told = canon(staffed(record, data, teams) if follow else record)
        report = verify(told, sheet, odds=data)
        if follow and report.ok:  # a table that is good as well, such as one with more capacity
            assert rounded(data, record["inspectors_seed"]) == teams
        else:
            assert not report.ok


@pytest.mark.parametrize("name", ["stage-teams", "stage-recusal", "stage-recusal-again"])
def test_hostile_stages_are_refused(name):
    dice = random.Random(20260703)
    case = next(case for case in GOOD if case.name == name)
    for part in ("record", "before", "odds"):
        data = case.files[f"{part}.json" + "l" * (part == "odds")]
        for _ in range(700):
            changed = hostile(data, dice)
            assert changed == data or not told(case, **{part: changed}).ok
        for at in range(0, len(data), 7):
            assert not told(case, **{part: data[:at]}).ok


@pytest.mark.parametrize("depth", [10, 900, 990, 2000, 100_000])
def test_nested_to_any_depth(depth):
    deep = b"[" * depth + b"]" * depth
    record, sheet, _, odds = drawn()
    head, first, rest = odds.split(b"\n", 2)
    subject = first.split(b",")[0]
    for data in (deep, deep + b"\n", b"\n".join((head, deep, rest)),
                 b"\n".join((head, subject + b"," + deep + b"]", rest)),
                 b"\n".join((head, subject + b",[[1," + deep + b",[8]]]]", rest)),
                 odds.replace(b'"bits":3', b'"bits":' + deep)):  # fmt: skip
        forged = canon(staffed(record, data, {}))
        assert not verify(forged, sheet, odds=data).ok
    case = next(case for case in GOOD if case.name == "stage-recusal")
    record, before = case.files["record.json"], case.files["before.json"]
    for old in (b'"teams":[', b'"visits":[', b'"leaving":[', b'"staying":['):
        assert not told(case, record=record.replace(old, old + deep + b",", 1)).ok
    for old in (b'"visits":[', b'"commitment":'):
        data = before.replace(old, old + deep + (b"," if old[-1:] == b"[" else b""), 1)
        assert not told(case, before=data).ok


@pytest.mark.parametrize(
    "parent",
    [b"", b"null", b"[]", b"{}", b'"x"', b"7", b'{"commitment":1}', b'{"visits":[]}',
     b'{"commitment":{"task":{"id":"T-1"}}}', b'{"commitment":{"task":{"id":"T-1"}},"visits":7}',
     b'{"commitment":{"task":{"id":"T-1"}},"visits":[]}',
     b'{"commitment":{"task":{"id":"T-1"}},"visits":[null]}',
     b'{"commitment":{"task":{"id":"T-1"}},"visits":[{"subject":[],"team":null}]}',
     b'{"commitment":{"task":{"id":"T-1"}},"teams":[]}'],
)  # fmt: skip
def test_a_parent_of_any_kind_is_answered(parent):
    _, _, _, odds = drawn()
    record = stage(parent, odds, sorted(json.loads(line)[0] for line in odds.splitlines()[1:]))
    assert not verify(canon(record), parent, odds=odds).ok
    recusal = {"decided": "2026-07-02", "leaving": ["p0"], "reason": "x", "staying": ["p1"]}
    record = stage(parent, odds, ["a"], recusal)
    assert not verify(canon(record), parent, odds=odds).ok
