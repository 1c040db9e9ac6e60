"""A document of every kind that has a schema: the good vectors, and what made-up worlds give."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import randcheck as rc
from files import ROOT, good, script
from office.test_indicators import ASKED, books
from randcheck.office import annual, cases, follow_up, plans
from randcheck.office.forms import Because, Nothing, Result
from randcheck.office.reports import report
from randcheck.randomness.drand import Drand
from randcheck.testing import made_up_catalog, made_up_inspectors, made_up_subjects
from worlds import joint_task, past_teams, world

Document = tuple[str, Any]


def documents() -> Iterator[Document]:
    """The name of its schema and the value, one after the other."""
    yield from _vectors()
    yield from _facts()
    yield from _draws()
    yield from _office()
    yield from _signed()


def example_year(**size: int) -> Any:
    """The year of `examples/year.py`, in memory."""
    made = script(ROOT / "examples" / "year.py").Year(None, **size)
    made.run()
    return made


def _vectors() -> Iterator[Document]:
    for path in (*good("draws-v1"), *good("teams-v1")):
        record = json.loads((path / "record.json").read_bytes())
        stage = "teams" in record
        yield ("stage-record" if stage else "record"), record
        yield ("stage-commitment" if stage else "commitment"), record["commitment"]
        for name, file in (("sheet", "sheet.jsonl"), ("odds", "odds.jsonl")):
            if (path / file).exists():
                header, *lines = (path / file).read_text(encoding="utf-8").splitlines()
                yield f"{name}-header", json.loads(header)
                for line in lines:
                    yield f"{name}-line", json.loads(line)
    for path in good("ledgers-v1"):
        for line in (path / "export.jsonl").read_bytes().splitlines():
            event = json.loads(line)
            yield f"event-{event['kind'].replace(' ', '-')}", event
    for path in good("proofs-v1"):
        yield "proof", json.loads((path / "proof.json").read_bytes())
    for path in good("replacements-v1"):
        yield "successor", json.loads((path / "successor.json").read_bytes())


def _facts() -> Iterator[Document]:
    named = {"subject": made_up_subjects(30), "item": made_up_catalog(),
             "inspector": made_up_inspectors(), "past-draw": past_teams()}  # fmt: skip
    for name, facts in named.items():
        for fact in facts:
            yield name, fact.to_json()
    scope = rc.Scope(regions=("9901",), tags=("food",))
    yield "scope", scope.to_json()
    tasks = (joint_task(), _full_task(scope))
    for task in tasks:
        yield "task", task.to_json()
    yield "plan", rc.Plan(id="p", year=2026, authority="made up", tasks=tasks).to_json()
    planned = [
        annual.PlannedTask(task=task, month=7, level="county", offices={"990101": 40})
        for task in tasks
    ]
    told = {"id": "p", "year": 2026, "authority": "made up", "tasks": planned}
    yield "annual-plan", annual.AnnualPlan(**told).to_json()
    yield (
        "annual-plan",
        annual.AnnualPlan(
            **told, publish_by=date(2026, 2, 1), reports={"province": date(2026, 3, 10)}
        ).to_json(),
    )


def _full_task(scope: rc.Scope) -> rc.Task:
    """A task that states all that it can."""
    return rc.Task(
        id="full",
        items=("disclosure", "pricing"),
        as_of=date(2026, 7, 1),
        sampler=rc.UniformSampler(rate="3%"),
        scope=scope,
        reserves=2,
        exclusions=(rc.DrawnThisYear(), rc.DrawnWithin(6), rc.YearlyCap(2), rc.OwnerExcluded()),
        lead="market",
        departments=("market", "fire"),
    )


def _draws() -> Iterator[Document]:
    rounds = rc.Rounds(("2026-01-01T13:15:00Z",), 86_400, delay=3_600)
    witnesses = {"court": "a" * 64}
    public = rc.PublicSource("lottery", "the next draw", "numbers", rounds, witnesses)
    sealed = rc.CommitReveal({"bureau": "b" * 64, "court": "c" * 64})
    for source in (public, sealed, Drand(), rc.Combined((sealed, public))):
        opened = rc.commit(joint_task(), **world(), source=source)
        yield "commitment", opened.commitment.to_json()
    drawn = rc.draw(joint_task(), **world(), randomness="x")
    yield "record", drawn.record.to_json()
    yield "public-record", drawn.record.public()
    yield "public-record-with-seeds", drawn.record.public(seeds=True)


def _office() -> Iterator[Document]:
    yield "report", report(books(), ASKED).to_json()
    year = example_year(firms=2_500, inspectors=40, tasks=20)
    yield "report", year.report().to_json()
    for event in year.ledger.events():
        yield f"event-{event.kind.replace(' ', '-')}", json.loads(event.data)
        if event.kind == "office":
            yield f"step-{event.body['about']}-{event.body['what']}", event.body["data"]
    results = {"food": Result("none")}
    for name, fact in (  # what does not happen in so small a year
        ("case-corrected", cases.Corrected(results, "another firm's form")),
        ("case-returned", Because("look again")),
        ("plan-reported", plans.Reported("province", "R-1")),
        ("plan-returned", Because("too few")),
        ("problem-extended", follow_up.Extended(date(2026, 8, 1), "they asked")),
        ("transfer-refused", Because("not ours")),
        ("transfer-reminded", Nothing()),
    ):
        yield f"step-{name}", fact.to_json()


def _signed() -> Iterator[Document]:
    from office import test_archive  # it makes keys, which needs an extra

    built = test_archive.World().live()
    yield "archive-manifest", json.loads(built.build().manifest)
    yield "keyring", json.loads(test_archive.RING.to_bytes())
    for signature in built.signed():
        yield "signature", json.loads(signature)
