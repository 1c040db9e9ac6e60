"""Replacement: who stands in for an absent firm, and how anybody finds out that it is so."""

import copy
import json
import pickle
import random
from collections import Counter
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import randcheck as rc
import replacement_cases as by_hand
from randcheck.errors import DataError, ParameterError, RecordError
from randcheck.replacement import (
    CHECKS,
    KEYS,
    Absence,
    SubstitutionRecord,
    check_replacement,
    replace,
)
from replacement_cases import dumps
from worlds import RANDOMNESS, inspectors, joint_task, world

CASES = by_hand.cases()
VECTORS = Path(__file__).parent / "vectors" / "replacements-v1"
DAY = date(2026, 7, 15)
PEOPLE = ("inspector-001", "inspector-002")
WORLD = world(300)
TASK = joint_task(reserves=4)
DRAW = rc.draw(TASK, **WORLD, randomness=RANDOMNESS)
NAMES = [visit.subject_id for visit in DRAW.visits]


def gone(*names, reason="gone", evidence="the registry says so"):
    return [Absence(name, reason, evidence, DAY, PEOPLE) for name in names]


def checked(case, **changes):
    case = case | changes
    return check_replacement(
        case["successor"], case["record"], sheet=case["sheet"], earlier=case["earlier"],
        among=case["among"],
    )  # fmt: skip


# --- vectors -------------------------------------------------------------------------------------


def test_all_cases_are_there():
    assert sorted(path.name for path in VECTORS.iterdir()) == sorted(CASES)
    assert sum(case["why"] is None for case in CASES.values()) == 10


@pytest.mark.parametrize("path", sorted(VECTORS.iterdir()), ids=lambda path: path.name)
def test_golden_replacement(path):
    case = json.loads((path / "case.json").read_text())
    report = check_replacement(
        path / "successor.json",
        str(path / "record.json"),
        sheet=path / "sheet.jsonl",
        earlier=sorted(path.glob("earlier-*.json")),
        among=case["among"],
    )
    assert report.ok is case["holds"], f"{case['why']}: {report}"
    if not report.ok:
        assert case["number"] in {finding.number for finding in report.findings}, report
    written = {file.name: file.read_bytes() for file in path.iterdir()}
    assert written == by_hand.files(CASES[path.name])


def test_the_good_cases_say_everything_that_can_be_said():
    text = b"".join(case["successor"] for case in CASES.values() if case["why"] is None).decode()
    for told in ("taken whole", "used up", "visited anyway", "does not apply", "absent"):
        assert told in text


# --- against the naive reference -----------------------------------------------------------------


@st.composite
def chains(draw):
    """A small draw, whom each step finds absent, and `among`."""
    sizes = draw(st.integers(6, 40))
    items = draw(st.sampled_from([("food", "price"), ("food", "price", "metrology"), ("price",)]))
    counts = {item: draw(st.integers(0, 4)) for item in items}
    joint = rc.JointItemSampler({
        item: rc.UniformSampler(count=count) if draw(st.booleans())
        else rc.RiskStratifiedSampler(rates=dict.fromkeys("ABCD", "30%"))
        for item, count in counts.items()
    })  # fmt: skip
    sampler = draw(st.sampled_from([joint, rc.UniformSampler(rate="20%")]))
    task = joint_task(items=items, sampler=sampler, reserves=draw(st.integers(0, 4)))
    staff = draw(st.sampled_from([{}, {"inspectors": inspectors(5)}]))
    seed = draw(st.integers(0, 99))
    try:
        drawn = rc.draw(task, **world(sizes, seed=seed), **staff, randomness=f"{seed}")
    except rc.RandcheckError:
        return None
    known = sorted({v.subject_id for v in drawn.visits} | {r.subject for r in drawn.reserves})
    order = draw(st.permutations(known))
    ends = sorted(draw(st.lists(st.integers(1, 6), min_size=1, max_size=3)))
    rounds = [order[a:b] for a, b in zip([0, *ends], ends, strict=False) if order[a:b]]
    return (drawn, rounds, draw(st.integers(1, 3))) if rounds else None


@given(chains())
def test_it_is_what_the_naive_rule_gives(chain):
    if chain is None:
        return
    drawn, rounds, among = chain
    steps = [gone(*names) for names in rounds]
    sheet, record = drawn.design.to_bytes(), drawn.record.to_bytes()
    naive = by_hand.follow(record, sheet, [[a.to_json() for a in step] for step in steps], among)
    found = []
    for step in steps:
        found.append(replace(drawn.record, step, sheet=sheet, among=among, earlier=found))
    assert [each.record.to_bytes() for each in found] == naive
    report = check_replacement(found[-1], record, sheet=sheet, earlier=found[:-1], among=among)
    assert report.ok, report
    _properties(drawn, rounds, among, found)


def _properties(drawn, rounds, among, found):
    absent = {name for names in rounds for name in names}
    last = found[-1]
    places = {(x.subject_id, x.item) for x in last.places}
    assert len(places) == len(last.places)  # nobody is checked on an item twice
    assert {(x.subject_id, x.item) for x in last.original} == {
        (visit.subject_id, item) for visit in drawn.visits for item in visit.items
    }
    assert all((x.status == "absent") is (x.subject_id in absent) for x in last.places)
    reserves = {(each.cell, each.subject) for each in drawn.reserves}
    left = Counter(entry["item"] for each in found for entry in each.record["unreplaced"])
    for place in last.places:
        assert place.probability == drawn.design.inclusion_probability(place.subject_id, place.item)
        if place.stands_for is not None:
            assert (place.cell, place.subject_id) in reserves
    asked = Counter(x.item for x in last.original)
    assert asked - left == Counter(x.item for x in last.responding)  # and every loss is stated
    if among == 1:  # the order in which absences become known decides nothing
        everybody = [name for names in rounds for name in names]
        at_once = replace(drawn.record, gone(*everybody), sheet=drawn.design)
        now = {(x.subject_id, x.item) for x in at_once.responding}
        assert now == {(x.subject_id, x.item) for x in last.responding}


def test_whoever_can_be_found_is_as_likely_to_be_visited_as_anybody_else():
    """χ² with 15 degrees over 600 draws: a right rule fails it once in a million."""
    subjects = rc.SubjectRegistry.from_records(
        {"id": f"f{n:02}", "name": "made up", "region": "990102"} for n in range(20)
    )
    catalog = rc.ItemCatalog.from_records([rc.Item("price", "Price marking", "Price Law")])
    task = rc.Task(id="T", items=("price",), as_of=DAY, sampler=rc.UniformSampler(count=5),
                   reserves=6)  # fmt: skip
    opened = rc.commit(task, subjects=subjects, catalog=catalog)
    never = {f"f{n:02}" for n in range(4)}
    times = Counter()
    for n in range(600):
        drawn = opened.draw(f"{n}")
        missing = [x.subject for x in (*drawn.record.visits, *drawn.reserves) if x.subject in never]
        if missing:
            after = replace(drawn.record, gone(*missing), sheet=drawn.design)
            names = [place.subject_id for place in after.responding]
        else:
            names = [visit.subject_id for visit in drawn.visits]
        assert len(names) == 5
        times.update(names)
    expected = 600 * 5 / 16
    assert not never & set(times)
    variance = expected * (1 - 5 / 16) * 16 / 15
    assert sum((times[f"f{n:02}"] - expected) ** 2 for n in range(4, 20)) / variance < 60


# --- what a successor tells ----------------------------------------------------------------------


def test_item_by_item_from_the_cells_own_reserves():
    visit = next(each for each in DRAW.visits if len(each.items) > 1)
    step = replace(DRAW.record, gone(visit.subject_id), sheet=DRAW.design)
    entries = step.record["substitutes"]
    assert [entry["for"] for entry in entries] == [visit.subject_id] * len(visit.items)
    for entry in entries:
        assert DRAW.design.cells_of(entry["subject"])[entry["item"]] == entry["cell"]
        assert entry["subject"] == next(r for r in DRAW.reserves if r.cell == entry["cell"]).subject
        assert entry["passed"] == []
    assert visit.subject_id not in {each["subject"] for each in step.record["visits"]}


def test_a_cell_taken_whole_says_so():
    whole = next(
        (visit, number)
        for visit in DRAW.visits
        for number in visit.cells
        if DRAW.record.cells[number].take == DRAW.record.cells[number].size
    )
    step = replace(DRAW.record, gone(whole[0].subject_id), sheet=DRAW.design)
    told = [x for x in step.record["unreplaced"] if x["cell"] == whole[1]]
    assert told[0]["reason"] == "the cell is taken whole: nobody is left to stand in"


def test_reserves_that_do_not_have_the_item():
    """One cell for all items, whose reserves happen not to have the absent firm's."""
    subjects = rc.SubjectRegistry.from_records(
        {"id": f"f{n:02}", "name": "made up", "region": "990102",
         "tags": ("food",) if n % 5 == 0 else ("price",)} for n in range(40)
    )  # fmt: skip
    task = joint_task(items=("food", "price"), sampler=rc.UniformSampler(count=6), reserves=2)
    reasons = Counter()
    for n in range(30):
        drawn = rc.draw(task, subjects=subjects, catalog=WORLD["catalog"], randomness=f"{n}")
        for visit in drawn.visits:
            step = replace(drawn.record, gone(visit.subject_id), sheet=drawn.design)
            having = [r for r in drawn.reserves
                      if visit.items[0] in drawn.design.cells_of(r.subject)]  # fmt: skip
            for entry in step.record["unreplaced"]:
                assert not having
                assert entry["reserves"] == 2
                reasons[entry["reason"].partition(":")[0]] += 1
            for entry in step.record["substitutes"]:
                assert entry["subject"] == having[0].subject
                assert all(x["why"] == "the item does not apply" for x in entry["passed"])
    assert set(reasons) == {"the item applies to none of the cell's reserves"}


def test_only_among_above_one_takes_who_is_visited_anyway_first():
    visited, why = {1: 0, 4: 0}, set()
    for randomness in "abcdef":
        drawn = rc.draw(TASK, **WORLD, randomness=randomness)
        names = [visit.subject_id for visit in drawn.visits][:9]
        for among in visited:
            step = replace(drawn.record, gone(*names), sheet=drawn.design, among=among)
            visited[among] += sum(entry["visited"] for entry in step.record["substitutes"])
            passed = {x["why"] for entry in step.record["substitutes"] for x in entry["passed"]}
            why |= passed if among > 1 else set()
    assert visited[4] > visited[1]
    assert why <= {"another is visited anyway", "absent"}
    assert "another is visited anyway" in why


def test_both_samples_and_every_place():
    step = replace(DRAW.record, gone(*NAMES[:5], reason="not found"), sheet=DRAW.design)
    df = step.to_dataframe()
    assert list(df.columns) == [
        "subject_id", "item", "cell", "probability", "status", "stands_for", "reason",
    ]  # fmt: skip
    assert set(df["status"]) == {"responding", "absent", "substitute"}
    assert len(step.original) == sum(len(visit.items) for visit in DRAW.visits)
    assert len(df) == len(step.places)
    assert set(df[df["status"] == "absent"]["reason"]) == {"not found"}
    assert Fraction(df["probability"][0]) == step.places[0].probability
    visits = {(x["subject"], item["item"]) for x in step.record["visits"] for item in x["items"]}
    assert visits == {(x.subject_id, x.item) for x in step.responding}
    assert pickle.loads(pickle.dumps(step)) == step
    assert "places=<" in repr(step)
    assert len(step.to_dataframe("polars")) == len(df)


def test_a_substitute_is_visited_by_the_team_of_the_absent_firm():
    drawn = rc.draw(TASK, **WORLD, inspectors=inspectors(12), randomness=RANDOMNESS)
    team = {visit.subject_id: list(visit.team) for visit in drawn.visits}
    step = replace(drawn.record, gone(*[*team][:8]), sheet=drawn.design)
    seen = Counter()
    for visit in step.record["visits"]:
        wanted = {tuple(team[x["for"] or visit["subject"]]) for x in visit["items"]}
        if visit["subject"] in team:
            assert visit["team"] == team[visit["subject"]]
        elif len(wanted) == 1:
            assert visit["team"] == list(*wanted)
        else:
            assert visit["team"] is None
        seen[visit["team"] is None, visit["subject"] in team] += 1
    assert seen[False, False] > 0
    assert seen[False, True] > 0


def test_a_successor_survives_writing_and_reading():
    step = replace(DRAW.record, gone(NAMES[0]), sheet=DRAW.design)
    record = step.record
    assert SubstitutionRecord.from_bytes(record.to_bytes()) == record
    assert SubstitutionRecord.from_json(record.to_json()) == record
    assert record.absences == tuple(gone(NAMES[0]))
    assert record["parent"] == record["record"] == DRAW.record.digest
    assert record.digest in repr(record)
    again = replace(DRAW.record, record.absences, sheet=DRAW.design.to_bytes())
    assert again == step


# --- absences ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"subject_id": " "}, "subject_id"),
        ({"reason": "unwilling"}, "reason"),
        ({"evidence": ""}, "evidence"),
        ({"evidence": ()}, "evidence"),
        ({"evidence": None}, "evidence"),
        ({"evidence": 5}, "evidence"),
        ({"evidence": [1, 2]}, "evidence"),
        ({"evidence": {"": None}}, "evidence"),
        ({"evidence": {5: None}}, "evidence"),
        ({"evidence": "lone \ud800"}, "evidence"),
        ({"evidence": [("letter", "abc")]}, "evidence"),
        ({"evidence": [("letter", 5)]}, "evidence"),
        ({"evidence": [("letter", "A" * 64)]}, "evidence"),
        ({"evidence": [("letter", "a" * 64), ("letter", "b" * 64)]}, "evidence"),
        ({"decided": datetime(2026, 7, 15)}, "decided"),
        ({"decided": "2026-07-15"}, "decided"),
        ({"decided_by": "ab"}, "decided_by"),
        ({"decided_by": ("a",)}, "decided_by"),
        ({"decided_by": ("a", "a")}, "decided_by"),
        ({"decided_by": ("a", "A")}, "decided_by"),
        ({"decided_by": ("a", 5)}, "decided_by"),
    ],
)
def test_absences_that_cannot_be_meant(changes, column):
    fields = {"subject_id": "f", "reason": "gone", "evidence": "a letter", "decided": DAY,
              "decided_by": ("a", "b")}  # fmt: skip
    with pytest.raises(DataError) as caught:
        Absence(**(fields | changes))
    assert [problem.column for problem in caught.value.problems] == [column]


def test_all_faults_of_an_absence_at_once():
    with pytest.raises(DataError) as caught:
        Absence("", "?", (), None, ())
    assert len(caught.value.problems) == 5
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_an_absence_is_data():
    pairs = Absence(
        "f", "moved", iter([("a letter", "a" * 64), ("a photograph", None)]), DAY, ("b", "a")
    )
    assert pairs == Absence(
        "f", "moved", {"a letter": "a" * 64, "a photograph": None}, DAY, ("b", "a")
    )


# --- calls that cannot be meant ------------------------------------------------------------------


def test_all_absences_that_cannot_be_next_are_named_at_once():
    first = replace(DRAW.record, gone(NAMES[0]), sheet=DRAW.design)
    told = [*gone(NAMES[0], "stranger", NAMES[1], NAMES[1]), "not an absence", ["nor this"]]
    with pytest.raises(DataError) as caught:
        replace(DRAW.record, told, sheet=DRAW.design, earlier=[first])
    rows = [(problem.row, problem.reason) for problem in caught.value.problems]
    assert rows == [
        (0, "is absent already"),
        (1, "is neither drawn nor a reserve"),
        (3, "is absent already"),
        (4, "is neither drawn nor a reserve"),
        (5, "is neither drawn nor a reserve"),
    ]
    with pytest.raises(DataError, match="nobody is absent"):
        replace(DRAW.record, [], sheet=DRAW.design)


@pytest.mark.parametrize("among", [0, -1, True, "2", 1.0, None])
def test_among_is_a_whole_number(among):
    with pytest.raises(ParameterError, match="among"):
        replace(DRAW.record, gone(NAMES[0]), sheet=DRAW.design, among=among)


def test_a_record_must_hold_with_its_sheet():
    other = rc.draw(TASK, **world(200), randomness=RANDOMNESS)
    with pytest.raises(DataError, match="its own odds sheet"):
        replace(DRAW.record, gone(NAMES[0]), sheet=other.design)


def test_earlier_successors_must_follow():
    one = replace(DRAW.record, gone(NAMES[0]), sheet=DRAW.design)
    two = replace(DRAW.record, gone(NAMES[1]), sheet=DRAW.design, earlier=[one])
    third = gone(NAMES[2])
    replace(DRAW.record, third, sheet=DRAW.design, earlier=[one.record, two])
    for earlier, among in (([two], 1), ([two, one], 1), ([one, one], 1), ([one], 2)):
        with pytest.raises(ParameterError, match="does not follow"):
            replace(DRAW.record, third, sheet=DRAW.design, earlier=earlier, among=among)


def test_reading_is_strict():
    good = json.loads(CASES["one-gone"]["successor"])
    for key in KEYS:
        with pytest.raises(RecordError):
            SubstitutionRecord.from_json({name: x for name, x in good.items() if name != key})
        with pytest.raises(RecordError):
            SubstitutionRecord.from_json(good | {key: None})
    for change in ({"more": 1}, {"among": True}, {"protocol": "x"}, {"absences": ["x"]},
                   {"absences": [good["absences"][0] | {"note": ""}]}):  # fmt: skip
        with pytest.raises(RecordError):
            SubstitutionRecord.from_json(good | change)
    for data in (b"", b"[]", b"null", b"{}", b"{", b"\xff", dumps(good) + b" "):
        with pytest.raises(RecordError):
            SubstitutionRecord.from_bytes(data)


# --- the check -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "hostile",
    [None, 5, b"", b"\xff", b"null", b"[]", b"{}", b"[" * 100_000, "nowhere.json", Path(), object(),
     b'{"absences":[]}', CASES["one-gone"]["record"], CASES["one-gone"]["sheet"]],
    ids=lambda value: repr(value)[:20],
)  # fmt: skip
@pytest.mark.parametrize("place", ["successor", "record", "sheet", "earlier"])
def test_whatever_is_given_the_answer_is_a_finding(hostile, place):
    if (place, hostile) in {("record", CASES["one-gone"]["record"]),
                            ("sheet", CASES["one-gone"]["sheet"])}:  # fmt: skip
        return
    report = checked(CASES["one-gone"], **{place: [hostile] if place == "earlier" else hostile})
    assert [finding.severity for finding in report.findings] == ["fatal"]
    assert str(report).endswith("REFUSED")


def test_even_what_is_no_list_of_earlier_ones():
    assert not checked(CASES["one-gone"], earlier=5).ok
    assert not checked(CASES["one-gone"], among="1").ok


def test_what_is_not_checked_is_said():
    case = CASES["one-gone"]
    report = checked(case)
    assert report.ok
    assert report.unchecked == ("commitment", "randomness", "truth of the absences")
    assert checked(case, among=None).unchecked[-1] == "among"


def test_a_stage_is_no_draw():
    drawn = rc.draw(TASK, **WORLD, randomness=RANDOMNESS)
    staff = {**WORLD, "inspectors": inspectors(12)}
    stage = rc.commit_teams(drawn.record, **staff).draw("later")
    step = replace(drawn.record, gone(NAMES[0]), sheet=drawn.design)
    assert check_replacement(step, drawn, sheet=drawn).ok is False  # a draw has no sheet itself
    assert check_replacement(step, drawn, sheet=drawn.design).ok
    assert not check_replacement(step, stage, sheet=drawn.record).ok


def test_many_differences_are_cut():
    case = by_hand.World().case([by_hand.absence(x) for x in by_hand.World().taken(4)])
    value = json.loads(case["successor"])
    value["visits"] = [value["visits"][0] | {"subject": f"s{n}"} for n in range(400)]
    report = checked(case, successor=dumps(value))
    assert len(report.findings) == 100


def _mutated(value, dice):
    """The value with one change somewhere in it."""
    value = copy.deepcopy(value)
    nodes = [value]
    for node in nodes:
        inner = node.values() if isinstance(node, dict) else node
        nodes += [each for each in inner if isinstance(each, dict | list) and each]
    node = dice.choice(nodes)
    key = dice.choice([*node] if isinstance(node, dict) else range(len(node)))
    old = node[key]
    change = dice.randrange(6)
    if change == 0:
        del node[key]
    elif change == 1 and isinstance(node, list):
        node.insert(dice.randrange(len(node) + 1), copy.deepcopy(old))
    elif change == 2 and isinstance(node, list) and len(node) > 1:
        node.insert(dice.randrange(len(node)), node.pop(key))
    elif change == 3:
        other = dice.choice(nodes)
        node[key] = copy.deepcopy(
            dice.choice([*other.values()] if isinstance(other, dict) else other)
        )
    elif change == 4 and isinstance(node, dict):
        node[f"{key}{dice.randrange(3)}"] = old
    else:
        near = [None, 0, 1, "", [], {}, True, "S12", "food"]
        if isinstance(old, str):
            near += [old + "0", old[:-1], old.upper()]
        elif isinstance(old, int):
            near += [old + 1, not old]
        node[key] = dice.choice(near)
    return value


@pytest.mark.parametrize(
    "name", ["everybody-absent", "visited-first", "substitute-absent", "teams"]
)
def test_no_mutation_is_accepted(name):
    """2,000 changes of successors and 400 of their bytes: another set of absences may be right."""
    case, dice = CASES[name], random.Random(name)
    value, done = json.loads(case["successor"]), 0
    while done < 500:
        changed = _mutated(value, dice)
        if dumps(changed) == case["successor"]:
            continue
        done += 1
        report = checked(case, successor=dumps(changed))
        absences = changed.get("absences") if isinstance(changed, dict) else None
        same = changed == value | {"absences": absences}
        facts = ("evidence", "decided", "decided_by", "reason")
        if report.ok:  # only another story of the same absences: nothing else follows from it
            assert same
            assert [{k: x for k, x in a.items() if k not in facts} for a in absences] == [
                {k: x for k, x in a.items() if k not in facts} for a in value["absences"]
            ]
    for _ in range(100):
        data = bytearray(case["successor"])
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        report = checked(case, successor=bytes(data))
        if report.ok:
            assert json.loads(bytes(data)) == value | {
                "absences": json.loads(bytes(data))["absences"]
            }


def test_the_checks_have_the_keys():
    assert set(CHECKS) < set(KEYS)
