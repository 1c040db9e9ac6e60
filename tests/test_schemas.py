"""Every good vector fits its schema, and what no check would take is refused where a schema can."""

import json
import operator
from functools import reduce

import pytest

from documents import documents
from files import ROOT, good
from office import test_desk
from randcheck import schemas
from randcheck.errors import UnknownNameError
from randcheck.ledger import Ledger, check
from randcheck.office import Desk, lives

jsonschema = pytest.importorskip("jsonschema")

FILES = ROOT / "docs" / "schemas"


def fits(name, value):
    jsonschema.validate(value, schemas.schema(name), cls=jsonschema.Draft202012Validator)


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


@pytest.fixture(scope="module")
def every():
    for needed in ("chinese_calendar", "cryptography"):
        pytest.importorskip(needed)
    return list(documents())


def test_every_good_document_fits_its_schema(every):
    check = {
        name: jsonschema.Draft202012Validator(schemas.schema(name)) for name in schemas.names()
    }
    wrong = [(name, found.json_path, found.message) for name, value in every
             for found in check[name].iter_errors(value)]  # fmt: skip
    assert wrong == []


def test_every_schema_has_a_good_document(every):
    assert {name for name, _ in every} == {*schemas.names()}


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
OPEN = {"parameters", "data", "evidence", "task", "source", "sources"}


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
