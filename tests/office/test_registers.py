"""A history gives the registry of any day, keeps every change, and refuses what cannot be."""

import json
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import randcheck as rc
from randcheck.errors import DataError, ParameterError, UnknownNameError
from randcheck.frame import in_scope
from randcheck.ledger import Ledger
from randcheck.office.changes import Change
from randcheck.office.desk import Desk
from randcheck.office.errors import StepError
from randcheck.office.life import rebuild
from randcheck.office.registers import (
    Frozen,
    SubjectHistory,
    TagRule,
    freeze,
    registry_life,
)
from randcheck.pseudonyms import Pseudonymizer

START = date(2026, 1, 1)
TOLD = {"source": "made-up register", "reason": "as it says"}
IDS = ("F-1", "F-2", "F-3")
VALUES = {
    "risk_class": ["A", "B", "C", "D", None],
    "region": ["990102", "990103"],
    "status": ["active", "deregistered"],
    "tags": [(), ("food",), ("food", "key")],
    "risk_score": [None, 0, 1, 700],
    "street": [None, "示例街道"],
    "claimed_by": [None, "990102"],
}
IDENTITY = "990102199001010015"  # made up, with a right check digit


def day(number):
    return START + timedelta(days=number)


def firm(name, **more):
    return {"id": name, "name": f"示例 {name}", "region": "990102", **more}


def three(**more):
    return SubjectHistory().registered([firm(name) for name in IDS], since=START, **TOLD)


# --- properties --------------------------------------------------------------------------------


@st.composite
def changes(draw):
    field = draw(st.sampled_from(sorted(VALUES)))
    return Change(
        draw(st.sampled_from(IDS)),
        field,
        draw(st.sampled_from(VALUES[field])),
        day(draw(st.integers(0, 8))),
        draw(st.sampled_from(["register", "clerk"])),
        "a reason",
        draw(st.booleans()),
    )


def fits(rows, change):
    """Rule 3, said plainly."""
    same = [row.since for row in rows if (row.id, row.field) == (change.id, change.field)]
    return change.correction or not same or change.since >= max(same)


def replayed(rows, on):
    """The registry of a day by a plain dict."""
    facts = {name: firm(name) for name in IDS}
    for row in sorted(rows, key=lambda row: row.since):  # stable: of one day the last one counts
        if row.since <= on and row.field != "claimed_by":
            facts[row.id][row.field] = row.value
    return rc.SubjectRegistry.from_records(facts.values())


@given(st.lists(st.lists(changes(), max_size=5), max_size=6))
def test_any_day_is_what_a_plain_replay_gives(batches):
    history, rows, sizes = three(), [], []
    for batch in batches:
        if all(fits([*rows, *batch[:at]], change) for at, change in enumerate(batch)):
            history, rows = history.extended(batch), [*rows, *batch]
        else:
            with pytest.raises(DataError):
                history.extended(batch)
        sizes.append((len(history), len(rows)))
    for on in map(day, range(10)):
        assert history.as_of(on) == replayed(rows, on)
        for known, before in sizes:
            assert history.as_of(on, known=known) == replayed(rows[:before], on)
    assert [*history][len(three()) :] == rows
    for name in IDS:
        own = [change for change in history.history(name) if change.reason == "a reason"]
        assert own == [row for row in rows if row.id == name]
    assert SubjectHistory.from_columns(json.loads(json.dumps(history.columns()))) == history


@given(st.lists(st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=4), max_size=3))
def test_what_comes_too_early_is_refused_and_nothing_else(batches):
    history, rows = three(), []
    for batch in batches:
        made = [Change("F-1", "status", "x", day(on), "s", "r", stated) for on, stated in batch]
        early = {at for at, change in enumerate(made) if not fits([*rows, *made[:at]], change)}
        if early:
            with pytest.raises(DataError) as error:
                history.extended(made)
            assert {problem.row for problem in error.value.problems} == early
        else:
            history, rows = history.extended(made), [*rows, *made]


@given(st.lists(changes(), max_size=8))
def test_one_by_one_or_together_is_the_same(rows):
    good = []
    for row in rows:
        if fits(good, row):
            good.append(row)
    alone = three()
    for row in good:
        alone = alone.extended([row])
    together = three().extended(good)
    assert together == alone
    assert hash(together) == hash(alone)


@given(
    st.lists(st.sampled_from("ABC"), min_size=3, max_size=3),
    st.lists(st.sampled_from("ABC"), min_size=3, max_size=3),
)
def test_a_call_never_changes_the_history_before(first, second):
    before = three()
    digest = before.as_of(day(9)).digest
    middle = before.changed("risk_class", dict(zip(IDS, first, strict=True)), since=day(1), **TOLD)
    before.changed("risk_class", dict(zip(IDS, second, strict=True)), since=day(2), **TOLD)
    assert before.as_of(day(9)).digest == digest
    assert middle.as_of(day(9)).column("risk_class").tolist() == first


# --- changes -----------------------------------------------------------------------------------


def test_a_year_of_a_firm():
    history = three()
    history = history.changed("risk_class", {"F-1": "B", "F-2": "C"}, since=day(10), **TOLD)
    history = history.changed("region", {"F-1": "990103"}, since=day(20), **TOLD)
    history = history.registered([firm("F-4")], since=day(30), **TOLD)
    ended = {"since": day(40), "source": "registration", "reason": "deregistered by its owner"}
    history = history.changed("status", {"F-1": "deregistered"}, **ended)
    assert len(history.as_of(day(-1))) == 0
    assert history.as_of(day(9))["F-1"].risk_class is None
    assert history.as_of(day(20))["F-1"] == rc.Subject(
        "F-1", "示例 F-1", region="990103", risk_class="B"
    )
    assert ("F-4" in history.as_of(day(29)), "F-4" in history.as_of(day(30))) == (False, True)
    assert history.history("F-1")[-1] == Change(
        "F-1", "status", "deregistered", day(40), "registration", "deregistered by its owner"
    )
    assert repr(history) == "<SubjectHistory of 4 subjects, 12 changes>"
    assert "F-4" in history
    with pytest.raises(UnknownNameError):
        history.history("F-9")
    with pytest.raises(UnknownNameError, match="field of subjects"):
        history.changed("colour", {"F-1": "red"}, since=day(50), **TOLD)
    with pytest.raises(UnknownNameError, match="field of subjects"):
        history.values("colour", day(1))


def test_a_correction_keeps_what_it_corrects():
    history = three().changed("risk_class", {"F-1": "B"}, since=day(5), **TOLD)
    history = history.changed("risk_class", {"F-1": "D"}, since=day(20), **TOLD)
    seen, frozen = len(history), history.as_of(day(6)).digest
    with pytest.raises(DataError, match="comes after a change of 2026-01-21"):
        history.changed("risk_class", {"F-1": "C"}, since=day(5), **TOLD)
    history = history.changed("risk_class", {"F-1": "C"}, since=day(5), correction=True, **TOLD)
    classes = [history.as_of(day(n))["F-1"].risk_class for n in (4, 5, 19, 20)]
    assert classes == [None, "C", "C", "D"]
    assert [each.value for each in history.history("F-1") if each.field == "risk_class"] == [*"BDC"]
    assert history.as_of(day(6), known=seen).digest == frozen


def test_nothing_is_dated_before_the_registration():
    for correction in (False, True):
        with pytest.raises(DataError, match="is before its registration on 2026-01-01"):
            three().changed("street", {"F-1": "x"}, since=day(-1), correction=correction, **TOLD)
    renamed = three().changed("name", {"F-1": "示例"}, since=day(9), **TOLD)
    assert renamed.changed("street", {"F-1": "x"}, since=day(5), **TOLD).as_of(day(5))["F-1"].street


def test_all_problems_at_once_and_nothing_taken():
    history = three()
    rows = [
        Change("F-1", "risk_class", "Z", day(1), "s", "r"),
        Change("F-9", "risk_class", "A", day(1), "s", "r"),
        Change("F-2", "risk_class", "A", "2026-01-02", "s", "r"),
        Change("F-2", "tags", "food", day(1), "s", " "),
        Change("F-5", "name", "示例", day(1), "s", "r"),
        Change("F-3", "risk_score", True, day(1), "s", "r"),
    ]
    with pytest.raises(DataError) as error:
        history.extended(rows)
    found = [(each.row, each.column) for each in error.value.problems]
    assert found == [
        (0, "risk_class"), (1, "id"), (2, "since"), (3, None), (3, "tags"), (4, "region"),
        (5, "risk_score"),
    ]  # fmt: skip
    assert history == three()
    with pytest.raises(DataError, match="3 problems"):
        history.registered([firm(name) for name in IDS], since=day(2), **TOLD)
    with pytest.raises(DataError, match="is not text"):
        history.extended([Change(7, "name", "x", day(1), "s", "r")])
    with pytest.raises(DataError, match="has blanks at its edges"):
        history.registered([], since=START, **TOLD).extended(
            [Change(" F-4", field, "990102", day(1), "s", "r") for field in ("name", "region")]
        )
    with pytest.raises(DataError, match="is not text but list"):
        history.extended([Change("F-1", "status", "active", day(1), ["s"], "r")])
    with pytest.raises(DataError, match="is not a bool"):
        history.extended([Change("F-1", "status", "active", day(1), "s", "r", 1)])
    with pytest.raises(DataError, match="row 1, risk_score: True is not a whole number"):
        history.changed("risk_score", {"F-1": 1, "F-2": True}, since=day(1), **TOLD)
    assert history.extended([]) == history
    assert history.changed("status", {}, since=day(1), **TOLD) == history
    assert len(SubjectHistory().changed("status", {}, since=day(1), **TOLD)) == 0
    assert [*SubjectHistory()] == []


def test_a_new_id_comes_by_changes_too():
    rows = [
        Change("F-4", "region", "990102", day(3), "s", "r"),
        Change("F-4", "name", "示例", day(3), "s", "r"),
    ]
    assert three().extended(rows).as_of(day(3))["F-4"].region == "990102"
    late = [rows[1], rows[0]._replace(since=day(4))]
    with pytest.raises(DataError, match="give it from the same day"):
        three().extended(late)


def test_columns_that_are_none():
    good = three().columns()
    for wrong in (
        {"id": []},
        {**good, "value": [*good["value"][1:], "示例 without quotes"]},
        {**good, "since": ["yesterday", *good["since"][1:]]},
        {**good, "since": good["since"][1:]},
        {**good, "id": [None, *good["id"][1:]]},
    ):
        with pytest.raises(DataError):
            SubjectHistory.from_columns(wrong)
    empty = SubjectHistory()
    assert SubjectHistory.from_columns(empty.columns()) == empty
    assert empty != good


# --- persons and objects -----------------------------------------------------------------------


def test_a_natural_person_has_a_pseudonym():
    pseudonym = Pseudonymizer(bytes(range(32))).pseudonym(IDENTITY)
    person = firm(pseudonym, kind="natural person")
    assert pseudonym in three().registered([person], since=START, **TOLD).as_of(START)
    with pytest.raises(DataError, match="keyed pseudonym") as error:
        three().registered([firm("P-1", kind="natural person")], since=START, **TOLD)
    assert "P-1" not in str(error.value)
    with pytest.raises(DataError, match="keyed pseudonym"):
        three().changed("kind", {"F-1": "natural person"}, since=day(1), **TOLD)


def test_an_identity_number_is_never_shown():
    history = three()
    for attempt in (
        lambda: history.changed("status", {IDENTITY: "active"}, since=day(1), **TOLD),
        lambda: history.changed("street", {IDENTITY: "active"}, since="x", **TOLD),
        lambda: history.changed("owner", {"F-1": IDENTITY}, since=day(1), **TOLD),
        lambda: history.extended([Change(IDENTITY, "name", "x", day(1), "s", "r")]),
        lambda: history.changed("risk_class", {"F-1": IDENTITY}, since=day(1), **TOLD),
    ):
        with pytest.raises(DataError) as error:
            attempt()
        assert IDENTITY not in str(error.value)


def test_an_object_has_an_owner_who_is_there():
    boiler = firm("boiler-1", kind="attached object", owner="F-1")
    history = three().registered([boiler], since=day(5), **TOLD)
    assert history.as_of(day(5)).owners() == {"boiler-1": "F-1"}
    together = SubjectHistory().registered([boiler, firm("F-1")], since=START, **TOLD)
    assert len(together.as_of(START)) == 2
    wrong = [
        firm("boiler-2", kind="attached object", owner="F-9"),
        firm("boiler-3", kind="attached object", owner="F-8"),
    ]
    with pytest.raises(DataError, match="2 problems"):
        history.registered(wrong, since=day(5), **TOLD)
    with pytest.raises(DataError, match="is missing for an attached object"):
        history.changed("owner", {"boiler-1": None}, since=day(6), **TOLD)
    with pytest.raises(DataError, match="is the subject itself"):
        history.changed("owner", {"F-1": "F-1"}, since=day(6), **TOLD)
    later = history.registered([firm("F-4")], since=day(30), **TOLD)
    with pytest.raises(DataError, match="is no subject on 2026-01-21"):
        later.changed("owner", {"boiler-1": "F-4"}, since=day(20), **TOLD)
    assert later.changed("owner", {"boiler-1": "F-4"}, since=day(30), **TOLD)


def test_a_correction_makes_no_contradiction_on_a_later_day():
    history = three().changed("owner", {"F-2": "F-1"}, since=day(2), **TOLD)
    history = history.changed("kind", {"F-2": "attached object"}, since=day(9), **TOLD)
    with pytest.raises(DataError, match="is missing for an attached object"):
        history.changed("owner", {"F-2": None}, since=day(3), correction=True, **TOLD)


def test_objects_whose_owner_is_gone_are_listed():
    rows = [firm(f"boiler-{n}", kind="attached object", owner="F-1") for n in (2, 1, 3)]
    history = three().registered(rows, since=START, **TOLD)
    history = history.changed("status", {"boiler-3": "scrapped"}, since=day(1), **TOLD)
    history = history.changed("status", {"F-1": "deregistered"}, since=day(2), **TOLD)
    assert history.orphans(day(1)) == ()
    assert history.orphans(day(2)) == ("boiler-1", "boiler-2")


# --- claims, tags, classes ---------------------------------------------------------------------


def test_a_region_claims_its_own():
    history = three().changed("region", {"F-3": "990103"}, since=day(1), **TOLD)
    assert history.unclaimed(day(1)) == IDS
    with pytest.raises(DataError) as error:
        history.claimed("990103", IDS, since=day(2), **TOLD)
    assert [each.value for each in error.value.problems] == ["'F-1'", "'F-2'"]
    history = history.claimed("990102", ["F-1", "F-2"], since=day(2), **TOLD)
    assert history.unclaimed(day(2)) == ("F-3",)
    with pytest.raises(DataError, match="give it back first"):
        history.claimed("9901", ["F-1"], since=day(3), **TOLD)
    again = history.claimed("990102", ["F-1"], since=day(3), **TOLD)
    assert again.unclaimed(day(3)) == ("F-3",)
    moved = history.changed("region", {"F-1": "990103"}, since=day(4), **TOLD)
    assert moved.unclaimed(day(3)) == ("F-3",)
    assert moved.unclaimed(day(4)) == ("F-1", "F-3")
    assert moved.claimed("990103", ["F-1"], since=day(5), **TOLD).unclaimed(day(5)) == ("F-3",)
    back = history.changed("claimed_by", {"F-1": None}, since=day(3), **TOLD)
    assert back.claimed("9901", ["F-1"], since=day(3), **TOLD).unclaimed(day(3)) == ("F-3",)
    with pytest.raises(DataError, match="register it first"):
        history.claimed("990102", ["F-9"], since=day(3), **TOLD)


def test_tags_follow_their_rules():
    history = three().changed("industry", {"F-1": "H6210", "F-2": "C1411"}, since=day(1), **TOLD)
    history = history.changed("tags", {"F-2": ("school",), "F-3": ("food",)}, since=day(1), **TOLD)
    rules = [
        TagRule("food", rc.Scope(industries=("H62", "C14"))),
        TagRule("maker", rc.Scope(industries=("C",), tags=("school",))),
    ]
    tagged = history.retagged(rules, since=day(2), **TOLD)
    tags = tagged.as_of(day(2)).column("tags").tolist()
    assert tags == [("food",), ("food", "maker", "school"), ()]
    assert tagged.as_of(day(1)) == history.as_of(day(1))
    assert tagged.retagged(rules, since=day(3), **TOLD) == tagged
    with pytest.raises(ParameterError, match="asks for food, which a rule gives"):
        history.retagged([*rules, TagRule("x", rc.Scope(tags=("food",)))], since=day(2), **TOLD)


@given(
    st.sampled_from([None, ("9901",), ("990102",)]),
    st.sampled_from([None, ("active",), ("deregistered",)]),
    st.sampled_from([None, ("A",), ("A", "B")]),
    st.sampled_from([None, ("F-1",), ("F-1", "F-9")]),
)
def test_a_scope_is_that_of_a_frame(regions, statuses, classes, ids):
    subjects = rc.SubjectRegistry.from_records(
        [
            firm("F-1", risk_class="A"),
            firm("F-2", risk_class="B", status="deregistered"),
            firm("F-3"),
        ]
    )
    scope = rc.Scope(regions=regions, statuses=statuses, risk_classes=classes, ids=ids)
    catalog = rc.ItemCatalog.from_records(
        [
            rc.Item("x", "示例", "made up", applies_to=scope),
            rc.Item("all", "示例", "made up", applies_to=rc.Scope(statuses=None)),
        ]
    )
    task = rc.Task(
        id="T",
        items=("x", "all"),
        sampler=rc.UniformSampler(count=1),
        as_of=START,
        scope=rc.Scope(statuses=None),
    )
    frame = rc.build_frame(task, subjects=subjects, catalog=catalog)
    assert in_scope(scope, subjects).tolist() == frame.eligible("x").tolist()


def test_who_was_not_classified_this_month():
    history = three().changed("status", {"F-3": "deregistered"}, since=day(1), **TOLD)
    assert history.unclassified_since(START, day(1)) == ("F-1", "F-2")
    history = history.changed("risk_class", {"F-1": "A", "F-2": "A"}, since=day(2), **TOLD)
    history = history.changed("risk_class", {"F-1": "A"}, since=day(31), **TOLD)
    assert history.unclassified_since(START, day(40)) == ()
    assert history.unclassified_since(day(31), day(40)) == ("F-2",)
    assert history.said("risk_class", day(40)) == {"F-1": day(31), "F-2": day(2)}


# --- frozen in the ledger ----------------------------------------------------------------------


@pytest.fixture
def desk():
    clock = lambda: datetime(2026, 7, 1, 4, tzinfo=UTC)  # noqa: E731
    return Desk(Ledger.open("sqlite://", clock=clock), [registry_life()])


def test_registries_are_frozen_again_and_again(desk):
    history = three().changed("status", {"F-3": "deregistered"}, since=day(1), **TOLD)
    history = history.changed("risk_class", {"F-1": "B", "F-3": "A"}, since=day(2), **TOLD)
    later, earlier = history.as_of(day(9)), history.as_of(day(0))
    told = freeze(later, day(9), among=rc.Scope())
    assert told == Frozen(later.digest, 2, day(9), {"990102": {"B": 1, "none": 1}})
    assert Frozen.from_json(json.loads(json.dumps(told.to_json()))) == told
    desk.do("registry", "subjects", "frozen", told, actor="clerk")
    desk.do("registry", "subjects", "frozen", freeze(earlier, day(0)), actor="clerk")
    state = desk.state("registry", "subjects")
    assert [each.count for each in state.frozen] == [3, 2]  # in the order of the days
    items = rc.ItemCatalog.from_records([rc.Item("x", "示例", "made up")])
    desk.do("registry", "items", "frozen", freeze(items, day(9)), actor="clerk")
    assert desk.state("registry", "items").frozen[0].counts is None
    assert rebuild(desk._ledger.events(), [registry_life()]) == {
        ("registry", "subjects"): state,
        ("registry", "items"): desk.state("registry", "items"),
    }


@pytest.mark.parametrize(
    ("which", "change"),
    [
        ("rooms", {}),
        ("subjects", {"on": "2026-07-02"}),
        ("subjects", {"count": 2}),
        ("subjects", {"count": None}),
        ("subjects", {"sha256": "x"}),
        ("subjects", {"counts": {"990102": {"E": 3}}}),
        ("subjects", {"counts": {"990102": {"A": -3}}}),
        ("subjects", {"counts": {"990102": {"A": None}}}),
        ("subjects", {"counts": 3}),
    ],
)
def test_what_cannot_be_frozen(desk, which, change):
    told = freeze(three().as_of(START), START).to_json() | change
    with pytest.raises(StepError):
        desk.do("registry", which, "frozen", told, actor="clerk")


def test_the_day_is_the_offices_own(desk):
    on = date(2026, 7, 1)
    told = freeze(three().as_of(on), on)
    assert desk.do("registry", "subjects", "frozen", told, actor="clerk").frozen == (told,)


# --- a city ------------------------------------------------------------------------------------

SCALE = """
import time
from datetime import date
from pathlib import Path
import numpy as np
from randcheck.datasets import city
from randcheck.office.registers import SubjectHistory
told = {"source": "made up", "reason": "monthly"}
subjects = city(subjects=SIZE, inspectors=6).subjects
bits = np.random.PCG64(7).random_raw(12 * SIZE) % 4
classes = np.array([*"ABCD"], dtype=object)[bits].reshape(12, SIZE).tolist()
times = [time.process_time()]
history = SubjectHistory().registered(subjects, since=date(2026, 1, 1), **told)
times.append(time.process_time())
for month, row in enumerate(classes, 1):
    values = dict(zip(history.ids, row))
    history = history.changed("risk_class", values, since=date(2026, month, 1), **told)
times.append(time.process_time())
half = history.as_of(date(2026, 6, 15))
times.append(time.process_time())
assert half.column("risk_class").tolist() == classes[5]
for month in (1, 12):
    assert history.as_of(date(2026, month, 15)).column("risk_class").tolist() == classes[month - 1]
status = Path("/proc/self/status").read_text().splitlines()  # ru_maxrss remembers the parent's
megabytes = next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) // 1024
seconds = [f"{late - early:.1f}" for early, late in zip(times, times[1:])]
print(f"{len(history)} changes: registered, twelve months, as_of: {', '.join(seconds)} s of CPU")
print(megabytes)
"""


def megabytes(size):
    script = SCALE.replace("SIZE", str(size))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    print(done.stdout.decode())
    return int(done.stdout.split()[-1])


def test_a_town_takes_little():
    assert megabytes(5_000) < 300


@pytest.mark.long
def test_a_city_takes_less_than_a_gigabyte():
    assert megabytes(250_000) < 1000
