"""The one-file verifier: what it refuses, that it never raises, that it stands alone."""

import ast
import copy
import hashlib
import json
import random
import runpy
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import randcheck as rc
from randcheck import canonical, tickets
from randcheck.verify import Report, verify

module = sys.modules["randcheck.verify"]
FILE = Path(module.__file__)
DRAWS = Path(__file__).parent / "vectors" / "draws-v1"
GOOD = [d for d in sorted(DRAWS.iterdir()) if json.loads((d / "case.json").read_text())["holds"]]
CASES = [
    (
        (d / "record.json").read_bytes(),
        (d / "sheet.jsonl").read_bytes(),
        json.loads((d / "case.json").read_text()),
    )
    for d in GOOD
]
RECORD, SHEET, CASE = next(c for c, d in zip(CASES, GOOD, strict=True) if d.name == "teams")
ONE_CELL = next(c[0] for c, d in zip(CASES, GOOD, strict=True) if d.name == "one-cell")
MUTATIONS = 10_000


def numbers(report):
    return [finding.number for finding in report.findings]


# --- golden draws, good and bad ------------------------------------------------------------------


@pytest.mark.parametrize("draw", sorted(DRAWS.iterdir()), ids=lambda draw: draw.name)
def test_a_golden_draw_holds_or_is_refused(draw):
    told = json.loads((draw / "case.json").read_text())
    report = verify(
        draw / "record.json",
        draw / "sheet.jsonl",
        commitment=told["commitment"],
        randomness=told["randomness"],
    )
    assert report.ok is told["holds"], (told["why"], str(report))


# --- good records --------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=[d.name for d in GOOD])
def test_what_nobody_gave_is_named(case):
    record, sheet, told = case
    report = verify(record, sheet)
    assert report.ok
    teams = ("odds", "teams") if b'"matcher":null' not in record else ()
    assert report.unchecked == ("commitment", "randomness", *teams)
    full = verify(record, sheet, commitment=told["commitment"], randomness=told["randomness"])
    assert full.ok
    assert full.unchecked == teams


def test_bytes_paths_and_values_are_the_same(tmp_path):
    (tmp_path / "r").write_bytes(RECORD)
    (tmp_path / "s").write_bytes(SHEET)
    value = rc.DrawRecord.from_bytes(RECORD)
    assert verify(tmp_path / "r", tmp_path / "s") == verify(str(tmp_path / "r"), SHEET)
    assert verify(value, SHEET) == verify(RECORD, SHEET)
    assert rc.verify(record=RECORD, sheet=SHEET).ok


def test_a_report_reads_well():
    assert str(Report((), ())) == "not checked: nothing\nOK: all that was given holds"
    text = str(verify(RECORD, SHEET, commitment="00" * 32))
    assert text.startswith("[4] commitment's SHA-256: expected")
    assert text.endswith("REFUSED")


# --- mutations -----------------------------------------------------------------------------------


def bytes_changed(data, dice):
    at = dice.randrange(len(data))
    kind = dice.randrange(4)
    if kind == 0:
        return data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1 :]
    if kind == 1:
        return data[:at] + data[at + 1 :]
    if kind == 2:
        return data[:at] + bytes([dice.randrange(256)]) + data[at:]
    return data[:at]


def places(value, here=()):
    yield here
    if isinstance(value, dict | list):
        for key, entry in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(entry, (*here, key))


def field_changed(data, dice, where):
    """A record with one field changed, dropped, doubled or swapped, in canonical form again."""
    value = json.loads(data)
    path = dice.choice(where)
    target = value
    for key in path[:-1]:
        target = target[key]
    key, old = path[-1], target[path[-1]]
    kind = dice.randrange(4)
    if kind == 0 and isinstance(target, list) and len(target) > 1:
        other = dice.randrange(len(target))
        target[key], target[other] = target[other], target[key]
    elif kind == 1:
        del target[key]
    elif kind == 2 and isinstance(target, list):
        target.insert(key, copy.deepcopy(old))
    elif isinstance(old, str):
        target[key] = dice.choice([old + "0", old[:-1], old.upper(), "0" * len(old), ""])
    elif isinstance(old, bool | int):
        target[key] = dice.choice([old + 1, old - 1, bool(old), str(old), None])
    else:
        target[key] = dice.choice([None, 0, "x", [], {}])
    return canonical.dumps(value)


def in_a_team(path):
    """Who is in a team is beyond this verifier until odds exist; that there is one, is not."""
    return len(path) > 3 and path[0] == "visits" and path[2] == "team"


def sheet_changed(data, dice):
    lines = data.decode().splitlines(keepends=True)
    at, other = dice.randrange(len(lines)), dice.randrange(len(lines))
    kind = dice.randrange(3)
    if kind == 0:
        lines[at], lines[other] = lines[other], lines[at]
    elif kind == 1:
        del lines[at]
    else:
        lines.insert(at, lines[other])
    return "".join(lines).encode()


def visits_or_reserves_changed(data, dice):
    """Two visits or reserves swapped, or one dropped or doubled, in canonical form again."""
    value = json.loads(data)
    entries = value[dice.choice(["visits", "reserves", "cells"])]
    if not entries:
        return data
    at, other = dice.randrange(len(entries)), dice.randrange(len(entries))
    kind = dice.randrange(3)
    if kind == 0:
        entries[at], entries[other] = entries[other], entries[at]
    elif kind == 1:
        del entries[at]
    else:
        entries.insert(at, entries[other])
    return canonical.dumps(value)


def test_ten_thousand_mutations_are_all_refused():
    """A byte, a field, a swapped pair, a dropped reserve, of record or sheet: none is accepted.

    Half of them without the published digest and the source's text: a change breaks the seeds.
    """
    dice = random.Random(20260701)
    wheres = [
        [p for p in places(json.loads(record)) if p and not in_a_team(p)] for record, _, _ in CASES
    ]
    done = 0
    while done < MUTATIONS:
        number = dice.randrange(len(CASES))
        record, sheet, told = CASES[number]
        changed_record, changed_sheet = record, sheet
        kind = dice.randrange(7)
        if kind == 0:
            changed_record = bytes_changed(record, dice)
        elif kind == 1:
            changed_sheet = bytes_changed(sheet, dice)
        elif kind == 2:
            changed_sheet = sheet_changed(sheet, dice)
        elif kind == 3:
            changed_sheet = sheet_changed(sheet, dice)
            changed_record = rebuilt(record, changed_sheet)[0]
        elif kind == 4:
            changed_record = visits_or_reserves_changed(record, dice)
        else:
            changed_record = field_changed(record, dice, wheres[number])
        if (changed_record, changed_sheet) == (record, sheet) or _only_teams(
            record, changed_record
        ):
            continue
        done += 1
        published = {name: told[name] for name in ("commitment", "randomness")}
        given = (
            published if done % 2 or kind == 3 else {}
        )  # a forger's own needs what was published
        report = verify(changed_record, changed_sheet, **given)
        assert not report.ok, (GOOD[number].name, changed_record[:200])
        assert "Error" not in report.findings[0].found or report.findings[0].severity == "fatal"


def _only_teams(before, after):
    """Whether two records differ in nothing but who is in the teams."""
    try:
        one, two = json.loads(before), json.loads(after)
        for visit in (*one["visits"], *two["visits"]):
            if len(set(visit["team"])) < 2:
                return False
            visit["team"] = None
    except (ValueError, TypeError, KeyError, AttributeError):
        return False
    return one == two and canonical.dumps(json.loads(after)) == after


def rebuilt(record, sheet):
    """The record with all that follows from a changed sheet computed again, as a forger would."""
    value = json.loads(record)
    value["commitment"]["sheet_sha256"] = canonical.sha256(sheet)
    digest = canonical.sha256(canonical.dumps(value["commitment"]))
    seed = tickets.seed(value["commitment"]["task"]["id"], digest, value["randomness"])
    value["seed"] = seed
    value["subjects_seed"] = tickets.purpose_seed(seed, "subjects")
    if value["commitment"]["matcher"]:
        value["inspectors_seed"] = tickets.purpose_seed(seed, "inspectors")
    return canonical.dumps(value), digest


@pytest.mark.parametrize(
    ("change", "number"),
    [
        (lambda s: s.replace(b'"randcheck/v1"', b'"randcheck/v2"'), 8),
        (lambda s: s.replace(b'"T-1"', b'"T-2"'), 8),
        (lambda s: s.replace(b'["food"]', b'["price"]'), 8),
        (lambda s: s.replace(b"[[126,10]]", b"[]"), 9),
        (lambda s: s.replace(b"[[126,10]]", b"[[126,10,0]]"), 8),
        (lambda s: s.replace(b"[[126,10]]", b"[{}]"), 8),
        (lambda s: s.replace(b"[[126,10]]", b"[[126,127]]"), 8),
        (lambda s: s.replace(b"[[126,10]]", b"[[126,-1]]"), 8),
        (lambda s: s.replace(b"[[126,10]]", b"[[126]]"), 8),
        (lambda s: s.replace(b"[[126,10]]", b"[[126,true]]"), 8),
        (lambda s: s.replace(b"[[126,10]]", b"[126]"), 8),
        (lambda s: s.replace(b"[[126,10]]", b"[[127,10]]"), 10),
        (lambda s: s.replace(b"[[126,10]]", b"[[126,10],[0,0]]"), 12),
        (lambda s: s.replace(b"{", b"{ ", 1), 8),
        (lambda s: b"", 8),
        (lambda s: s.split(b"\n")[0], 9),
        (lambda s: s.split(b"\n")[0] + b"\n", 9),
        (lambda s: s[:-1], 9),
        (lambda s: s + b"\n", 9),
        (lambda s: s + b"\xff\n", 9),
        (lambda s: s.replace(b'00000000",[0]]', b'00000000",[1]]'), 9),
        (lambda s: s.replace(b'00000000",[0]]', b'00000000",[null]]'), 9),
        (lambda s: s.replace(b'00000000",[0]]', b'00000000",[0,0]]'), 9),
        (lambda s: s.replace(b'00000000",[0]]', b'00000000",[]]'), 9),
        (lambda s: s.replace(b'00000000",[0]]', b'00000000",[00]]'), 9),
        (lambda s: s.replace(b'00000000",[0]]', b'00000000", [0]]'), 9),
        (lambda s: s.replace(b'00000000",[0]]', b'00000000",0]'), 9),
        (lambda s: s.replace(b'00000000",[0]]', b'00000000",[[0]]]'), 9),
        (lambda s: s.replace(b'["91130300MA00000000"', b'[""', 1), 9),
        (lambda s: s.replace(b'["91130300MA00000000"', b"[5", 1), 9),
        (lambda s: s.replace(b'["91130300MA00000000"', b'["\\u0041"', 1), 9),
        (lambda s: s.replace(b'["91130300MA00000000",[0]]', b'"ab"', 1), 9),
        (lambda s: s.replace(b'["91130300MA00000000",[0]]', b'{"a":0}', 1), 9),
        (lambda s: s.replace(b"\n", b"\r\n"), 8),
        (lambda s: b"\xef\xbb\xbf" + s, 8),
    ],
)
def test_a_sheet_that_breaks_one_rule_while_all_else_follows(change, number):
    sheet = change(SHEET)
    assert sheet != SHEET
    record, digest = rebuilt(RECORD, sheet)
    report = verify(record, sheet, commitment=digest)
    assert numbers(report)[0] == number, report


@pytest.mark.parametrize(
    "path",
    [
        ("commitment", "task", "id"),
        ("commitment", "task", "items"),
        ("commitment", "task", "as_of"),
        ("commitment", "task", "reserves"),
        ("commitment", "sampler", "name"),
        ("commitment", "sampler", "parameters"),
        ("commitment", "matcher", "version"),
        ("commitment", "inputs", "subjects"),
        ("commitment", "inputs", "inspectors"),
        ("commitment", "source", "grade"),
        ("commitment", "source", "kind"),
        ("commitment", "excluded"),
        ("commitment", "parent"),
        ("commitment", "nonce"),
        ("commitment", "protocol"),
        ("cells",),
        ("visits",),
        ("randomness",),
        ("odds_sha256",),
    ],
)
@pytest.mark.parametrize(
    "wrong", [None, True, 0, -1, "", [], {}, [""], ["a", "a"], {"a": -1}, {"": 1}, "2026-02-30"]
)
def test_a_value_of_the_wrong_form_is_refused(path, wrong):
    value = json.loads(RECORD)
    target = value
    for key in path[:-1]:
        target = target[key]
    allowed = {
        ("commitment", "parent"): [None],
        ("commitment", "nonce"): ["", "2026-02-30"],
        ("commitment", "task", "id"): ["2026-02-30"],
        ("commitment", "task", "items"): [],
        ("commitment", "task", "reserves"): [0],
        ("commitment", "sampler", "name"): ["2026-02-30"],
        ("commitment", "sampler", "parameters"): [{}, {"a": -1}, {"": 1}],
        ("commitment", "matcher", "version"): ["2026-02-30"],
        ("commitment", "source", "kind"): ["2026-02-30"],
        ("commitment", "excluded"): [{}],
        ("randomness",): ["2026-02-30"],
        ("odds_sha256",): [None],
    }.get(path, [])
    target[path[-1]] = wrong
    report = verify(canonical.dumps(value), SHEET)
    if any(type(wrong) is type(each) and wrong == each for each in allowed):
        assert 3 not in numbers(report)
    else:
        assert not report.ok
        assert numbers(report)[0] in (3, 11, 12), report


@pytest.mark.parametrize("key", sorted(json.loads(RECORD)))
def test_a_missing_or_further_key_is_refused(key):
    value = json.loads(RECORD)
    assert numbers(
        verify(canonical.dumps({k: v for k, v in value.items() if k != key}), SHEET)
    ) == [3]
    assert numbers(verify(canonical.dumps(value | {"more": 1}), SHEET)) == [3]
    bound = value["commitment"]
    assert numbers(verify(canonical.dumps(value | {"commitment": bound | {"more": 1}}), SHEET)) == [
        3
    ]


# --- JSON ----------------------------------------------------------------------------------------

BAD_JSON = [
    b"", b" ", b"{", b"nul", b"[1,2", b'{"a":1,"a":1}', b'{"b":1,"a":1}', b'{"a": 1}', b"[1.0]",
    b"[1e5]", b"[-0]", b"[01]", b"[NaN]", b"[Infinity]", b"[9007199254740993]", b'["\\u0041"]',
    b'["\\/"]', b'["\\ud800"]', b"[1]\n", b"\xef\xbb\xbf[1]", b"\xff", b'["\xed\xa0\x80"]',
    b"[" * 100_000, b'{"a":' * 100_000, b"[" + b"9" * 5000 + b"]", b'["\x01"]',
    b'["\\u001F"]',
]  # fmt: skip


@pytest.mark.parametrize("data", BAD_JSON, ids=[repr(data[:20]) for data in BAD_JSON])
def test_what_is_not_canonical_json_is_refused(data):
    assert numbers(verify(data, SHEET)) == [2]


@pytest.mark.parametrize(
    "value", [{"\U0001f3b2": 1, "\uff21": 2}, {"é": -(2**53), "z": 2**53}, ["\u2028\x7f\b\f"], "x"]
)
def test_our_canonical_form_is_the_verifiers(value):
    assert module._canonical(canonical.dumps(value)) == value


def test_keys_sort_by_utf16_code_units():
    """U+FF21 is above the surrogates that U+1F3B2 is written with in UTF-16."""
    assert module._canonical('{"\U0001f3b2":1,"\uff21":2}'.encode())
    with pytest.raises(ValueError, match="order of keys"):
        module._canonical('{"\uff21":2,"\U0001f3b2":1}'.encode())


def test_escapes_are_those_of_rfc_8785():
    """Short forms where RFC 8785 has them, lower-case hex for other controls, all else itself."""
    told = "".join(map(chr, range(0x20))) + '"\\/\x7f\x80\u2028\ufeff\U0001f3b2'
    short = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r"}
    controls = "".join(short.get(n, f"\\u{n:04x}") for n in range(0x20))
    data = f'["{controls}\\"\\\\/\x7f\x80\u2028\ufeff\U0001f3b2"]'.encode()
    assert module._canonical(data) == [told]
    for other in (b'["\\u0008"]', b'["\\u000a"]', b'["\\u001F"]', b'["\\u007f"]', b'["\\/"]'):
        with pytest.raises(ValueError, match="not canonical"):
            module._canonical(other)


@pytest.mark.parametrize(
    "text",
    ["9007199254740993", "-9007199254740993", "90071992547409920", "1" * 400, "-0", "1.0", "1E2"],
)
def test_a_number_that_is_no_integer_within_2_53_is_refused(text):
    for data in (f"[{text}]", f'{{"a":{text},"b":0}}'):
        with pytest.raises(ValueError, match=r"not canonical|invalid literal"):
            module._canonical(data.encode())
    assert module._canonical(b"[9007199254740992,-9007199254740992]") == [2**53, -(2**53)]


def test_a_bad_object_inside_a_good_one_is_refused():
    """What can not be canonical is read as something else, so that the bytes differ."""
    for inner in ('{"b":1,"a":2}', '{"a":1,"a":1}', '{"":0,"":0}', '{"\uff21":2,"\U0001f3b2":1}'):
        for outer in ('{"x":%s}', "[%s]", "[{},%s,{}]", '{"x":{},"y":[%s]}'):
            with pytest.raises(ValueError, match="not canonical"):
                module._canonical((outer % inner).encode())


# --- never an exception --------------------------------------------------------------------------


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_arbitrary_bytes(record, sheet):
    assert not verify(record, sheet).ok
    assert not verify(RECORD, sheet).ok


class Hostile:
    def to_bytes(self):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    "odd", [None, 5, 1.5, [], object(), Hostile(), "", "/", "\x00", Path("/none")]
)
def test_arbitrary_arguments(odd):
    assert not verify(odd, SHEET).ok
    assert not verify(RECORD, odd).ok
    for name in ("commitment", "randomness", "odds"):
        if odd is not None:
            assert not verify(RECORD, SHEET, **{name: odd}).ok


class UnspeakableError(Exception):
    def __str__(self):
        raise self

    __repr__ = __str__


class Worse:
    def __init__(self, answer=None):
        self.answer = answer

    def to_bytes(self):
        if self.answer is None:
            raise UnspeakableError
        return self.answer

    def __repr__(self):
        raise UnspeakableError


@pytest.mark.parametrize("odd", [Worse(), Worse(10**15), Worse("x"), Worse([]), "\udcff", "a\x00b"])
def test_what_can_not_even_be_shown_is_a_finding(odd):
    for report in (
        verify(odd, SHEET),
        verify(RECORD, odd),
        verify(RECORD, SHEET, odds=odd),
        verify(RECORD, SHEET, commitment=odd),
        verify(RECORD, SHEET, randomness=odd),
    ):
        assert not report.ok
        assert str(report).endswith("REFUSED")


@pytest.mark.parametrize("given", [True, 1, 1.0, b"x", [], {}, ("x",), float("nan")])
def test_what_is_published_is_text(given):
    assert numbers(verify(RECORD, SHEET, commitment=given)) == [4]
    assert numbers(verify(RECORD, SHEET, randomness=given)) == [5]


def test_nested_to_any_depth():
    """Some depth can be read but not shown, or shown but not compared: a finding all the same."""
    for depth in (*range(1, 1100, 9), *range(930, 1000)):
        deep = "[" * depth + "]" * depth
        for where in ('"visits":[', '"reserves":[', '"cells":['):
            record = RECORD.decode().replace(where, where + deep + ",").replace(",]", "]")
            assert not verify(record.encode(), SHEET).ok


def test_a_finding_is_one_line_whatever_is_in_it():
    """No escape sequence, line end or change of direction of a record reaches a terminal."""
    value = json.loads(RECORD)
    value["visits"][0]["subject"] = "\x1b[2K\x9b\u202e\u2028\nOK: all that was given holds 市"
    text = str(verify(canonical.dumps(value), SHEET))
    assert "\\u202e" in text
    assert "市" in text
    assert all(each.isprintable() for each in text.split("\n"))
    assert text.splitlines() == text.split("\n")
    assert len(text.splitlines()) == 4


def test_a_difference_is_found_where_it_is():
    for path, wrong in [
        (("visits", 3, "ticket"), "0" * 64),
        (("visits", 3, "cells", 0), False),
        (("cells", 0, "take"), True),
    ]:
        value = json.loads(RECORD)
        target = value
        for key in path[:-1]:
            target = target[key]
        target[path[-1]] = wrong
        [finding] = verify(canonical.dumps(value), SHEET).findings
        assert (finding.number, finding.severity) == (12, "error")
        head, *rest = path
        place = head + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in rest)
        assert finding.where == place


def test_ids_that_need_escapes():
    """A quote, a backslash, a control character: read slowly, and drawn like any other."""
    names = ['"', "\\", 'a"b', 'x",[0]]', "\n", "\x00", "市\t", "\x7f", "电梯/3号楼", "🎲"]
    record, sheet, digest = drawn(names, take=4, reserves=2)
    assert verify(record, sheet, commitment=digest).ok
    value = json.loads(record)
    assert len(value["visits"]) == 4
    assert len(value["reserves"]) == 2
    record, sheet, digest = drawn(names, take=4, reserves=2, order=lambda lines: lines[::-1])
    assert numbers(verify(record, sheet, commitment=digest)) == [9]


@pytest.mark.parametrize(
    "line",
    ['["a\\u0062",[0]]', '["a"b",[0]]', '["a', '["a"', '["0]]",[b",[0]]', '[",[0]]', '{"a":"0]]"}',
     '["x",{"0":0}]', '["x",[true]]', '["x",[0.0]]', '["x",["0"]]', '["x",[0],0]', '["\x01",[0]]',
     '["\t",[0]]', '["x",[-1]]', '["x",[1]]', '["x",[4294967296]]', '["\\"",0]', '["\\"",[[0]]]',
     '[["x"],[0]]', '[null,[0]]', '"x"', "[]", "", "\r", '["x",[0]]\r', '\ufeff["x",[0]]'],
)  # fmt: skip
def test_a_line_of_another_form_is_refused_wherever_it_stands(line):
    for at in (0, 1, 2):
        for names in (["b", "y"], ["b", 'y"']):  # read fast; read slowly, for there is a quote
            record, sheet, digest = drawn(
                names, size=3, order=lambda ls, at=at: insert(ls, at, line)
            )
            assert numbers(verify(record, sheet, commitment=digest)) == [9]


def insert(lines, at, line):
    return [*lines[:at], line, *lines[at:]]


def drawn(names, take=1, reserves=0, size=None, order=list):
    """Record, sheet and digest of a draw by hand, from one cell; tickets as in design and spec."""
    lines = [canonical.dumps([name, [0]]).decode() for name in sorted(names)]
    value = json.loads(ONE_CELL)
    task = value["commitment"]["task"] | {"reserves": reserves}
    value["commitment"]["task"] = task
    cells = [[size or len(names), take]]
    header = {"cells": cells, "items": task["items"], "protocol": "randcheck/v1"}
    head = canonical.dumps(header | {"task_id": task["id"]}).decode()
    sheet = "".join(f"{line}\n" for line in (head, *order(lines))).encode()
    record, digest = rebuilt(canonical.dumps(value), sheet)
    value = json.loads(record)
    seed = value["subjects_seed"]
    low = sorted((hashlib.sha256(f"{seed}:{name}".encode()).hexdigest(), name) for name in names)
    value["cells"] = [{"size": cells[0][0], "take": take, "last_ticket": low[take - 1][0]}]
    common = {"cells": [0], "items": task["items"], "team": None}
    value["visits"] = [common | {"subject": name, "ticket": t} for t, name in low[:take]]
    value["reserves"] = [
        {"cell": 0, "subject": name, "ticket": t} for t, name in low[take : take + reserves]
    ]
    return canonical.dumps(value), sheet, digest


def test_a_subject_who_is_no_text_in_a_visit():
    value = json.loads(RECORD)
    for odd in (None, 5, [], "x", {}):
        value["visits"][0] = odd
        assert not verify(canonical.dumps(value), SHEET).ok


def large_draw():
    subjects = rc.SubjectRegistry.from_records(
        rc.Subject(f"firm-{n:05}", "x", region="r", risk_class="ABCD"[n % 4]) for n in range(4000)
    )
    catalog = rc.ItemCatalog.from_records([rc.Item("i", "i", "law")])
    sampler = rc.RiskStratifiedSampler(rates={"A": "0%", "B": "1%", "C": "2%", "D": "50%"})
    task = rc.Task(id="T", items=("i",), sampler=sampler, as_of=date(2026, 7, 1), reserves=1)
    return rc.draw(task, subjects=subjects, catalog=catalog, randomness="1")


def test_findings_are_counted_out_at_a_hundred():
    draw = large_draw()
    value = draw.record.to_json()
    value["visits"] = [None] * len(value["visits"])
    report = verify(canonical.dumps(value), draw.design)
    assert len(report.findings) == 100
    assert [finding.found == "more" for finding in report.findings] == [False] * 99 + [True]
    assert "more" in str(report).splitlines()[99]


# --- odds and teams ------------------------------------------------------------------------------


def test_odds_are_given_for_a_record_that_claims_them():
    assert numbers(verify(RECORD, SHEET, odds=b"a table")) == [11]
    claims = canonical.dumps(json.loads(RECORD) | {"odds_sha256": "00" * 32})
    assert verify(claims, SHEET).ok
    assert verify(claims, SHEET).unchecked[2:] == ("odds", "teams")
    assert numbers(verify(claims, SHEET, odds=b"a table")) == [13]


def test_a_committed_team_size_is_kept():
    value = json.loads(RECORD)
    value["commitment"]["matcher"]["parameters"]["team_size"] = 3
    record, digest = rebuilt(canonical.dumps(value), SHEET)
    assert 11 in numbers(verify(record, SHEET, commitment=digest))


# --- the rule of selection -----------------------------------------------------------------------


def test_a_large_draw():
    draw = large_draw()
    assert verify(draw.record, draw.design).ok


# --- one file, standard library, command line ----------------------------------------------------


def test_it_stands_alone_in_at_most_300_lines():
    source = FILE.read_text()
    assert len(source.splitlines()) <= 300
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    assert names <= set(sys.stdlib_module_names)


def command(*arguments):
    return subprocess.run(
        [sys.executable, "-I", "-S", str(FILE), *map(str, arguments)],
        capture_output=True,
        text=True,
    )


def test_the_command_line():
    folder = DRAWS / "teams"
    files = folder / "record.json", folder / "sheet.jsonl"
    good = command(*files, "--commitment", CASE["commitment"], "--randomness", CASE["randomness"])
    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout.endswith("OK: all that was given holds\n")
    bad = command(*files, "--commitment", "00" * 32)
    assert (bad.returncode, bad.stderr) == (1, "")
    assert bad.stdout.startswith("[4]")
    assert command(files[0], folder / "none").returncode == 1
    assert command(*files, "--odds", files[0]).returncode == 1
    assert "example" in command("--help").stdout


def test_the_command_line_tells_any_text_to_any_terminal(tmp_path):
    value = json.loads(RECORD)
    value["visits"][0]["subject"] = "市\x1b"
    (tmp_path / "record.json").write_bytes(canonical.dumps(value))
    run = subprocess.run(
        [sys.executable, "-S", FILE, tmp_path / "record.json", DRAWS / "teams" / "sheet.jsonl"],
        capture_output=True,
        env={"PYTHONIOENCODING": "ascii"},
    )
    assert (run.returncode, run.stderr) == (1, b"")
    assert run.stdout.decode().rstrip().endswith("REFUSED")
    assert "市" in run.stdout.decode()


def test_the_same_command_in_this_process(monkeypatch, capsys):
    folder = DRAWS / "teams"
    arguments = [str(FILE), str(folder / "record.json"), str(folder / "sheet.jsonl")]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as left:
        runpy.run_path(str(FILE), run_name="__main__")
    assert not left.value.code
    assert "OK" in capsys.readouterr().out


def test_an_id_with_a_raw_line_break_makes_no_canonical_line():
    """Everything else follows: the sheet's digest, the seeds, the size of the cell."""
    subjects = rc.SubjectRegistry.from_records(
        {"id": f"f{n}", "name": "x", "region": "r"} for n in range(5)
    )
    catalog = rc.ItemCatalog.from_records([rc.Item("p", "p", "law")])
    task = rc.Task(id="T", items=("p",), as_of=date(2026, 7, 1), sampler=rc.UniformSampler(count=0))
    drawn = rc.draw(task, subjects=subjects, catalog=catalog, randomness="x")
    for name, holds in ((b"f1", True), (b"f1\nz", False), (b'f1"', False), (b"f1\tz", False)):
        sheet = drawn.design.to_bytes().replace(b'"f1"', b'"' + name + b'"')
        record = json.loads(drawn.record.to_bytes())
        record["commitment"]["sheet_sha256"] = hashlib.sha256(sheet).hexdigest()
        digest = canonical.sha256(canonical.dumps(record["commitment"]))
        record["seed"] = tickets.seed("T", digest, "x")
        record["subjects_seed"] = tickets.purpose_seed(record["seed"], "subjects")
        assert verify(canonical.dumps(record), sheet).ok is holds, name
