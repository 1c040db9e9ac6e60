"""What changed since a draw is found, and said where."""

import json
from datetime import date

import attrs
import pytest

import randcheck as rc
from randcheck import canonical
from worlds import RANDOMNESS, inspectors, joint_task, world

WORLD = world(300)
HISTORY = rc.History.from_records(
    rc.PastDraw(f"firm-{n:06}", date(2026, 3, 1), "T0") for n in range(12)
)
TASK = joint_task(exclusions=(rc.DrawnThisYear(),))
GIVEN = WORLD | {"inspectors": inspectors(), "history": HISTORY}
OPENED = rc.commit(TASK, **GIVEN)
DRAW = OPENED.draw(RANDOMNESS)
SHEET = DRAW.design.to_bytes()


def edited(**changes):
    """The registry with the first firm of the frame edited."""
    first = DRAW.design.ids[0]
    return rc.SubjectRegistry.from_records(
        attrs.evolve(subject, **changes) if subject.id == first else subject
        for subject in WORLD["subjects"]
    )


def wheres(report):
    return [finding.where for finding in report.findings]


def with_json(**changes):
    return rc.DrawRecord.from_json(DRAW.record.to_json() | changes)


def test_all_is_the_same():
    for record in (DRAW.record, DRAW.record.to_bytes()):
        report = rc.replay(record, **GIVEN, sheet=SHEET)
        assert report.ok
        assert report.unchecked == ("commitment", "randomness")


def test_from_a_file(tmp_path):
    path = tmp_path / "record.json"
    path.write_bytes(DRAW.record.to_bytes())
    (tmp_path / "sheet.jsonl").write_bytes(SHEET)
    assert rc.replay(path, **GIVEN).ok
    assert rc.replay(str(path), **GIVEN, sheet=tmp_path / "sheet.jsonl").ok


def test_a_subject_edited_since_where_only_its_name_changed():
    report = rc.replay(DRAW.record, **GIVEN | {"subjects": edited(name="Renamed")})
    assert wheres(report) == ["commitment.inputs.subjects"]


def test_a_subject_quietly_marked_inactive_is_named_by_the_sheet():
    subjects = edited(status="revoked")
    report = rc.replay(DRAW.record, **GIVEN | {"subjects": subjects}, sheet=SHEET)
    assert "commitment.excluded.status" in wheres(report)
    assert "commitment.sheet_sha256" in wheres(report)
    assert f'sheet "{DRAW.design.ids[0]}"' in wheres(report)


def test_many_differences_are_counted():
    subjects = rc.SubjectRegistry.from_records(
        attrs.evolve(subject, risk_class="A") for subject in WORLD["subjects"]
    )
    report = rc.replay(DRAW.record, **GIVEN | {"subjects": subjects}, sheet=SHEET)
    assert "more" in report.findings[-1].found


def test_an_exclusion_nobody_can_explain():
    value = DRAW.record.commitment.to_json()
    value["excluded"] = value["excluded"] | {"friends": 2}
    report = rc.replay(with_json(commitment=value), **GIVEN)
    assert "commitment.excluded.friends" in wheres(report)


def test_a_history_that_was_shortened():
    fewer = rc.History.from_records(list(HISTORY)[1:])
    report = rc.replay(DRAW.record, **GIVEN | {"history": fewer})
    assert {"commitment.inputs.history", "commitment.excluded.drawn-this-year"} <= set(
        wheres(report)
    )


def test_a_design_that_the_named_sampler_does_not_give():
    class Favour:
        name = "uniform"

        def __init__(self):
            self.rate = "1/10"

        def design(self, frame):
            return rc.Design.from_cells(
                frame, [rc.Cell(0, frame.ids[:1]), rc.Cell(31, frame.ids[1:])]
            )

    draw = rc.draw(joint_task(sampler=Favour()), **WORLD, randomness="1")
    assert rc.verify(draw.record, sheet=draw.design).ok  # the record follows from its sheet
    assert "commitment.sheet_sha256" in wheres(rc.replay(draw.record, **WORLD))


def test_a_conflict_removed_since():
    people = [*inspectors()]
    people[0] = attrs.evolve(people[0], conflicts=(DRAW.visits[0].subject_id,))
    report = rc.replay(
        DRAW.record, **GIVEN | {"inspectors": rc.InspectorRegistry.from_records(people)}
    )
    assert "commitment.inputs.inspectors" in wheres(report)


@pytest.mark.parametrize("row", [0, 3])
def test_every_change_to_a_team_is_found(row):
    visits = [visit.to_json() for visit in DRAW.record.visits]
    other = next(p.id for p in inspectors() if p.id not in visits[row]["team"])
    visits[row]["team"] = sorted([visits[row]["team"][0], other])
    record = with_json(visits=visits)
    assert rc.verify(record, sheet=SHEET).ok  # teams are beyond it
    assert wheres(rc.replay(record, **GIVEN)) == [f"visits[{row}].team"]


def test_a_visit_dropped_and_a_seed_changed():
    visits = [visit.to_json() for visit in DRAW.record.visits]
    assert "visits" in wheres(rc.replay(with_json(visits=visits[1:]), **GIVEN))
    assert "seed" in wheres(rc.replay(with_json(seed="00" * 32), **GIVEN))


def test_a_commitment_that_says_more_than_the_task_means():
    value = DRAW.record.commitment.to_json()
    value["task"]["lead"] = "somebody"
    value["parent"] = "00" * 32
    report = rc.replay(with_json(commitment=value), **GIVEN)
    assert "seed" in wheres(report)


@pytest.mark.parametrize(
    "change",
    [
        {"sampler": {"name": "unknown", "distribution": "d", "version": "1", "parameters": {}}},
        {"sampler": None},
        {
            "sampler": {
                "name": "uniform",
                "distribution": "d",
                "version": "1",
                "parameters": {"x": 1},
            }
        },
        {"task": {"id": "T", "items": ["food"], "as_of": "no date", "reserves": 0}},
        {"task": []},
        {"matcher": {"name": "odd", "distribution": "d", "version": "1", "parameters": {}}},
        {"inputs": None},
        {"inputs": {}},
        {"excluded": None},
        {"nonce": "changed"},
        {"source": {"grade": "G2", "kind": "lottery"}},
    ],
)
def test_a_twisted_commitment_is_a_finding_and_never_an_exception(change):
    value = DRAW.record.commitment.to_json() | change
    assert not rc.replay(with_json(commitment=value), **GIVEN).ok


def test_parameters_that_are_not_the_recorded_ones():
    given = rc.JointItemSampler({item: rc.UniformSampler(rate="3%") for item in TASK.items})
    report = rc.replay(DRAW.record, **GIVEN, sampler=given)
    assert wheres(report) == ["commitment.task"]


@pytest.mark.parametrize("record", [b"", b"{}", 5, None, "no-such-file"])
def test_what_is_no_record(record):
    assert wheres(rc.replay(record, **GIVEN)) == ["record"]


def test_a_sheet_that_cannot_be_read(tmp_path):
    report = rc.replay(
        DRAW.record, **GIVEN | {"subjects": edited(tags=())}, sheet=tmp_path / "none"
    )
    assert "sheet" in wheres(report)


def test_a_sampler_or_matcher_that_raises():
    class Broken:
        name = "joint-item"

        def design(self, frame):
            raise RuntimeError("broken")

    described = {"name": "joint-item", "distribution": "d", "version": "1", "parameters": {}}
    value = DRAW.record.commitment.to_json() | {"sampler": described}
    report = rc.replay(with_json(commitment=value), **GIVEN, sampler=Broken())
    assert "frame and design" in wheres(report)
    few = rc.InspectorRegistry.from_records([*inspectors()][:1])
    assert "visits" in wheres(rc.replay(DRAW.record, **GIVEN | {"inspectors": few}))


def test_findings_are_plain_text():
    value = DRAW.record.commitment.to_json() | {"nonce": "changed"}
    report = rc.replay(with_json(commitment=value), **GIVEN)
    assert all(
        isinstance(part, str) for f in report.findings for part in (f.where, f.expected, f.found)
    )
    assert json.loads(canonical.dumps([list(finding) for finding in report.findings]))
