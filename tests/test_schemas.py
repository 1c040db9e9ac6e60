"""Every good vector fits its schema, and what no check would take is refused where a schema can."""

import json
import operator
from functools import reduce
from pathlib import Path

import pytest

import randcheck as rc
from office import test_desk
from randcheck import schemas
from randcheck.errors import UnknownNameError
from randcheck.ledger import Ledger, check
from randcheck.office import Desk, lives
from randcheck.office.indicators import Books
from randcheck.office.reports import report
from randcheck.testing import made_up_catalog, made_up_inspectors, made_up_subjects
from worlds import joint_task, past_teams, world

jsonschema = pytest.importorskip("jsonschema")

VECTORS = Path(__file__).parent / "vectors"
FILES = Path(__file__).parents[1] / "docs" / "schemas"


def fits(name, value):
    jsonschema.validate(value, schemas.schema(name), cls=jsonschema.Draft202012Validator)


def good(folder):
    return [path for path in sorted((VECTORS / folder).iterdir())
            if path.is_dir() and not path.name.startswith("fail-")]  # fmt: skip


@pytest.mark.parametrize("name", schemas.names())
def test_each_is_a_schema_and_its_file_is_current(name):
    made = schemas.schema(name)
    jsonschema.Draft202012Validator.check_schema(made)
    text = json.dumps(made, ensure_ascii=False, indent=1) + "\n"
    assert (FILES / f"{name}.json").read_text(encoding="utf-8") == text
    assert made["title"]


def test_no_file_is_left_over():
    assert sorted(path.stem for path in FILES.glob("*.json")) == sorted(schemas.names())
    with pytest.raises(UnknownNameError):
        schemas.schema("nothing")


@pytest.mark.parametrize("path", [*good("draws-v1"), *good("teams-v1")], ids=lambda path: path.name)
def test_good_draws_and_stages(path):
    record = json.loads((path / "record.json").read_bytes())
    stage = "teams" in record
    fits("stage-record" if stage else "record", record)
    fits("stage-commitment" if stage else "commitment", record["commitment"])
    sheet = path / ("before" if (path / "before").exists() else "sheet.jsonl")
    if not stage:
        header, *lines = sheet.read_text(encoding="utf-8").splitlines()
        fits("sheet-header", json.loads(header))
        fits("sheet-line", json.loads(lines[0]))
    if (path / "odds.jsonl").exists():
        header, *lines = (path / "odds.jsonl").read_text(encoding="utf-8").splitlines()
        fits("odds-header", json.loads(header))
        for line in lines:
            fits("odds-line", json.loads(line))


@pytest.mark.parametrize("path", good("ledgers-v1"), ids=lambda path: path.name)
def test_good_events(path):
    for line in (path / "export.jsonl").read_bytes().splitlines():
        event = json.loads(line)
        fits(f"event-{event['kind'].replace(' ', '-')}", event)


@pytest.mark.parametrize("path", good("proofs-v1"), ids=lambda path: path.name)
def test_good_proofs(path):
    fits("proof", json.loads((path / "proof.json").read_bytes()))


@pytest.mark.parametrize("path", good("replacements-v1"), ids=lambda path: path.name)
def test_good_successors(path):
    fits("successor", json.loads((path / "successor.json").read_bytes()))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("among",), 0),
        (("substitutes", 0, "for"), ""),
        (("substitutes", 0, "stands_for"), "S01"),
        (("substitutes", 0, "passed", 0, "why"), None),
        (("substitutes", 0, "visited"), 1),
        (("unreplaced", 0, "reserves"), -1),
        (("visits", 0, "items", 0, "cell"), "0"),
        (("visits", 0, "team"), ["I01"]),
        (("visits", 0, "more"), 1),
    ],
)
def test_bad_successors(path, value):
    """Whatever is changed in a row of a list is refused; one vector at least has such a row."""
    tried = 0
    for folder in good("replacements-v1"):
        changed = json.loads((folder / "successor.json").read_bytes())
        try:
            target = reduce(operator.getitem, path[:-1], changed)
        except IndexError:
            continue
        target[path[-1]] = value
        tried += 1
        with pytest.raises(jsonschema.ValidationError):
            fits("successor", changed)
    assert tried


#: Objects that take any key: strategies' own parameters, an office's own steps, what a source of
#: randomness shows, and what the protocol lets grow.
OPEN = {"parameters", "data", "evidence", "task", "tasks", "source"}


@pytest.mark.parametrize("name", schemas.names())
def test_no_object_is_left_open_by_oversight(name):
    for path, found in objects(schemas.schema(name), name):
        if "prefixItems" in found:
            assert found["minItems"] == found["maxItems"] == len(found["prefixItems"])
        else:
            assert path in OPEN or found.get("additionalProperties", True) is not True, path


def objects(value, name):
    """Each object or tuple of a schema, with the key that it stands under."""
    if isinstance(value, list):
        for each in value:
            yield from objects(each, name)
    elif isinstance(value, dict):
        kinds = value.get("type", ())
        if "prefixItems" in value or "object" in ([kinds] if isinstance(kinds, str) else kinds):
            yield name, value
        for key, each in value.items():
            own = key in ("properties", "items", "anyOf", "prefixItems", "additionalProperties")
            yield from objects(each, name if own else key)


def test_facts_plans_and_public_forms():
    for subject in made_up_subjects(30):
        fits("subject", subject.to_json())
    for item in made_up_catalog():
        fits("item", item.to_json())
    for person in made_up_inspectors():
        fits("inspector", person.to_json())
    for past in past_teams():
        fits("past-draw", past.to_json())
    task = joint_task()
    fits("task", task.to_json())
    fits("plan", rc.Plan(id="p", year=2026, authority="made up", tasks=(task,)).to_json())
    drawn = rc.draw(task, **world(), randomness="x")
    fits("public-record", drawn.record.public())
    fits("public-record-with-seeds", drawn.record.public(seeds=True))


def test_steps_fit_and_what_no_life_takes_does_not():
    desk = Desk(Ledger.open("sqlite://", clock=lambda: test_desk.NOON), lives())
    test_desk.live(desk)
    for event in desk._ledger.events():
        fits(f"step-{event['about']}-{event['what']}", event["data"])
    bad = test_desk.drawn().to_json()
    for change in (
        {"risk_class": "E"},
        {"draw": "x"},
        {"on": "1 July"},
        {"more": 1},
        {"team": "x"},
    ):
        with pytest.raises(jsonschema.ValidationError):
            fits("step-case-drawn", bad | change)
    del bad["task"]
    with pytest.raises(jsonschema.ValidationError):
        fits("step-case-drawn", bad)


def test_a_report_fits():
    from office.test_indicators import ASKED, books

    fits("report", report(books(), ASKED).to_json())
    assert isinstance(books(), Books)


def test_every_kind_of_event_and_every_step_has_a_schema():
    assert {f"event-{kind.replace(' ', '-')}" for kind in check.KINDS} <= {*schemas.names()}
    assert {f"step-{life.about}-{what}" for life in lives() for what in life.rules} <= {
        *schemas.names()
    }


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("record", ("seed",), "x"),
        ("record", ("visits", 0, "ticket"), "A" * 64),
        ("record", ("more",), 1),
        ("record", ("commitment", "task", "reserves"), -1),
        ("record", ("commitment", "source", "grade"), "G3"),
        ("record", ("cells", 0, "take"), 1.5),
    ],
)
def test_bad_records(name, path, value):
    record = json.loads((good("draws-v1")[0] / "record.json").read_bytes())
    fits(name, record)
    target = record
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        fits(name, record)
