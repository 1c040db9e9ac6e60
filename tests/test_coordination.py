from datetime import date

import pytest

import randcheck as rc
from randcheck.coordination import Trip, merge_visits, trips
from randcheck.errors import ParameterError, UnknownNameError

DAY = date(2026, 7, 1)


def world():
    subjects = rc.SubjectRegistry.from_records(
        {"id": f"firm-{n:02}", "name": "x", "region": "990101"} for n in range(12)
    )
    catalog = rc.ItemCatalog.from_records(
        [
            rc.Item("food", "x", "law", specialties=("food",)),
            rc.Item("price", "x", "law"),
            rc.Item("lifts", "x", "law", specialties=("lifts",)),
        ]
    )
    inspectors = rc.InspectorRegistry.from_records(
        rc.Inspector(
            f"i{n}",
            "x",
            "market",
            certificate="c",
            certificate_expires=date(2030, 1, 1),
            specialties=(("food", "lifts", "scales")[n % 3],),
        )
        for n in range(12)
    )
    return {"subjects": subjects, "catalog": catalog}, inspectors


def drawn(name, *items, day=DAY, count=8, teams=True):
    tables, inspectors = world()
    task = rc.Task(id=name, items=items, as_of=day, sampler=rc.UniformSampler(count=count))
    return rc.draw(task, **tables, inspectors=inspectors if teams else None, randomness=name)


def merged(*draws, **more):
    tables, inspectors = world()
    return merge_visits(draws, catalog=tables["catalog"], inspectors=inspectors, **more)


def test_nothing_that_was_drawn_is_lost_and_each_subject_is_visited_once():
    draws = [drawn("F", "food"), drawn("L", "lifts"), drawn("P", "price")]
    found = merged(*draws)
    before = {(d.record.commitment["task"]["id"], v.subject_id, i)
              for d in draws for v in d.visits for i in v.items}  # fmt: skip
    after = {(t, v.subject, i) for v in found.visits for t, own in v.items.items() for i in own}
    assert before == after
    assert len({visit.subject for visit in found.visits}) == len(found.visits)
    assert found.drawn == 24
    assert found.saved == 24 - len(found.visits) > 0


def test_the_team_that_goes_follows_from_the_rule():
    draws = {name: drawn(name, *items) for name, items in
             {"F": ("food", "lifts"), "L": ("lifts",), "P": ("price",)}.items()}  # fmt: skip
    _, inspectors = world()
    several = 0
    for visit in merged(*draws.values()).visits:
        teams = {
            name: each.team
            for name, draw in draws.items()
            for each in draw.visits
            if each.subject_id == visit.subject
        }
        needed = {{"F": ("food", "lifts"), "L": ("lifts",), "P": ()}[x] for x in teams}
        needed = {specialty for own in needed for specialty in own}
        held = {
            x: {each for name in team for each in inspectors[name].specialties}
            for x, team in teams.items()
        }
        worth = {x: (len(needed & held[x]), len(visit.items[x]), -"FLP".index(x)) for x in teams}
        best = max(worth, key=worth.get)
        assert (visit.team_of, visit.team) == (best, teams[best])
        assert visit.lacking == tuple(sorted(needed - held[best]))
        several += len(teams) > 1
    assert several > 3


def test_only_draws_of_one_period_are_brought_together():
    months = [drawn(f"T{m}", "price", day=DAY.replace(month=m), count=12) for m in (7, 8, 10)]
    assert len(merged(*months).visits) == 36
    quarters = merged(*months, period="quarter").visits
    assert [len([v for v in quarters if v.period == p]) for p in ("2026-Q3", "2026-Q4")] == [12, 12]
    year = merged(*(each.record for each in months), period="year")
    assert {(v.period, v.tasks) for v in year.visits} == {("2026", ("T7", "T8", "T10"))}


def test_draws_without_teams():
    found = merge_visits([drawn("P", "price", teams=False)], catalog=world()[0]["catalog"])
    assert {(visit.team, visit.team_of) for visit in found.visits} == {(None, None)}
    frame = found.to_dataframe()
    assert list(frame.columns) == [
        "subject_id", "period", "tasks", "items", "team", "team_of", "lacking"
    ]  # fmt: skip
    assert len(frame) == 8


def test_bad_calls():
    with pytest.raises(ParameterError, match="is given twice"):
        merged(drawn("P", "price"), drawn("P", "price"))
    with pytest.raises(ParameterError, match="write one of month, quarter, year"):
        merged(period="week")
    with pytest.raises(ParameterError, match="give the registry of inspectors"):
        merge_visits([drawn("P", "price")], catalog=world()[0]["catalog"])


def test_trips():
    def lift(name, owner, **more):
        return rc.Subject(name, "x", kind="attached object", region="r", owner=owner, **more)

    subjects = rc.SubjectRegistry.from_records(
        [
            rc.Subject("head", "x", region="r", address="1 Main St"),
            rc.Subject("branch-1", "x", region="r", owner="head", address="9 Far St"),
            rc.Subject("branch-2", "x", region="r", owner="head", address="1 Main St"),
            rc.Subject("branch-3", "x", region="r", owner="head"),
            rc.Subject("other", "x", region="r", address="1 Main St"),
            rc.Subject("bare", "x", region="r"),
            lift("lift-1", "head"),
            lift("lift-2", "branch-1"),
            lift("lift-3", "lift-2"),
            lift("lift-4", "head", address="9 Far St"),
            lift("lift-5", "bare"),
            lift("lift-6", "unregistered"),
            lift("lift-7", "unregistered"),
        ]
    )
    found = trips(subjects.ids, subjects)
    assert set(found) == {
        Trip("bare", None, ("bare", "lift-5")),
        Trip("head", "9 Far St", ("branch-1", "lift-2", "lift-3", "lift-4")),
        Trip("head", "1 Main St", ("branch-2", "head", "lift-1")),
        Trip("head", None, ("branch-3",)),
        Trip("other", "1 Main St", ("other",)),
        Trip("unregistered", None, ("lift-6", "lift-7")),
    }
    assert trips(["lift-1", "other"], subjects)[0] == Trip("head", "1 Main St", ("lift-1",))
    with pytest.raises(UnknownNameError):
        trips(["nobody"], subjects)
