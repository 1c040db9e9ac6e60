"""The archive: the same bytes every time; whatever is missing or changed is found; nothing raises.

One made-up draw, from the plan to the last transfer, in a ledger with other things beside it.
"""

import io
import zipfile
from datetime import UTC, date, datetime, timedelta
from functools import cache
from random import Random

import pytest

import randcheck as rc
from randcheck import canonical
from randcheck.errors import MissingExtraError, ParameterError
from randcheck.ledger import Ledger, entries
from randcheck.ledger.events import Event
from randcheck.office import archive as archives
from randcheck.office.archive import Archive, build_archive, check_archive
from randcheck.office.cases import case_id, case_life
from randcheck.office.codes import STANDARD
from randcheck.office.dossier import related
from randcheck.office.revisits import revisit_life
from randcheck.signatures import Keyring, Policy, SigningKey, sign

DAY = date(2026, 7, 1)
ANNEX, PAPER = b"a made-up annex", b"a made-up document"
PAGE = b"<!doctype html><title>made up</title>"
YEAR = {"valid_from": "2026-01-01T00:00:00Z", "valid_until": "2026-12-31T23:59:59Z"}


class Clock:
    def __init__(self):
        self.now = datetime(2026, 7, 1, 1, tzinfo=UTC)

    def __call__(self):
        self.now += timedelta(minutes=1)
        return self.now


@cache
def drawn(name):
    task = rc.Task(
        id=name, items=("disclosure",), as_of=DAY, sampler=rc.UniformSampler(count=4),
        matcher=rc.FairMatcher(team_size=2),
    )  # fmt: skip
    opened = rc.commit(
        task,
        subjects=rc.testing.made_up_subjects(40),
        catalog=rc.testing.made_up_catalog(),
        inspectors=rc.testing.made_up_inspectors(6),
        source=rc.PublicSource("lottery", "the next draw"),
    )
    return opened, opened.draw("05 09 12")


class World:
    """A ledger with a whole draw in it; steps are appended as they are, past the desk."""

    def __init__(self):
        self.ledger = Ledger.open("sqlite://", clock=Clock())
        self.last = {}
        opened, self.draw = drawn("T-1")
        self.record = self.draw.record
        self.cases = sorted(case_id(self.record.digest, v.subject_id) for v in self.draw.visits)
        for entry in (
            entries.commitment(opened),
            entries.randomness(opened, "05 09 12"),
            entries.record(self.record),
        ):
            self.ledger.append(*entry, actor="bureau")

    def step(self, about, thing, what, actor="clerk", **data):
        body = {"about": about, "id": thing, "what": what, "data": data}
        body["after"] = self.last.get((about, thing))
        event = self.ledger.append("office", body, actor=actor)
        self.last[about, thing] = event.sequence

    def live(self, leave_out=(), **said):
        """Everything that a finished draw has, but for the steps left out.

        `said` is what the draw's step says otherwise.
        """
        record = self.record
        other = "0" * 64
        recorded = {
            "task": "T-1", "plan": "P-2026", "version": 1, "scheme": "T-1#1", "sampler": "uniform",
            "risk_based": False, "directed": False, "joint": False, "departments": [],
            "items": ["disclosure"], "frame": 40, "visits": 4, "grade": "G0", "level": "county",
            "office": "made-up", "on": "2026-07-01",
        }  # fmt: skip
        recorded["grade"] = record.commitment["source"]["grade"]
        recorded |= said
        steps = [
            ("plan", "P-2026", "drafted", {"plan": {"id": "P-2026"}, "version": 1}),
            ("plan", "P-2026", "submitted", {}),
            ("plan", "P-2026", "approved", {}),
            ("plan", "P-2026", "published", {"where": "x", "sha256": other}),
            ("plan", "P-2027", "drafted", {"plan": {"id": "P-2027"}, "version": 1}),
            ("scheme", "T-1#1", "issued", {"task": "T-1", "plan": "P-2026", "version": 1,
             "temporary": False, "text": "made up", "annexes": {"a": canonical.sha256(ANNEX)}}),
            ("draw", record.digest, "recorded", recorded),
            ("draw", other, "recorded", recorded),
        ]  # fmt: skip
        for visit in sorted(record.visits, key=lambda visit: visit.subject):
            steps.append(("case", case_id(record.digest, visit.subject), "drawn", {
                "draw": record.digest, "task": "T-1", "subject": visit.subject,
                "region": "990101", "items": {"disclosure": None}, "team": list(visit.team),
                "on": "2026-07-01",
            }))  # fmt: skip
        steps.append(("case", case_id(other, "F"), "drawn", {
            "draw": other, "task": "T-9", "subject": "F", "region": "990101",
            "items": {"disclosure": None}, "team": ["I-1", "I-2"], "on": "2026-07-01",
        }))  # fmt: skip
        teams = {case_id(record.digest, v.subject): list(v.team) for v in record.visits}
        for number, name in enumerate(self.cases):
            code = "to-follow-up" if number == 0 else "none"
            steps += [
                ("case", name, "confirmed", {}),
                ("case", name, "inspected", {"started": "2026-07-01T01:00:00Z",
                 "ended": "2026-07-01T01:10:00Z", "by": teams[name]}),
                ("case", name, "entered", {"results": {"disclosure": {"code": code}}}),
                ("case", name, "reviewed", {}),
                ("case", name, "approved", {}),
                ("case", name, "published", {"where": "https://example.org/made-up"}),
            ]  # fmt: skip
        first, second = self.cases[0], self.cases[1]
        problem = f"{first}/disclosure"
        steps += [
            ("problem", problem, "opened", {"case": first, "item": "disclosure",
             "code": "to-follow-up", "due": "2026-08-01"}),
            ("transfer", "X-1", "sent", {"case": first, "item": "disclosure", "kind": "transfer",
             "to": "tax", "ground": "made up", "due": "2026-08-01",
             "documents": {"paper": canonical.sha256(PAPER)}}),
            ("transfer", "X-1", "received", {"receipt": "R-1", "on": "2026-07-01"}),
            ("transfer", "X-1", "answered", {"outcome": "fined", "on": "2026-07-01"}),
            ("transfer", "X-2", "sent", {"case": second, "kind": "notification", "to": "fire",
             "ground": "made up", "due": "2026-08-01", "documents": {}}),
            ("transfer", "X-2", "received", {"receipt": "R-2", "on": "2026-07-01"}),
            ("problem", problem, "closed", {"outcome": "transferred", "reason": "theirs"}),
            ("revisit", case_id(other, second), "drawn", {"draw": other, "case": second,
             "on": "2026-07-01", "first": teams[second]}),
            ("revisit", case_id(other, second), "found", {"results": {"disclosure":
             {"code": "none"}}, "by": ["Z-1", "Z-2"], "on": "2026-07-01"}),
        ]  # fmt: skip
        for number, (about, thing, what, data) in enumerate(steps):
            if (about, thing, what) in leave_out or number in leave_out:
                continue
            people = {"entered": "clerk", "reviewed": "reviewer", "approved": "leader"}
            self.step(about, thing, what, actor=people.get(what, "bureau"), **data)
        return self

    def export(self):
        return b"".join(event.data + b"\n" for event in self.ledger.events())

    def build(self, **changes):
        options = {
            "odds": self.draw.odds,
            "publication": {"结果公示.html": PAGE},
            "files": [PAPER, ANNEX],
            "signatures": SIGNED and {"record.json": self.signed()},
        }
        return build_archive(
            self.record, self.draw.design, self.ledger.events(), **(options | changes)
        )

    def signed(self):
        at = "2026-07-02T00:00:00Z"
        data = self.record.to_bytes()
        return [sign(data, KEYS[role], role=role, at=at) for role in KEYS]


SIGNED = True
KEYS = {role: SigningKey.generate() for role in ("reviewer", "leader")}
RING = Keyring(
    [key.public_key(holder=f"made-up {role}", roles=(role,), **YEAR) for role, key in KEYS.items()]
)
LIVES = [case_life(STANDARD), revisit_life(STANDARD)]


@pytest.fixture(scope="module")
def world():
    return World().live()


@pytest.fixture(scope="module")
def good(world):
    return world.build()


def files_of(archive):
    with zipfile.ZipFile(io.BytesIO(archive.data)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def resealed(parts, head="9999:" + "1" * 64):
    """What somebody makes who changes files and writes a manifest that fits."""
    parts = {name: data for name, data in parts.items() if name != "manifest.json"}
    record = rc.DrawRecord.from_bytes(parts["record.json"])
    manifest = archives._manifest(parts, record, head)
    return archives._pack({"manifest.json": manifest, **parts})


def numbers(report):
    return {finding.number for finding in report.findings}


def missing(archive):
    return [finding.where for finding in check_archive(archive).findings if finding.number == 7]


# --- what holds --------------------------------------------------------------------------------


def test_a_finished_draw_is_complete(good, world):
    report = check_archive(
        good, RING, Policy(), digest=good.digest, at="2026-07-03T00:00:00Z", ledger=world.export()
    )
    assert report.ok, report
    assert report.unchecked == ("rules of steps",)
    assert report.grade == world.record.commitment["source"]["grade"]
    assert check_archive(good).unchecked == ("seal", "signatures", "ledger", "rules of steps")


def test_it_is_the_same_bytes_every_time(good, world):
    again = world.build(files=[ANNEX, PAPER, PAPER], signatures={
        "record.json": reversed([data for name, data in files_of(good).items()
                                 if name.startswith("signatures/")])})  # fmt: skip
    assert again == good
    assert again.data == good.data
    events = list(world.ledger.events())
    other = build_archive(
        world.record.to_bytes(), world.draw.design.to_bytes(), iter(events),
        odds=world.draw.odds.to_bytes(),
    )  # fmt: skip
    assert files_of(other)["cases.jsonl"] == files_of(good)["cases.jsonl"]


def test_the_form_is_the_same_on_every_machine():
    """If this digest changes, archives of before can no longer be made again: a new format."""
    data = archives._pack({"b": b"2" * 300, "manifest.json": b"{}", "结": b"3"})
    assert canonical.sha256(data) == (
        "bfdf9da4b7b5d8895c10f5b3e2f6888c65c2912229bdb54b7e2ef5ce483ed6f4"
    )


def test_it_holds_this_draw_s_things_and_no_others(good, world):
    parts = files_of(good)
    assert next(iter(parts)) == "manifest.json"
    lines = [canonical.loads(line) for line in parts["cases.jsonl"].splitlines()]
    assert [line["id"] for line in lines] == world.cases
    assert [step["what"] for step in lines[0]["steps"]] == [
        "drawn", "confirmed", "inspected", "entered", "reviewed", "approved", "published",
    ]  # fmt: skip
    assert b"P-2027" not in good.data
    assert b"T-9" not in good.data
    frame = canonical.loads(parts["frame.json"])
    assert frame["subjects"] == 40
    assert frame["excluded"] == world.record.commitment["excluded"]
    teams = canonical.loads(parts["teams.json"])
    assert [team["went"] for team in teams] == [team["drawn"] for team in teams]


def test_a_path_or_bytes(good, tmp_path):
    path = tmp_path / "draw.zip"
    path.write_bytes(good.to_bytes())
    assert check_archive(path) == check_archive(str(path)) == check_archive(good.data)
    assert list(tmp_path.iterdir()) == [path]
    assert numbers(check_archive(tmp_path / "nothing.zip")) == {1}


def test_rules_of_steps(good, world):
    report = check_archive(good, lives=LIVES)  # of plans nobody told it anything
    assert numbers(report) == {8}
    own = [e for e in files_of(good)["events.jsonl"].split(b"\n") if b'"about":"case"' in e]
    assert len(own) == 7 * 4


# --- what does not hold ------------------------------------------------------------------------


def test_every_file_that_is_removed_changed_or_added_is_found(good):
    parts = files_of(good)
    for name in parts:
        less = {each: data for each, data in parts.items() if each != name}
        assert not check_archive(archives._pack(less)).ok, name
        for change in (parts[name] + b" ", b"", parts[name][:-1], parts[name].swapcase()):
            changed = archives._pack({**parts, name: change})
            assert not check_archive(changed).ok, name
    for name in ("more.txt", "files/x", "../up", "publication/a/b", "signatures/record.json/1.txt"):
        assert not check_archive(archives._pack({**parts, name: b"x"})).ok, name


def test_every_file_is_missed_even_with_a_manifest_that_fits(good):
    parts = files_of(good)
    for name in sorted(parts.keys() - {"manifest.json", "record.json"}):
        if name.startswith("signatures/"):
            continue  # one of two: the policy alone tells
        less = {each: data for each, data in parts.items() if each != name}
        found = check_archive(resealed(less))
        assert numbers(found) & {5, 6, 7}, name
        assert any(
            finding.where.startswith((name, name.rpartition("/")[0])) for finding in found.findings
        ), (name, found)


def test_what_is_changed_with_a_manifest_that_fits(good, world):
    parts = files_of(good)
    derived = {"frame.json", "teams.json", *archives.DOCUMENTS.values()}
    for name in derived:
        changed = resealed({**parts, name: parts[name].replace(b"1", b"2", 1)})
        assert 6 in numbers(check_archive(changed)), name
    sheet = parts["sheet.jsonl"].replace(b"firm-", b"firm_", 1)
    assert 5 in numbers(check_archive(resealed({**parts, "sheet.jsonl": sheet})))
    lines = parts["events.jsonl"].splitlines(keepends=True)
    for place in range(len(lines)):
        fewer = [line for number, line in enumerate(lines) if number != place]
        for less in (fewer, lines[:place] + fewer[place:place + 1] + lines[place:]):  # fmt: skip
            if less != lines:
                changed = resealed({**parts, "events.jsonl": b"".join(less)})
                assert not check_archive(changed, ledger=world.export()).ok, place
    assert not check_archive(resealed({**parts, "events.jsonl": parts["events.jsonl"] + b"x"})).ok


def test_the_head_covers_the_events(good, world):
    parts = files_of(good)
    newest = Event(parts["events.jsonl"].split(b"\n")[-2]).head
    for head, holds in (
        (newest, True),
        (f"{newest.sequence + 1}:{'1' * 64}", True),
        (f"{newest.sequence}:{'1' * 64}", False),
        (f"{newest.sequence - 1}:{newest.digest}", False),
        ("no head", False),
    ):
        assert check_archive(resealed(parts, str(head))).ok is holds, head


def test_a_whole_forgery_breaks_the_seal_and_the_ledger(good, world):
    """Events, documents and manifest all made to fit: only what was published shows it."""
    parts = files_of(good)
    text = parts["events.jsonl"].replace(b'"to-follow-up"', b'"corrected"')
    changed = [Event(line) for line in text.split(b"\n")[:-1]]
    forged = build_archive(
        world.record, world.draw.design, changed, odds=world.draw.odds, files=[PAPER, ANNEX],
        publication={"结果公示.html": PAGE}, signatures={"record.json": world.signed()},
    )  # fmt: skip
    assert check_archive(forged, RING).ok
    assert numbers(check_archive(forged, digest=good.digest)) == {4}
    assert 10 in numbers(check_archive(forged, ledger=world.export()))


def test_the_export_may_go_on_but_not_leave_out(good, world):
    export = world.export()
    longer = World().live()
    longer.step("case", case_id("1" * 64, "F"), "drawn", draw="1" * 64)
    assert longer.export().startswith(export)
    assert check_archive(good, ledger=longer.export()).ok
    shorter = b"".join(export.splitlines(keepends=True)[:-1])
    for wrong in (shorter, b"", export + b"x", b"\x00", export.replace(b"clerk", b"Clerk")):
        assert numbers(check_archive(good, ledger=wrong)) == {10}, wrong[:10]


@pytest.mark.parametrize(
    ("policy", "at", "found"),
    [
        (Policy(roles=("witness",)), "2026-07-03T00:00:00Z", "[11]"),
        (Policy(), "2027-07-03T00:00:00Z", "[9]"),
        (Policy(), "2026-07-01T00:00:00Z", "[10]"),
    ],
)
def test_signatures_that_do_not_hold(good, policy, at, found):
    report = check_archive(good, RING, policy, at=at)
    assert numbers(report) == {9}
    assert found in str(report)


def test_who_else_signed_must_have_signed_well(world):
    at = "2026-07-02T00:00:00Z"
    page = "publication/结果公示.html"
    one = sign(PAGE, KEYS["leader"], role="leader", at=at)
    both = {"record.json": world.signed(), page: [one]}
    assert check_archive(world.build(signatures=both), RING).ok
    other = {**both, page: [sign(PAPER, KEYS["leader"], role="leader", at=at)]}
    assert numbers(check_archive(world.build(signatures=other), RING)) == {9}
    assert numbers(check_archive(world.build(signatures=both), b"no keyring")) == {9}


# --- what is missing ---------------------------------------------------------------------------


#: What a finished draw can do without: steps that later ones contain, and things that no rule asks
#: for before their first step is there.
SPARE = {
    ("plan", "submitted"),
    ("transfer", "received"),
    ("revisit", "drawn"),
    ("transfer", "sent"),
}


def test_each_step_that_is_left_out_is_missed():
    reference = [event for event in World().live().ledger.events() if event.kind == "office"]
    for number, gone in enumerate(reference):
        if gone["about"] == "case" and gone["id"] in World().cases[1:]:
            continue  # all cases are alike
        made = World()
        digests = [("case", name) for name in made.cases]
        archive = made.live(leave_out={number}).build()
        step = gone["about"], gone["what"]
        foreign = gone["id"] in ("P-2027", "0" * 64) or (
            step[0] == "case" and (step[0], gone["id"]) not in digests
        )
        report = check_archive(archive)
        if foreign:
            assert report.ok, step
        elif step not in SPARE:
            assert 7 in numbers(report), step


def test_what_is_missing_is_listed_all_at_once(world):
    bare = build_archive(world.record, world.draw.design, [], odds=world.draw.odds)
    report = check_archive(bare, RING)
    told = "\n".join(map(str, report.findings))
    for what in (
        "the commitment of this draw", "the randomness of this draw", "the record of this draw",
        "recorded", "a case for this visit", "a proof of publication",
        "a signature of the record", "a valid signature as leader",
    ):  # fmt: skip
        assert what in told
    assert told.count("a case for this visit") == 4
    empty = world.build(publication={}, files=[], signatures={})
    assert missing(empty) == [
        f"files/{canonical.sha256(ANNEX)}", f"files/{canonical.sha256(PAPER)}",
        "publication", "signatures/record.json",
    ]  # fmt: skip
    assert missing(world.build(odds=None)) == ["odds.jsonl"]


def test_what_the_books_say_otherwise_than_the_record():
    for said, where in (
        ({"task": "T-2"}, "task"),
        ({"visits": 5}, "visits"),
        ({"grade": "G2"}, "grade"),
        ({"version": 2}, "plan P-2026"),
        ({"scheme": "T-1#2"}, "scheme T-1#2"),
    ):
        [place] = missing(World().live(**said).build())
        assert place.endswith(where)
    made = World().live()
    steps = {"draw": made.record.digest, "items": {"disclosure": None}, "subject": "F"}
    strange = case_id(made.record.digest, "F")
    made.step("case", strange, "drawn", **steps)
    made.step("case", strange, "voided", reason="made up")
    assert missing(made.build()) == [f"case {strange}"]
    made.step("case", made.cases[0], "entered", results={})
    made.step("case", made.cases[0], "published", where="x")
    assert missing(made.build()) == [f"case {made.cases[0]}", f"case {strange}"]


def test_a_team_is_the_one_that_was_drawn():
    made = World()
    made.step("case", made.cases[0], "drawn", draw=made.record.digest, team=["X", "Y"])
    assert f"case {made.cases[0]}, team" in missing(made.build())


def test_a_voided_draw_needs_its_cases_voided_and_nothing_else():
    made = World()
    steps = {("plan", "P-2026", "drafted"), ("plan", "P-2026", "published")}
    made.live(leave_out=steps | {("case", name, "published") for name in made.cases})
    for name in made.cases[1:]:
        made.step("case", name, "voided", reason="made up")
    made.step("draw", made.record.digest, "voided", reason="made up")
    bare = made.build(publication={}, files=[], signatures={})
    assert missing(bare) == [f"case {made.cases[0]}"]
    made.step("case", made.cases[0], "voided", reason="made up")
    assert check_archive(made.build(publication={}, files=[], signatures={})).ok


def test_a_draw_that_was_withdrawn_or_repeated_is_not_finished():
    made = World().live()
    made.ledger.append(*entries.abandoned(made.record, "made up"), actor="bureau")
    report = check_archive(made.build())
    assert "a draw in force" in str(report)
    assert numbers(report) == {7}


def test_a_temporary_task_has_no_plan():
    for temporary in (True, False):
        made = World()
        made.step("scheme", "T-1#1", "issued", task="T-1", temporary=temporary, text="x")
        made.step(
            "draw", made.record.digest, "recorded", task="T-1", scheme="T-1#1", visits=4,
            grade=made.record.commitment["source"]["grade"],
        )  # fmt: skip
        assert ("plan" in missing(made.build())) is not temporary


def test_successors_must_be_there():
    made = World().live()
    made.ledger.append(*entries.confirmation(made.record, by=("I-1",)), actor="bureau")
    body = {"parent": made.record.digest, "successor_sha256": canonical.sha256(b"successor")}
    made.ledger.append("substitution", body, actor="bureau")
    assert missing(made.build()) == [f"files/{canonical.sha256(b'successor')}"]
    assert check_archive(made.build(files=[PAPER, ANNEX, b"successor"])).ok


def test_stages_must_be_there_with_their_odds_and_hold():
    given = {"subjects": rc.testing.made_up_subjects(40), "catalog": rc.testing.made_up_catalog()}
    task = rc.Task(
        id="T-3", items=("disclosure",), as_of=DAY, sampler=rc.UniformSampler(count=4), matcher=None
    )
    opened = rc.commit(task, **given)
    draw = opened.draw("first")
    waiting = rc.commit_teams(
        draw.record, **given, inspectors=rc.testing.made_up_inspectors(6), source=None
    )
    stage, other = waiting.draw("second"), waiting.draw("third")
    ledger = Ledger.open("sqlite://", clock=Clock())
    for entry in (
        entries.commitment(opened), entries.randomness(opened, "first"),
        entries.record(draw.record), entries.confirmation(draw.record, by=("I-1",)),
        entries.commitment(waiting), entries.randomness(waiting, "second"),
        entries.record(stage.record),
    ):  # fmt: skip
        ledger.append(*entry, actor="bureau")

    def told(*files):
        archive = build_archive(draw.record, draw.design, ledger.events(), files=files)
        found = check_archive(archive).findings
        return {each.where[:15] for each in found if each.where.startswith("files/")}

    record, odds = stage.record.to_bytes(), stage.odds.to_bytes()
    assert told(record, odds) == set()
    assert told(odds) == {f"files/{stage.record.digest}"[:15]}
    assert told(record) == {f"files/{canonical.sha256(odds)}"[:15]}
    assert told(other.record.to_bytes(), odds) == {f"files/{stage.record.digest}"[:15]}

    stated = stage.record.to_json()
    team = stated["teams"][0]["team"]
    stated["teams"][0]["team"] = sorted({f"inspector-{n:03}" for n in range(6)} - {*team})[:2]
    forged = rc.StageRecord.from_json(stated)
    ledger.append(*entries.abandoned(waiting, "made up"), actor="bureau")
    events = [event for event in ledger.events() if event.kind != "stage record"]
    body = {"commitment_sha256": waiting.digest, "record_sha256": forged.digest}
    said = {"actor": "bureau", "at": events[-1].at, "after": events[-1].head}
    events.append(Event.of("stage record", body, **said))
    archive = build_archive(draw.record, draw.design, events, files=[forged.to_bytes(), odds])
    assert 5 in numbers(check_archive(archive))


# --- hostile bytes -----------------------------------------------------------------------------


def test_a_zip_that_is_none_or_too_much(good, monkeypatch):
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("record.json", bytes(50_000_000))
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as opened:
        for number in range(archives.MOST_FILES + 1):
            opened.writestr(str(number), b"")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in files_of(good).items():
            opened.writestr(name, data)
    for data in (b"", b"PK", good.data[:-1], good.data[1:], bomb.getvalue(), many.getvalue()):
        assert numbers(check_archive(data)) == {1}
    assert not check_archive(packed.getvalue()).ok
    assert not check_archive(good.data + b"\0").ok
    monkeypatch.setattr(archives, "MOST_BYTES", 100)
    assert "100 bytes at most" in str(check_archive(good))
    for nothing in (None, 5, [], {"a": 1}, "\0"):
        assert not check_archive(nothing).ok


def test_findings_have_an_end(good, monkeypatch):
    monkeypatch.setattr(archives, "MOST_FINDINGS", 2)
    parts = files_of(good)
    report = check_archive(resealed({**parts, "cases.jsonl": b"", "teams.json": b"", "a": b""}))
    assert len(report.findings) == 3
    assert report.findings[-1].severity == "fatal"


def mutated(data, dice):
    """One to three changes of bytes: flipped, cut out, put in, moved."""
    changed = bytearray(data)
    for _ in range(dice.randint(1, 3)):
        changed = changed or bytearray(b"?")
        start = dice.randrange(len(changed))
        length = dice.choice((1, 1, 1, 2, 8, 100))
        kind = dice.randrange(4)
        if kind == 0:
            changed[start] ^= 1 << dice.randrange(8)
        elif kind == 1:
            del changed[start : start + length]
        elif kind == 2:
            changed[start:start] = dice.randbytes(length)
        else:
            part = changed[start : start + length]
            del changed[start : start + length]
            place = dice.randrange(len(changed) + 1)
            changed[place:place] = part
    return bytes(changed)


def test_mutations_are_never_accepted_and_never_raise(good):
    """500 of the zip file, and 250 of its files under a seal that was published."""
    dice = Random(7)
    for _ in range(500):
        data = mutated(good.data, dice)
        assert data == good.data or not check_archive(data, digest=good.digest).ok
    parts = files_of(good)
    names = sorted(parts)
    for _ in range(250):
        name = dice.choice(names)
        changed = {**parts, name: mutated(parts[name], dice)}
        if changed == parts:
            continue
        assert not check_archive(archives._pack(changed), digest=good.digest).ok
        if name not in ("record.json", "manifest.json"):
            assert not check_archive(resealed(changed), digest=good.digest).ok


# --- what cannot be built ----------------------------------------------------------------------


def test_what_does_not_hold_is_never_sealed(world):
    _, other = drawn("T-2")
    for changes in (
        {"odds": other.odds},
        {"publication": {"../up": b""}},
        {"publication": {".hidden": b""}},
        {"publication": {"a" * 300: b""}},
        {"publication": {"page": "text"}},
        {"signatures": {"more.json": [b""]}},
    ):
        with pytest.raises(ParameterError):
            world.build(**changes)
    with pytest.raises(ParameterError):
        build_archive(world.record, other.design, [])
    with pytest.raises(ParameterError):
        build_archive(world.record, None, [])
    assert isinstance(build_archive(world.record, world.draw.design, []), Archive)
    assert "Archive('" in repr(world.build())


# --- what belongs to a draw --------------------------------------------------------------------


def test_all_attempts_at_a_draw_and_its_plan_belong_to_it():
    clock = Clock()
    ledger = Ledger.open("sqlite://", clock=clock)
    first, _ = drawn("T-1")
    source = rc.PublicSource("lottery", "the draw after")
    again, third = (
        rc.commit(
            first.task, subjects=first._subjects, catalog=first._catalog,
            inspectors=first._inspectors, source=source, nonce=nonce,
        )
        for nonce in ("2", "3")
    )  # fmt: skip
    other, _ = drawn("T-2")
    plan = rc.Plan(id="P-2026", year=2026, authority="made up", tasks=(first.task, other.task))
    under = {"plan": ("P-2026", 1)}
    ledger.append(*entries.plan(plan), actor="bureau")
    ledger.append(*entries.commitment(other, **under), actor="bureau")
    ledger.append(*entries.commitment(first, **under), actor="bureau")
    ledger.append(*entries.abandoned(first, "made up"), actor="bureau")
    cites = {"repeats": first.digest, "reason": "made up"}
    ledger.append(*entries.commitment(again, **under, **cites), actor="bureau")
    draw = again.draw("x")
    ledger.append(*entries.randomness(again, "x"), actor="bureau")
    ledger.append(*entries.record(draw.record), actor="bureau")
    cites = {"repeats": again.digest, "reason": "made up again"}
    ledger.append(*entries.commitment(third, **under, **cites), actor="bureau")
    data = {"task": "T-1", "plan": "P-2026", "version": 1, "scheme": "T-1#1"}
    body = {"about": "draw", "id": draw.record.digest, "what": "recorded", "data": data}
    ledger.append("office", body | {"after": None}, actor="bureau")

    kept = related(ledger.events(), draw.record)
    assert [event.sequence for event in kept] == [0, 2, 3, 4, 5, 6, 7, 8]
    report = check_archive(build_archive(draw.record, draw.design, kept, odds=draw.odds))
    assert "found commitment: made up again" in str(report)
    strange = build_archive(draw.record, draw.design, kept, odds=draw.odds)
    parts = files_of(strange)
    extra = next(event for event in ledger.events() if event.sequence == 1).data + b"\n"
    lines = parts["events.jsonl"].splitlines(keepends=True)
    changed = resealed({**parts, "events.jsonl": b"".join([lines[0], extra, *lines[1:]])})
    assert "expected an event of this draw, found commitment" in str(check_archive(changed))


def test_what_has_no_place(good, world):
    parts = files_of(good)
    signature = parts["signatures/record.json/000.json"]
    wrong = {**parts, "signatures/more.json/000.json": signature}
    assert numbers(check_archive(resealed(wrong))) == {9}
    less = {name: data for name, data in parts.items() if name != "record.json"}
    assert numbers(check_archive(archives._pack(less))) == {3}
    assert numbers(check_archive(archives._pack({**parts, "record.json": b"{}"}))) == {5}
    stated = canonical.loads(parts["manifest.json"])
    other = canonical.dumps(stated | {"task": "T-2"})
    assert numbers(check_archive(archives._pack({**parts, "manifest.json": other}))) == {3}
    with pytest.raises(ParameterError, match="publication"):
        world.build(publication={" page": b""})


def test_a_missing_extra_is_no_finding(good, monkeypatch):
    def missing(*args):
        raise MissingExtraError("cryptography", "signatures", "an Ed25519 signature")

    monkeypatch.setattr(archives, "check_signatures", missing)
    with pytest.raises(MissingExtraError):
        check_archive(good, RING)
