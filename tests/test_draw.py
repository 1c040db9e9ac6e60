import json
import pickle
from datetime import date

import attrs
import pytest

import randcheck as rc
from randcheck import tickets
from randcheck.errors import DesignError, ParameterError, StaffingError, UnknownNameError
from randcheck.testing import made_up_subjects
from worlds import AS_OF, RANDOMNESS, inspectors, joint_task, world

WORLD = world()
OPENED = rc.commit(joint_task(), **WORLD, inspectors=inspectors(), nonce="n")
DRAW = OPENED.draw(RANDOMNESS)
GIVEN = WORLD | {"inspectors": inspectors()}


class Strange:
    """A stranger's sampler: any object with `design(frame)`."""

    def design(self, frame):
        risky = frame.column("risk_class") == "D"
        return rc.Design.from_cells(
            frame,
            [
                rc.Cell(take=int(risky.sum()), members=risky, name="D"),
                rc.Cell(take=3, members=frame.ids[~risky], name="rest"),
            ],
        )


def test_the_record_verifies_and_replays():
    report = rc.verify(
        DRAW.record, sheet=DRAW.design, commitment=OPENED.digest, randomness=RANDOMNESS
    )
    assert report.ok, report
    assert rc.replay(DRAW.record, **WORLD, inspectors=inspectors()).ok


def test_a_draw_is_a_function_of_its_values():
    again = rc.commit(joint_task(), **world(), inspectors=inspectors(), nonce="n").draw(RANDOMNESS)
    assert again == DRAW
    assert again.record.to_bytes() == DRAW.record.to_bytes()


def test_the_order_of_rows_changes_nothing_in_the_record():
    shuffled = {
        "subjects": rc.SubjectRegistry.from_records(reversed(list(WORLD["subjects"]))),
        "catalog": rc.ItemCatalog.from_records(reversed(list(WORLD["catalog"]))),
        "inspectors": rc.InspectorRegistry.from_records(reversed(list(inspectors()))),
    }
    again = rc.commit(joint_task(), **shuffled, nonce="n").draw(RANDOMNESS)
    assert again.record.to_bytes() == DRAW.record.to_bytes()


def test_visits_carry_exact_odds_and_distinct_teams():
    for visit in DRAW.visits:
        assert set(visit.probabilities) == set(visit.items)
        for item, probability in visit.probabilities.items():
            assert probability == DRAW.design.inclusion_probability(visit.subject_id, item)
        assert len(set(visit.team)) == 2
        assert visit.ticket == tickets.ticket(DRAW.record.subjects_seed, visit.subject_id)
    assert [visit.ticket for visit in DRAW.visits] == sorted(v.ticket for v in DRAW.visits)
    assert DRAW.odds.digest == DRAW.record.odds_sha256
    for visit in DRAW.visits:
        assert all(DRAW.odds.probability(visit.subject_id, name) > 0 for name in visit.team)
    assert DRAW.grade == "G0"


def test_reserves_are_the_next_tickets_of_each_cell():
    for number, cell in enumerate(DRAW.design.cells):
        order = sorted(
            tickets.ticket(DRAW.record.subjects_seed, name)
            for name in DRAW.design.ids[cell.members]
        )
        own = [reserve.ticket for reserve in DRAW.reserves if reserve.cell == number]
        assert own == order[cell.take : cell.take + 2]
        last = DRAW.record.cells[number].last_ticket
        assert last == (order[cell.take - 1] if cell.take else None)


def test_without_inspectors_or_matcher_there_are_no_teams():
    for given in ({}, {"inspectors": inspectors()}):
        matcher = {"matcher": None} if given else {}
        draw = rc.draw(joint_task(**matcher), **WORLD, **given, randomness="1")
        assert all(visit.team is None for visit in draw.visits)
        assert draw.record.inspectors_seed is None
        assert draw.record.commitment["inputs"]["inspectors"] is None
        assert rc.verify(draw.record, sheet=draw.design).unchecked == ("commitment", "randomness")


def test_adding_a_firm_outside_a_cell_changes_no_ticket_and_nothing_inside_it():
    """For a given purpose seed, a cell's outcome is a function of its own members alone."""
    seed = "cd" * 32
    sampler = rc.RiskStratifiedSampler(rates=dict.fromkeys("ABCD", "10%"))
    task = rc.Task(id="T", items=("disclosure",), sampler=sampler, as_of=AS_OF)
    more = rc.Subject("firm-000100x", "another", region="990101", risk_class="D")
    before = rc.build_frame(task, **WORLD)
    extended = rc.SubjectRegistry.from_records([*WORLD["subjects"], more])
    after = rc.build_frame(task, subjects=extended, catalog=WORLD["catalog"])

    def drawn(frame):
        design = sampler.design(frame)
        patterns = [[int(row[0])] for row in design.patterns]
        sizes, takes = [c.size for c in design.cells], [c.take for c in design.cells]
        found = tickets.lowest(seed, design.ids, patterns, design.pattern_of, sizes, takes)
        return {
            cell.name: [(design.ids[k], digest) for digest, k in lowest]
            for cell, lowest in zip(design.cells, found, strict=True)
        }

    one, two = drawn(before), drawn(after)
    assert {name: one[name] for name in "ABC"} == {name: two[name] for name in "ABC"}


def test_a_strangers_sampler_is_drawn_verified_and_replayed():
    task = joint_task(sampler=Strange())
    draw = rc.draw(task, **WORLD, randomness="1")
    assert draw.record.commitment["sampler"]["name"] == "Strange"
    assert draw.record.commitment["sampler"]["distribution"]
    assert rc.verify(draw.record, sheet=draw.design).ok
    assert not rc.replay(draw.record, **WORLD).ok
    assert rc.replay(draw.record, **WORLD, sampler=Strange()).ok


@pytest.mark.parametrize(
    ("design", "words"),
    [
        (lambda frame: None, "gave a NoneType instead of a Design"),
        (
            lambda frame: rc.UniformSampler(count=1).design(frame.for_items("food")[0]),
            "gave a design for",
        ),
        (
            lambda frame: rc.UniformSampler(count=1).design(
                rc.build_frame(joint_task(), subjects=made_up_subjects(9), catalog=WORLD["catalog"])
            ),
            "that are not the frame's",
        ),
        (
            lambda frame: rc.UniformSampler(count=1).design(
                rc.build_frame(
                    joint_task(),
                    subjects=rc.SubjectRegistry.from_records(
                        rc.Subject(f"other-{s.id}", "x", region="r", tags=s.tags)
                        for s in WORLD["subjects"]
                    ),
                    catalog=WORLD["catalog"],
                )
            ),
            "that are not the frame's",
        ),
    ],
)
def test_a_design_of_something_else_is_refused(design, words):
    sampler = type("Wrong", (), {"design": staticmethod(design)})()
    with pytest.raises(DesignError, match=words):
        rc.commit(joint_task(sampler=sampler), **WORLD)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("nonce", None),
        ("nonce", "\ud800"),
        ("source", "lottery"),
        ("source", rc.PublicSource),
        ("inspectors", []),
    ],
)
def test_arguments_of_another_kind_are_named(name, value):
    with pytest.raises(ParameterError, match=name):
        rc.commit(joint_task(), **WORLD, **{name: value})


@pytest.mark.parametrize("randomness", ["", "  ", None, 7, b"x", "\udfff"])
def test_randomness_is_a_text(randomness):
    with pytest.raises(ParameterError, match="randomness"):
        OPENED.draw(randomness)


def test_a_specialty_that_nobody_holds_is_refused_before_the_dice():
    catalog = rc.ItemCatalog.from_records(
        [rc.Item("disclosure", "d", "law", specialties=("special equipment",))]
    )
    task = joint_task(items=("disclosure",), sampler=rc.UniformSampler(count=1))
    with pytest.raises(UnknownNameError, match="special equipment"):
        rc.commit(task, subjects=WORLD["subjects"], catalog=catalog, inspectors=inspectors())


def test_no_team_is_a_typed_error():
    with pytest.raises(StaffingError) as caught:
        rc.draw(joint_task(), **WORLD, inspectors=inspectors(1), randomness="1")
    assert caught.value.code == "staffing"
    assert caught.value.visits


def test_the_commitment_binds_every_input():
    """Changing any one thing that decides changes the digest."""
    history = rc.History.from_records([rc.PastDraw("firm-000003", date(2026, 3, 1), "T0")])
    changes = [
        {},
        {"nonce": "other"},
        {"task": joint_task(id="T-2")},
        {"task": joint_task(reserves=3)},
        {"task": joint_task(as_of=date(2026, 8, 1))},
        {"task": joint_task(scope=rc.Scope(regions=("9901",)))},
        {"task": joint_task(exclusions=(rc.DrawnThisYear(),)), "history": history},
        {"history": history},
        {"task": joint_task(lead="a"), "history": history},
        {"task": joint_task(departments=("a", "b"))},
        {"subjects": made_up_subjects(401, seed=1)},
        {"inspectors": inspectors(31)},
        {"inspectors": None},
        {"task": joint_task(matcher=rc.FairMatcher(team_size=3))},
        {"source": rc.PublicSource("lottery", "tomorrow's")},
        {"task": joint_task(sampler=rc.UniformSampler(rate="3%"))},
    ]
    digests = set()
    for change in changes:
        given = {"task": joint_task(), **WORLD, "inspectors": inspectors(), "nonce": ""} | change
        task = given.pop("task")
        opened = rc.commit(task, **given)
        digests.add(opened.digest)
        assert json.loads(opened.to_bytes())["sheet_sha256"] == opened.design.digest
    assert len(digests) == len(changes)


def test_exclusions_are_counted_in_the_commitment():
    history = rc.History.from_records(
        rc.PastDraw(f"firm-{n:06}", date(2026, 3, 1), "T0") for n in range(10)
    )
    task = joint_task(exclusions=(rc.DrawnThisYear(),))
    opened = rc.commit(task, **WORLD, history=history)
    assert opened.commitment["excluded"] == {"drawn-this-year": 10} == opened.frame.counts


@pytest.mark.parametrize("value", [OPENED, DRAW, DRAW.visits[0], DRAW.reserves[0], OPENED.frame])
def test_public_values_pickle(value):
    copy = pickle.loads(pickle.dumps(value))
    assert type(copy) is type(value)
    if value is not OPENED.frame:
        assert copy == value
        assert hash(copy.record if value is DRAW else copy.design if value is OPENED else copy)


def test_what_a_draw_looks_like():
    assert repr(DRAW).startswith(f"Draw(visits=<{len(DRAW.visits)}>")
    assert "T-2026-07" in repr(OPENED)


@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow"])
def test_visits_as_a_dataframe(backend):
    for draw in (DRAW, rc.draw(joint_task(), **WORLD, randomness="1")):
        assert len(draw.to_dataframe(backend=backend)) == len(draw.visits)


def test_a_visit_is_explained_by_numbers_and_names_only_for_those_who_ask():
    first = DRAW.visits[0]
    people = list(inspectors())
    people[3] = attrs.evolve(people[3], conflicts=(first.subject_id,), kin=(first.subject_id,))
    people[5] = attrs.evolve(people[5], certificate_expires=date(2026, 6, 30), regions=("x",))
    given = WORLD | {"inspectors": rc.InspectorRegistry.from_records(people)}
    draw = rc.draw(joint_task(), **given, randomness="6")
    visit = next((each for each in draw.visits if each.subject_id == first.subject_id), None)
    chosen = visit or draw.visits[0]
    told = draw.explain(chosen.subject_id)
    assert told.team == chosen.team
    assert told.names is None
    assert set(told.odds) == set(chosen.team)
    for name in chosen.team:
        assert told.odds[name] == draw.odds.probability(chosen.subject_id, name) > 0
    assert told.left_out["certificate"] == told.left_out["region"] == 1
    if visit is not None:
        assert told.left_out["declared-relation"] == told.left_out["kinship"] == 1
    assert told.eligible == len(people) - 1 - (visit is not None)
    assert "out of" in str(told)
    named = draw.explain(chosen.subject_id, names=True).names
    assert named["certificate"] == named["region"] == (people[5].id,)


def test_what_cannot_be_explained():
    with pytest.raises(UnknownNameError):
        DRAW.explain("nobody")
    without = rc.draw(joint_task(), **WORLD, randomness="1")
    for draw in (without, pickle.loads(pickle.dumps(DRAW))):
        with pytest.raises(ParameterError, match="has no team"):
            draw.explain(draw.visits[0].subject_id)

    class Silent:
        def odds(self, visits, inspectors):
            return rc.FairMatcher().odds(visits, inspectors)

    silent = rc.draw(joint_task(matcher=Silent()), **GIVEN, randomness="1")
    with pytest.raises(ParameterError, match="does not explain itself"):
        silent.explain(silent.visits[0].subject_id)


def test_a_partial_matcher_leaves_visits_without_a_team_and_says_so():
    few = rc.InspectorRegistry.from_records(
        attrs.evolve(person, capacity=3) for person in inspectors(6)
    )
    given = WORLD | {"inspectors": few}
    with pytest.raises(StaffingError):
        rc.draw(joint_task(), **given, randomness="1")
    draw = rc.draw(joint_task(matcher=rc.FairMatcher(partial=True)), **given, randomness="1")
    assert sum(visit.team is not None for visit in draw.visits) == 9
    assert rc.verify(draw.record, sheet=draw.design, odds=draw.odds).ok
    assert rc.replay(draw.record, **given).ok


def test_a_matcher_that_forgets_a_visit_is_refused():
    class Forgetful:
        def odds(self, visits, inspectors):
            some = type(visits)(visits.needs[1:], visits.as_of)
            return rc.FairMatcher().odds(some, inspectors)

    with pytest.raises(StaffingError, match="gave them no team"):
        rc.draw(joint_task(matcher=Forgetful()), **GIVEN, randomness="1")


def test_teams_smaller_than_the_committed_size_are_refused():
    class Small:
        name = "small"

        def __init__(self):
            self.team_size = 3

        def odds(self, visits, inspectors):
            return rc.FairMatcher(team_size=2).odds(visits, inspectors)

    draw = rc.draw(joint_task(matcher=Small()), **GIVEN, randomness="1")
    report = rc.verify(draw.record, sheet=draw.design, odds=draw.odds)
    assert {finding.number for finding in report.findings} == {11}
