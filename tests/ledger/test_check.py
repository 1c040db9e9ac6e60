"""An export: whatever is changed, dropped, swapped or added shows."""

import contextlib
import io
import random
import runpy
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.cases import chained, dumps, events_of, hex_of, lively
from randcheck.ledger import Head, check, verify_export


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "ledger.jsonl"
    with lively() as ledger:
        head = ledger.export(path)
    return path, path.read_bytes(), head


def test_an_export_holds_and_gives_its_head(exported):
    path, data, head = exported
    for source in (path, str(path), data):
        report = verify_export(source, head)
        assert report.ok
        assert (report.head, report.unchecked) == (head, ())
    assert str(report).splitlines() == [
        "not checked: nothing",
        f"head {head}",
        "OK: all that was given holds",
    ]
    assert verify_export(data).unchecked == ("old head",)
    assert verify_export(b"").head == check.EMPTY


def test_every_head_so_far_is_in_it(exported):
    _, data, _ = exported
    chain = check.Chain()
    assert verify_export(data, check.EMPTY).ok
    assert verify_export(data, str(check.EMPTY)).ok
    for line in data.splitlines():
        chain.add(line)
        assert verify_export(data, str(chain.head)).ok
        other = Head(chain.head.sequence, hex_of("other"))
        [finding] = verify_export(data, other).findings
        assert finding[:3] == (8, "error", "old head")


@pytest.mark.parametrize(
    "old", ["", "x", "5", f"5:{'A' * 64}", f"05:{'a' * 64}", f"-2:{'a' * 64}", 5, b"5", {}, [1, 2]]
)
def test_what_is_no_head_is_a_finding(exported, old):
    [finding] = verify_export(exported[1], old).findings
    assert finding.number == 8


def test_a_head_beyond_the_end_is_told(exported):
    _, data, head = exported
    short = b"".join(data.splitlines(keepends=True)[:-1])
    assert verify_export(short).ok
    [finding] = verify_export(short, head).findings
    assert finding.found.startswith(f"an end at {head.sequence - 1}:")
    broken = verify_export(data.replace(b'"T"', b'"S"', 1), head)
    assert [each.number for each in broken.findings] == [5]
    assert broken.unchecked == ("old head",)
    assert verify_export(data[:-1], head).findings[0].number == 2


# --- rewriting -------------------------------------------------------------------------------


def rewritings(events, dice):
    """Each way to tell another story, chained anew so that nothing but the digests shows it."""
    for place in range(len(events)):
        before, this, after = events[:place], events[place], events[place + 1 :]
        yield "dropped", place, before + after
        yield "changed", place, [*before, this | {"actor": "nobody"}, *after]
        for key, value in this["body"].items():
            other = {str: "ff" * 32, int: 7, type(None): "x", dict: {}, list: ["z"]}[type(value)]
            yield "changed", place, [*before, this | {"body": this["body"] | {key: other}}, *after]
        plan = {"id": f"Q{place}", "version": 1, "sha256": "ab" * 32, "reason": None}
        yield "inserted", place, [*before, this | {"kind": "plan", "body": plan}, this, *after]
        yield "repeated", place, [*before, this, this, *after]
        other = dice.randrange(len(events))
        swapped = list(events)
        swapped[place], swapped[other] = swapped[other], swapped[place]
        if other != place:
            yield "swapped", min(place, other), swapped


def test_an_old_head_exposes_every_rewriting(exported):
    _, data, head = exported
    events, chain, heads = events_of(data), check.Chain(), []
    assert chained(events) == data
    for line in data.splitlines():
        chain.add(line)
        heads.append(chain.head)
    counts = {}
    for what, place, story in rewritings(events, random.Random(1)):
        told = chained(story)
        assert told != data
        for kept in (head, heads[place]):  # of the end, and of the first event that is another
            report = verify_export(told, kept)
            assert not report.ok, (what, place)
        holds = verify_export(told).ok
        counts.setdefault(what, [0, 0])[holds] += 1
        if holds:  # nothing but the head showed it
            assert [each.number for each in report.findings] == [8]
    assert set(counts) == {"dropped", "changed", "inserted", "repeated", "swapped"}
    assert counts["inserted"][True]
    assert counts["repeated"] == [len(events), 0]  # the order knows all that is there twice


def mutated(data, dice):
    lines = data.splitlines(keepends=True)
    place, other = dice.randrange(len(data)), dice.randrange(len(lines))
    match dice.randrange(8):
        case 0:
            return data[:place] + bytes([data[place] ^ 1 << dice.randrange(8)]) + data[place + 1 :]
        case 1:
            return data[:place] + data[place + 1 :]
        case 2:
            return data[:place] + bytes([dice.randrange(256)]) + data[place:]
        case 3:
            return data[:place]
        case 4:
            return b"".join(lines[:other] + lines[other + 1 :])
        case 5:
            return b"".join([*lines[:other], dice.choice(lines), *lines[other:]])
        case 6:
            lines[other] = dice.choice([b"\n", b"null\n", b"[]\n", b"{}\n", lines[other] * 2])
            return b"".join(lines)
        case _:
            event = events_of(data)[other]
            event[dice.choice(list(event))] = dice.choice([None, 0, "", -1, [], {}, "x", True])
            lines[other] = dumps(event) + b"\n"
            return b"".join(lines)


def test_a_thousand_mutations_are_refused(exported):
    _, data, head = exported
    dice, numbers = random.Random(20260701), set()
    for number in range(1000):
        other = mutated(data, dice)
        while other == data:
            other = mutated(data, dice)
        report = verify_export(other, head)
        assert not report.ok, number
        numbers |= {each.number for each in report.findings}
    assert numbers >= {2, 3, 4, 5, 8}


def test_times_do_not_go_back(exported):
    events = events_of(exported[1])
    events[5]["at"] = "2026-07-01T09:29:59Z"
    [finding] = verify_export(chained(events)).findings
    assert (finding.number, finding.where) == (6, "event 5, at")
    assert finding.expected == "2026-07-01T09:30:00Z or later"


# --- forms -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("actor", ""),
        ("actor", "\u3000"),
        ("actor", 5),
        ("at", "2026-07-01T09:30:00"),
        ("at", "2026-02-30T09:30:00Z"),
        ("at", "2026-07-01T24:00:00Z"),
        ("at", "0000-07-01T09:30:00Z"),
        ("at", "２026-07-01T09:30:00Z"),
        ("at", None),
        ("body", None),
        ("body", []),
        ("kind", "plans"),
        ("kind", None),
        ("previous", "0" * 63),
        ("previous", "A" * 64),
        ("protocol", "randcheck/v2"),
        ("sequence", -1),
        ("sequence", True),
        ("sequence", "0"),
        ("more", 1),
        ("body.more", 1),
        ("body.id", None),
        ("body.version", "1"),
        ("body.sha256", None),
        ("body.reason", 5),
    ],
)
def test_forms_are_strict(exported, where, value):
    event = events_of(exported[1])[0]
    inner = event["body"] if where.startswith("body.") else event
    inner[where.removeprefix("body.")] = value
    [finding] = verify_export(dumps(event) + b"\n").findings
    assert finding.number == 3
    assert where.rpartition(".more")[0] in finding.where


@pytest.mark.parametrize(
    ("kind", "where", "value"),
    [
        ("commitment", "plan", {"id": "P"}),
        ("commitment", "plan", {"id": "P", "version": None}),
        ("commitment", "source", None),
        ("commitment", "source", {"grade": "G3", "kind": "x"}),
        ("commitment", "root", "x"),
        ("randomness", "evidence", []),
        ("randomness", "text", ""),
        ("confirmation", "by", []),
        ("confirmation", "by", ["b", "a"]),
        ("confirmation", "by", ["a", "a"]),
        ("confirmation", "by", ["a", 5]),
        ("confirmation", "by", "a"),
        ("witness", "signature", ""),
        ("witness", "sequence", None),
    ],
)
def test_bodies_are_strict(exported, kind, where, value):
    event = next(each for each in events_of(exported[1]) if each["kind"] == kind)
    event["body"][where] = value
    with pytest.raises(check.RefusedError) as refused:
        check.read(dumps(event))
    assert refused.value.number == 3
    assert f"body.{where}" in refused.value.where


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b" {}",
        b'{"a":1,"a":1}',
        b'{"b":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":NaN}',
        b'{"a":9007199254740993}',
        b'{"a":1' + b"0" * 5000 + b"}",
        b'"\xff"',
        b'"\\ud800"',
        b'"\\u0041"',
        b"[" * 100_000,
        b"[1",
    ],
)
def test_lines_are_canonical(line):
    report = verify_export(line + b"\n")
    assert [each.number for each in report.findings] == [2]
    assert report.head == check.EMPTY


@given(st.one_of(st.binary(), st.text().map(str.encode), st.integers(), st.none(), st.text()))
def test_nothing_raises(data):
    report = verify_export(data, data)
    assert not report.ok
    assert str(report).endswith("REFUSED")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda each: st.lists(each) | st.dictionaries(st.text(), each),
    max_leaves=8,
)


@given(st.data())
def test_hostile_events_are_findings(exported, data):
    event = data.draw(st.sampled_from(events_of(exported[1])))
    inner = event["body"] if data.draw(st.booleans()) else event
    inner[data.draw(st.sampled_from(sorted(inner)))] = data.draw(JSON)
    line = check.TEXT(event).encode(errors="surrogatepass")
    assert verify_export(exported[1] + line + b"\n").head == exported[2]


# --- the file alone --------------------------------------------------------------------------


def test_the_file_runs_alone(exported, tmp_path):
    path, data, head = exported
    alone = tmp_path / "check.py"
    with open(check.__file__, "rb") as file:
        alone.write_bytes(file.read())
    command = [sys.executable, "-I", "-S", alone, path, "--head", str(head)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (0, "")
    assert f"head {head}" in told.stdout
    path.with_name("cut").write_bytes(data[:-200])
    command[4] = path.with_name("cut")
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1


@pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")
def test_the_command(exported, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["check.py", str(exported[0])])
    with contextlib.redirect_stdout(io.StringIO()) as out, pytest.raises(SystemExit) as end:
        runpy.run_path(check.__file__, run_name="__main__")
    assert end.value.code == 0
    assert "OK" in out.getvalue()


def test_a_finding_prints_what_can_be_printed():
    finding = check.Finding(3, "fatal", "event 0", "a text", "\x1b[2J乙")
    assert str(finding) == "[3] event 0: expected a text, found \\x1b[2J乙"
