"""What a finding of the one-file verifier says, and where forms, lists and numbers end."""

import copy
import gc
import json
import sys
from datetime import date

import pytest

import randcheck as rc
import verify_cases
from randcheck import canonical
from randcheck.verify import Finding, verify

module = sys.modules["randcheck.verify"]
GOOD, BAD = verify_cases.good(), verify_cases.bad()
ERRORS = {11, 12, 14}


def report(drawn, **changes):
    return verify(**(verify_cases.arguments(*verify_cases.files(drawn)) | changes))


def numbers(told):
    return [finding.number for finding in told.findings]


def changed(name, path, value):
    """A good case with one value in its record changed; seeds and teams follow."""
    drawn = copy.deepcopy(GOOD[name])
    target = drawn["record"]
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    return drawn


# --- findings ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BAD)
def test_errors_go_on_and_what_is_fatal_is_the_last(name):
    told = report(BAD[name][2])
    for finding in told.findings:
        assert finding.severity == ("error" if finding.number in ERRORS else "fatal")
    assert all(finding.severity == "error" for finding in told.findings[:-1])


def test_a_finding_shows_at_most_two_hundred_characters(tmp_path):
    long = "x" * 500
    drawn = changed("odds-pairs", ("randomness",), long)
    [published] = report(GOOD["odds-pairs"], commitment=long).findings
    [found] = report(drawn, randomness="y").findings
    [raised] = verify(tmp_path / long, b"").findings
    assert published.expected == '"' + "x" * 199
    assert found.found == '"' + "x" * 199
    assert len(raised.found) == 200


def test_a_finding_is_shown_as_one_line_of_what_can_be_shown():
    finding = Finding(12, "error", "visits[0].subject", '"a\x1b\n"', '"市\u202e"')
    told = '[12] visits[0].subject: expected "a\\x1b\\n", found "市\\u202e"'
    assert str(finding) == told


def test_what_can_not_be_read_is_the_first_finding():
    for given in ({"record": "/none"}, {"sheet": "/none"}, {"odds": "/none"}):
        [finding] = report(GOOD["odds-pairs"], **given).findings
        assert finding[:4] == (1, "fatal", "input", "what can be read")
        assert finding.found.startswith("FileNotFoundError: ")


@pytest.mark.parametrize("on", [True, False])
@pytest.mark.parametrize("record", [None, b"{"])
def test_the_collector_of_garbage_is_left_as_it_was(on, record):
    before = gc.isenabled()
    try:
        (gc.enable if on else gc.disable)()
        report(GOOD["odds-pairs"], **({} if record is None else {"record": record}))
        assert gc.isenabled() is on
    finally:
        (gc.enable if before else gc.disable)()


@pytest.mark.parametrize("count", [98, 99, 100, 101])
def test_ninety_nine_findings_are_listed_and_that_there_are_more(count):
    subjects = rc.SubjectRegistry.from_records(
        rc.Subject(f"f{n:03}", "x", region="r") for n in range(count)
    )
    catalog = rc.ItemCatalog.from_records([rc.Item("i", "i", "law")])
    sampler = rc.UniformSampler(count=count)
    task = rc.Task(id="T", items=("i",), sampler=sampler, as_of=date(2026, 7, 1))
    draw = rc.draw(task, subjects=subjects, catalog=catalog, randomness="1")
    told = verify(
        canonical.dumps(draw.record.to_json() | {"visits": [None] * count}), draw.design
    ).findings
    assert [finding.where for finding in told[:99]] == [f"visits[{n}]" for n in range(count)][:99]
    assert [finding[2:] for finding in told[99:]] == [("record", "no others", "more")] * (
        count > 99
    )


@pytest.mark.parametrize("grade", ["G0", "G1", "G2"])
def test_a_report_names_the_grade_that_was_committed(grade):
    source = verify_cases.SOURCE | {"grade": grade}
    told = report(changed("stage-teams", ("commitment", "source"), source))
    assert told.grade == grade
    assert f"grade {grade}, as committed" in str(told).splitlines()
    assert "grade" not in str(verify(b"{", b""))


def test_places_are_counted_as_a_reader_counts_them():
    """Lines of a file from 1, entries of a list from 0."""
    drawn = GOOD["odds-pairs"]
    for line in range(2, 10):
        sheet = drawn["before"].splitlines(keepends=True)
        sheet[line - 1] = sheet[line - 1].replace(b",[0]]", b",[1]]")
        bad = copy.deepcopy(drawn)
        bad["before"] = b"".join(sheet)
        reseed(bad)
        [finding] = report(bad).findings
        assert (finding.number, finding.where) == (9, f"sheet, line {line}")
    for line in (2, 3, 4):
        bad = copy.deepcopy(drawn)
        bad["rows"][line - 2][1][0][2][0] += 1
        verify_cases.follow(bad, teams=False)
        finding = report(bad).findings[-1]
        assert (finding.number, finding.where) == (13, f"odds, line {line}")
    for name, rows in (("odds-pairs", "visits"), ("stage-teams", "teams")):
        for at in range(3):
            bad = copy.deepcopy(GOOD[name])
            bad["record"][rows][at]["team"] = ["I0"]
            told = [finding for finding in report(bad).findings if finding.number == 11]
            assert [finding.where for finding in told] == [f"{rows}[{at}].team"]


def reseed(drawn):
    """The digest of a changed sheet, and the seeds."""
    record = drawn["record"]
    record["commitment"]["sheet_sha256"] = verify_cases.sha(drawn["before"])
    digest = verify_cases.sha(verify_cases.dumps(record["commitment"]))
    seeds = verify_cases.seeds("T-1", digest, record["randomness"])
    record["seed"], record["subjects_seed"], record["inspectors_seed"] = seeds


# --- forms ---------------------------------------------------------------------------------------

TASK = ("commitment", "task")
EDGES = [
    ((*TASK, "as_of"), ["0001-01-01", "2024-02-29", "9999-12-31"],
     ["20260701", "2026-W27-3", "2026-W53-5", "2026-7-1",
      "2023-02-29", "0000-01-01", "2026-07-01 "]),
    ((*TASK, "reserves"), [0, 1, 2**53], [-1, True, False, "1"]),
    ((*TASK, "items"), [["b", "a"]], [["a", "a"], [""], [1], "ab", {"a": 1}]),
    (("commitment", "source", "grade"), ["G0", "G1", "G2"], ["G3", "G", "g0", "G00", "", 0]),
    (("commitment", "source", "kind"), ["x"], ["", None, 1]),
    (("commitment", "excluded"), [{}, {"a": 0, "b": 1}], [{"a": -1}, {"": 0}, {"a": True}, []]),
    (("commitment", "inputs", "history"), [None, "0" * 64], ["0" * 63, "0" * 65, "AB" * 32, 0]),
    (("commitment", "nonce"), ["", "n"], [None, 0]),
    (("commitment", "parent"), [None, "f" * 64], ["f" * 63, "", 0]),
    (("commitment", "sampler", "parameters"), [{}, {"a": None}], [None, []]),
    (("commitment", "sampler", "name"), ["x"], ["", None]),
    (("seed",), [], ["0" * 63, "0" * 65, "A" * 64, None]),
    (("randomness",), ["x"], ["", None]),
]  # fmt: skip


@pytest.mark.parametrize(("path", "right", "wrong"), EDGES, ids=[each[0][-1] for each in EDGES])
def test_a_form_ends_where_the_specification_says(path, right, wrong):
    for value in right:
        assert 3 not in numbers(report(changed("odds-pairs", path, value)))
    for value in wrong:
        assert numbers(report(changed("odds-pairs", path, value))) == [3], value


@pytest.mark.parametrize(("bits", "holds"), [(0, False), (1, True), (30, True), (31, False)])
def test_odds_are_numerators_over_two_to_from_one_to_thirty(bits, holds):
    one = 1 << bits
    drawn = verify_cases.draw(
        lambda names: [[x, [[2, [0, 1], [one, one]]]] for x in names],
        verify_cases.header(bits=bits),
    )
    assert numbers(report(drawn)) == [13] * (not holds)


@pytest.mark.parametrize(
    ("changes", "holds"),
    [
        ({"inspectors": [], "capacities": []}, True),
        ({"inspectors": ["a", "b"], "capacities": [0, None]}, True),
        ({"inspectors": ["a", "b"], "capacities": [2**53, 1]}, True),
        ({"inspectors": ["b", "a"], "capacities": [None, None]}, False),
        ({"inspectors": ["a", "a"], "capacities": [None, None]}, False),
        ({"inspectors": [""], "capacities": [None]}, False),
        ({"inspectors": [1], "capacities": [None]}, False),
        ({"inspectors": ["a"], "capacities": [-1]}, False),
        ({"inspectors": ["a"], "capacities": [True]}, False),
        ({"inspectors": ["a"], "capacities": []}, False),
        ({"inspectors": [], "capacities": [None]}, False),
    ],
)
def test_the_head_of_odds_that_nobody_is_in(changes, holds):
    head = verify_cases.header() | changes
    drawn = verify_cases.draw(lambda _: [], head, parameters={"partial": True}, skipped=3)
    assert numbers(report(drawn)) == [13] * (not holds)


@pytest.mark.parametrize("loads", [(16, 16, 16), (16, 16, 1), (16, 1, 0), (1, 0, 0), (16, 0, 0)])
def test_a_capacity_is_reached_and_not_passed(loads):
    """By the numerators of one inspector in three visits, of sixteenths."""
    least = -(-sum(loads) // 16)

    def rows_of(names):
        shared = ([[2, [0, 1, 2], [n, 16, 16 - n]]] if 0 < n < 16 else None for n in loads)
        whole = ([[2, [0, 1], [16, 16]]] if n else [[2, [1, 2], [16, 16]]] for n in loads)
        return [[x, a or b] for x, a, b in zip(names, shared, whole, strict=True)]

    for capacity in (None, *range(5)):
        head = verify_cases.header(capacities=[capacity, *[None] * 5])
        holds = capacity is None or capacity >= least
        assert numbers(report(verify_cases.draw(rows_of, head))) == [13] * (not holds)


@pytest.mark.parametrize(
    "slot",
    [[2, [0, 1, 2], [16, 16]], [2, [0, 1], [16, 15, 1]], [2, [0, 1], [16]], [1, [], []],
     [0, [], []], [2, [0, 1], [32, 0]], [2, [0, 1], [33, -1]], [2, [-1, 1], [16, 16]],
     [2, [0, 6], [16, 16]], [2, [1, 0], [16, 16]], [2, [0, 0], [16, 16]], [2, [0, 1], [16, 17]],
     [True, [0, 1], [8, 8]], [2, [False, 1], [16, 16]], [1, [0, 1], [15, True]]],
)  # fmt: skip
def test_a_slot_that_is_none(slot):
    """Numbers and numerators are as many, whole, within bounds, and add up to the places."""
    drawn = copy.deepcopy(GOOD["odds-pairs"])
    drawn["rows"][1][1] = [slot]
    verify_cases.follow(drawn, teams=False)
    assert numbers(report(drawn)) == [13]


@pytest.mark.parametrize("number", [*range(247, 265), *range(503, 521)])
def test_the_coins_of_inspectors_whose_numbers_lie_around_a_multiple_of_256(number):
    """A digest has 256 coins; the rounding of the specification, said again, is the measure."""
    staff = [f"I{n:03}" for n in range(530)]
    slot = [2, [number, 528, 529], [11, 9, 12]]
    drawn = verify_cases.draw(
        lambda names: [[x, [slot]] for x in names], verify_cases.header(staff)
    )
    assert report(drawn).ok


# --- teams ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "holds"),
    [(1, True), (0, True), (-3, True), (2, True), (3, False), (4, False), (True, True),
     (None, True), ("3", True), ([3], True)],
)  # fmt: skip
def test_a_team_is_of_two_or_of_a_larger_committed_number(size, holds):
    drawn = verify_cases.draw(verify_cases.pairs_of, parameters={"team_size": size})
    assert numbers(report(drawn)) == [11] * (0 if holds else 3)
    three = verify_cases.draw(verify_cases.joint_of, parameters={"team_size": size})
    assert report(three).ok is (size != 4)
    drawn["record"]["visits"][0]["team"].pop()
    assert 11 in numbers(report(drawn, odds=None))


@pytest.mark.parametrize("partial", [True, False, None, 1, "true", [True], {"partial": True}])
def test_a_visit_is_without_a_team_only_where_partial_is_exactly_true(partial):
    told = verify_cases.draw(verify_cases.pairs_of, parameters={"partial": partial}, skipped=1)
    assert numbers(report(told)) == [11] * (partial is not True)
    assert report(verify_cases.draw(matcher=False, parameters={"partial": partial})).ok


def test_a_visit_of_a_stage_always_has_a_team():
    matcher = verify_cases.STRATEGY | {"parameters": {"partial": True}}
    stage = GOOD["stage-teams"]
    drawn = verify_cases.stage(json.loads(stage["before"]), stage["rows"], matcher=matcher)
    assert report(drawn).ok
    drawn["record"]["teams"][0]["team"] = None
    assert numbers(report(drawn, odds=None)) == [11]


@pytest.mark.parametrize("text", ["9007199254740993", "-9007199254740993", "9" * 30, "1.0", "01"])
def test_a_number_alone_is_held_to_the_bounds_of_any(text):
    with pytest.raises(ValueError, match=r"not canonical|Extra data"):
        module._canonical(text.encode())
    assert module._canonical(b"9007199254740992") == 2**53


# --- sheets --------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [b'["', b"!!", b"~~", b'"[', b'{"', b"[!", b"[~"])
@pytest.mark.parametrize("last", [b"\n", b"\t", b"\r", b"~", b""])
def test_a_sheet_begins_with_a_subject_and_ends_with_a_line(first, last):
    """Nothing else looks at these three bytes."""
    drawn = copy.deepcopy(GOOD["odds-pairs"])
    head, _, body = drawn["before"].partition(b"\n")
    drawn["before"] = head + b"\n" + first + body[2:-1] + last
    reseed(drawn)
    right = (first, last) == (b'["', b"\n")
    assert numbers(report(drawn)) == ([] if right else [9])


@pytest.mark.parametrize("take", [0, 20_000, 30_000])
def test_many_of_a_large_cell(monkeypatch, take):
    """Only tickets below a bound are sorted; it lies above the last that is taken."""
    monkeypatch.setattr(verify_cases, "SUBJECTS", [f"f{n:05}" for n in range(30_000)])
    drawn = verify_cases.draw(matcher=False, take=take)
    if take == 0:
        drawn["record"]["cells"][0]["last_ticket"] = None
    assert report(drawn).ok


def with_body(body, *sizes, items=("food",)):
    """A draw whose sheet has these bytes after its header; digest and seeds follow."""
    drawn = changed("odds-pairs", ("commitment", "task", "items"), [*items])
    head = json.loads(drawn["before"].partition(b"\n")[0])
    head |= {"cells": [[size, 0] for size in sizes], "items": [*items]}
    drawn["before"] = verify_cases.dumps(head) + b"\n" + body
    reseed(drawn)
    return drawn


@pytest.mark.parametrize("others", [0, 1, 3])
@pytest.mark.parametrize("raw", [*map(chr, range(0x20)), "\\u0041", "\\/", "\\u001F", "\\", '"'])
def test_what_stands_in_an_id_is_as_json_writes_it(raw, others):
    """However many lines there are, and wherever in the id it stands."""
    for name in (f"a{raw}", f"a{raw}z", f"a{raw}z" * 2):
        rows = [name.encode(), *(b"b%d" % n for n in range(others))]
        body = b"".join(b'["%b",[0]]\n' % row for row in rows)
        assert numbers(report(with_body(body, 1 + others))) == [9]


@pytest.mark.parametrize("lines", range(1, 8))
@pytest.mark.parametrize("size", range(1, 8))
def test_a_line_is_one_subject_whole(lines, size):
    """As many lines as subjects does not suffice, nor that all bytes are between right ends."""
    ids = [b"f%d" % n for n in range(size)]
    for more in range(1, 5):
        broken = [b"e" + b"\n" * more, *ids]
        body = b"".join(b'["%b",[0]]\n' % each for each in broken)
        assert numbers(report(with_body(body, size + 1))) == [9]
    if size > 1:
        joints = [b'",[' if n < lines else b'\n["' for n in range(1, size)]
        body = b'["' + ids[0] + b'",[0]]'
        for joint, each in zip(joints, ids[1:], strict=True):
            body += joint + each + b'",[0]]'
        assert (numbers(report(with_body(body + b"\n", size))) == [9]) is (lines > 1)


@pytest.mark.parametrize("cells", [1, 2])
@pytest.mark.parametrize(
    ("numbers_of", "right"),
    [
        ([0, 0], 1), ([0, None], 1), ([None, 0], 1), ([0, 1], 2), ([1, None], 2), ([1, 1], 2),
        ([None, None], 3), ([0], 3), ([0, 0, 0], 3), ([], 3), ([0, 2], 3), ([0, -1], 3),
        ([False, 0], 3), ([0, True], 3), (["0", 0], 3), ([0, [0]], 3), ([0, {}], 3),
    ],
)  # fmt: skip
def test_a_line_has_a_cell_or_null_for_each_item(numbers_of, right, cells):
    """`right` is from how many cells on; the sizes of cells are looked at later."""
    body = b"".join(verify_cases.dumps([each, numbers_of]) + b"\n" for each in ("a", "b"))
    told = numbers(report(with_body(body, *[99] * cells, items=("food", "price"))))
    assert told == [10 if cells >= right else 9]


# --- recusals ------------------------------------------------------------------------------------


def test_nobody_leaves_although_all_else_follows():
    team = GOOD["odds-pairs"]["record"]["visits"][0]["team"]
    subject = GOOD["odds-pairs"]["record"]["visits"][0]["subject"]
    told = {"decided": "2026-07-03", "leaving": [], "reason": "none", "staying": team}
    drawn = verify_cases.stage(GOOD["odds-pairs"]["record"], [[subject, []]], recusal=told)
    assert drawn["record"]["teams"] == [{"subject": subject, "team": team}]
    assert numbers(report(drawn)) == [10]


@pytest.mark.parametrize("name", ["odds-pairs", "stage-teams", "recusal"])
def test_only_a_recusal_may_be_of_another_visit(name):
    """The record before states a team for the visit, or is itself the recusal of another one."""
    drawn = copy.deepcopy(GOOD["recusal-of-another-visit"])
    [subject] = drawn["record"]["commitment"]["visits"]
    before = copy.deepcopy(GOOD[name]["record"])
    rows = "visits" if "visits" in before else "teams"
    before[rows] = [row for row in before[rows] if row["subject"] != subject]
    drawn["before"] = verify_cases.dumps(before)
    drawn["record"]["commitment"]["parent"] = verify_cases.sha(drawn["before"])
    told = report(verify_cases.follow(drawn))
    assert numbers(told) == [10] * (name != "recusal")
    if name != "recusal":
        assert told.findings[0].where.startswith("parent, recusal, team")
