"""A whole draw in a made-up city, told for a person to read.

Rules enforced here:
1. Every figure is computed from the draw that just happened.
2. Names are visibly made up, and the draw is called what it is: a rehearsal.
"""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from datetime import date
from fractions import Fraction
from pathlib import Path

from attrs import frozen

import randcheck as rc
from randcheck.datasets import City, city
from randcheck.draw import Draw, OpenDraw
from randcheck.language import terminal_width

AS_OF = date(2026, 7, 1)
RANDOMNESS = "2026-07-02 05 09 12 22 31 33 + 08"

#: For each kind of item a rate for each risk class; "general" items are drawn less often.
KEY_RATES = {"A": "3%", "B": "5%", "C": "10%", "D": "30%"}
GENERAL_RATES = {"A": "1%", "B": "3%", "C": "6%", "D": "20%"}


@frozen
class Told:
    """The text, and whether the record verified and could be replayed."""

    text: str
    ok: bool


def task_for(place: City) -> rc.Task:
    """All items of the city in one joint draw, each stratified by risk."""
    samplers = {
        item.id: rc.RiskStratifiedSampler(
            rates=KEY_RATES if item.category == "key" else GENERAL_RATES,
            unclassified="B",
        )
        for item in place.catalog
    }
    return rc.Task(
        id="2026-07 joint inspection",
        items=tuple(samplers),
        as_of=AS_OF,
        sampler=rc.JointItemSampler(samplers),
        reserves=2,
        exclusions=(rc.DrawnWithin(months=6), rc.OwnerExcluded()),
        lead="市场监督管理局",
    )


def run(subjects: int, inspectors: int, seed: int, folder: Path) -> Told:
    """Draw, verify and replay in a made-up city; write the files; tell it."""
    place = city(subjects=subjects, inspectors=inspectors, seed=seed)
    opened = rc.commit(
        task_for(place),
        subjects=place.subjects,
        catalog=place.catalog,
        inspectors=place.inspectors,
        history=place.history,
        source=rc.PublicSource("lottery", "the double colour ball draw of the next evening"),
        nonce="made-up",
    )
    draw = opened.draw(RANDOMNESS)
    sheet = draw.design.to_bytes()
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in (
        ("commitment.json", opened.to_bytes()),
        ("sheet.jsonl", sheet),
        ("record.json", draw.record.to_bytes()),
    ):
        (folder / name).write_bytes(data)
    odds = b"" if draw.odds is None else draw.odds.to_bytes()
    (folder / "odds.jsonl").write_bytes(odds)
    report = rc.verify(
        draw.record.to_bytes(),
        sheet=sheet,
        odds=odds,
        commitment=opened.digest,
        randomness=RANDOMNESS,
    )
    again = rc.replay(
        draw.record,
        subjects=place.subjects,
        catalog=place.catalog,
        inspectors=place.inspectors,
        history=place.history,
    )
    lines = [
        *_registries(place, opened),
        *_design(place, opened),
        *_commitment(opened),
        *_outcome(place, draw),
        *_checks(report, again),
        *_files(folder, opened),
    ]
    return Told("\n".join(lines), report.ok and again.ok)


def _registries(place: City, opened: OpenDraw) -> list[str]:
    frame = opened.frame
    left_out = ", ".join(f"{count:,} {reason}" for reason, count in frame.counts.items())
    return [
        "A random inspection in a made-up city (双随机、一公开)",
        "",
        f"1 Registries   {len(place.subjects):,} subjects, {len(place.catalog)} items, "
        f"{len(place.inspectors)} inspectors; nobody in them exists",
        f"  Frame        {len(frame):,} could be drawn; left out: {left_out or 'nobody'}",
        "",
    ]


def _design(place: City, opened: OpenDraw) -> list[str]:
    design, frame = opened.design, opened.frame
    lines = [f"2 Odds before dice: {len(design.cells)} cells, each with its exact count", ""]
    header = f"    {_pad('item', 20)}{'applies to':>11}{'drawn':>8}     A      B      C      D"
    lines.append(header)
    for item in place.catalog:
        cells = {str(cell.name).partition("/")[2]: cell for cell in design.cells
                 if cell.items == (item.id,)}  # fmt: skip
        drawn = sum(cell.take for cell in cells.values())
        applies = int(frame.eligible(item.id).sum())
        rates = "".join(
            f"{_percent(cells[name].rate):>7}" if name in cells else f"{'-':>7}" for name in "ABCD"
        )
        lines.append(f"    {_pad(item.id, 20)}{applies:>11,}{drawn:>8,}{rates}")
    return [*lines, ""]


def _commitment(opened: OpenDraw) -> list[str]:
    return [
        "3 Commitment   binds task, registries, odds sheet and source; its digest is published:",
        f"               {opened.digest}",
        f"  Randomness   {RANDOMNESS!r}, which came later",
        "               (here nobody witnessed that: grade G0, a rehearsal)",
        "",
    ]


def _outcome(place: City, draw: Draw) -> list[str]:
    checks = sum(len(visit.items) for visit in draw.visits)
    least = draw.design.visit_bound
    busy = Counter(person for visit in draw.visits for person in visit.team or ())
    lines = [
        f"4 Draw         {len(draw.visits):,} visits check {checks:,} items: one ticket for all",
        f"               items of a subject. The expectation cannot be below {float(least):,.1f};",
        f"               a draw of its own for each item would need about {_separate(draw):,.0f}.",
        f"  Teams        two inspectors each, {len(busy)} of {len(place.inspectors)} are busy, "
        f"{min(busy.values(), default=0)} to {max(busy.values(), default=0)} visits;",
        *_odds(draw),
        "",
        f"    {_pad('ticket', 12)}{_pad('subject', 42)}{_pad('team', 28)}items",
    ]
    for visit in draw.visits[:6]:
        subject = place.subjects[visit.subject_id]
        team = "、".join(place.inspectors[person].name for person in visit.team or ())
        items = ", ".join(visit.items)
        shown = f"{_pad(visit.ticket[:8] + '…', 12)}{_pad(subject.name, 42)}{_pad(team, 28)}"
        lines.append(f"    {shown}{items}")
    return [*lines, f"    … and {len(draw.visits) - 6:,} more" if len(draw.visits) > 6 else "", ""]


def _odds(draw: Draw) -> list[str]:
    """How the first team came about."""
    if draw.odds is None or not draw.visits:
        return []
    first = draw.explain(draw.visits[0].subject_id)
    chances = " and ".join(_percent(first.odds[name]) for name in first.team)
    left_out = ", ".join(f"{count} {reason}" for reason, count in first.left_out.items())
    return [
        f"               odds for {len(draw.odds.people):,} pairs were fixed as whole numbers over "
        f"2^{draw.odds.bits}.",
        f"               For the first visit {first.eligible} people could go; who was drawn had "
        f"odds of {chances}.",
        f"               Left out by the rules: {left_out or 'nobody'}.",
    ]


def _separate(draw: Draw) -> float:
    """The expected visits if each item were drawn by tickets of its own: Σ 1 - Π (1 - π)."""
    design = draw.design
    total = 0.0
    sizes = [0] * len(design.patterns)
    for pattern in design.pattern_of.tolist():
        sizes[pattern] += 1
    for size, cells in zip(sizes, design.patterns.tolist(), strict=True):
        spared = 1.0
        for cell in set(cells) - {-1}:
            spared *= 1 - float(design.cells[cell].rate)
        total += size * (1 - spared)
    return total


def _checks(report: rc.Report, again: rc.Report) -> list[str]:
    return [
        f"5 Verify       {_verdict(report)} (record, sheet and odds, by the standard library)",
        f"  Replay       {_verdict(again)} (everything again from the registries, teams too)",
        "",
    ]


def _verdict(report: rc.Report) -> str:
    return "everything follows" if report.ok else f"{len(report.findings)} findings"


def _files(folder: Path, opened: OpenDraw) -> list[str]:
    command = "randcheck" if shutil.which("randcheck") else sys.argv[0]
    return [
        f"Files in {folder}: commitment.json, sheet.jsonl, odds.jsonl, record.json. Check them:",
        f"  {command} verify {folder / 'record.json'} {folder / 'sheet.jsonl'} \\",
        f"      --odds {folder / 'odds.jsonl'} \\",
        f"      --commitment {opened.digest} \\",
        f"      --randomness '{RANDOMNESS}'",
    ]


def _percent(rate: Fraction) -> str:
    return f"{float(100 * rate):.1f}%"


def _pad(text: str, width: int) -> str:
    """The text, padded to a width in terminal columns: Chinese characters take two."""
    return text + " " * max(1, width - terminal_width(text))
