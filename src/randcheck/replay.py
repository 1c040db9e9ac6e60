"""The auditor's check: everything again from the registries, and where it differs.

The checks, by the number of their findings:
1. The bytes are a record.
2. Each registry is the one whose digest was committed.
3. The task can be rebuilt, its sampler and matcher are known here or were given.
4. The frame can be built again, and each reason leaves out as many as committed.
5. The sampler gives the committed odds sheet.
6. The commitment that follows from all this is the recorded one.
7. Seeds, cells, visits, reserves and teams are those that follow.

A strategy is found by name among ours, or given as a value; no code is loaded because a record
names it. What only the public can know, the published digest and the source's text, is `verify`'s.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from randcheck import canonical
from randcheck.draw import OpenDraw, commit
from randcheck.errors import DataError, RandcheckError, RecordError, shorten
from randcheck.history import History
from randcheck.matching import Matcher, Odds
from randcheck.plan import STRATEGIES, Task
from randcheck.record import DrawRecord
from randcheck.registry import InspectorRegistry, ItemCatalog, SubjectRegistry
from randcheck.samplers import Sampler
from randcheck.stage import Stage, StageRecord, commit_teams, recuse
from randcheck.strategy import describe, rebuild
from randcheck.verify import Finding, Report

#: How many differences of one kind are listed.
SHOWN = 20

#: What a replay cannot know: `verify` checks both when it is given them.
UNCHECKED = ("commitment", "randomness")


class _Source:
    """The source as the record describes it."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data

    def to_json(self) -> dict[str, Any]:
        return self.data


def replay(
    record: DrawRecord | bytes | str | os.PathLike[str],
    *,
    subjects: SubjectRegistry,
    catalog: ItemCatalog,
    inspectors: InspectorRegistry | None = None,
    history: History | None = None,
    sheet: bytes | str | os.PathLike[str] | None = None,
    sampler: Sampler | None = None,
    matcher: Matcher | None = None,
) -> Report:
    """Do a draw again from the registries and compare.

    `record` is a `DrawRecord`, its bytes or a path. With `sheet`, the published odds sheet, a
    changed registry shows by the subjects that it moved. `sampler` and `matcher` are needed where
    the record names one that is not ours. Nothing raises but a wrong type of registry.
    """
    findings: list[Finding] = []
    try:
        found = _read(record)
    except (RandcheckError, OSError) as error:
        return Report((_finding(1, "record", "a record", str(error)),), UNCHECKED)
    given = {
        "subjects": subjects,
        "items": catalog,
        "inspectors": inspectors,
        "history": history,
    }
    findings += _compare_inputs(found, given)
    task = None
    try:
        task = _rebuild(found, sampler, matcher)
    except (RandcheckError, KeyError, TypeError, AttributeError) as error:
        findings.append(_finding(3, "commitment.task", "a task that can be rebuilt", str(error)))
    if task is not None:
        used = inspectors if found.commitment["matcher"] is not None else None
        findings += _again(found, task, subjects, catalog, used, history, sheet)
    return Report(tuple(findings), UNCHECKED)


def replay_stage(
    record: StageRecord | bytes,
    *,
    drawn: DrawRecord | Stage,
    before: DrawRecord | None = None,
    odds: Odds | None = None,
    earlier: Sequence[Stage] = (),
    subjects: SubjectRegistry,
    catalog: ItemCatalog,
    inspectors: InspectorRegistry,
    history: History | None = None,
    matcher: Matcher | None = None,
) -> Report:
    """Do a stage again from the registries, and from what drew the teams, and compare.

    For teams in a second step, `drawn` is the record before; for a recusal, `drawn`, `odds`,
    `before` (there `record`) and `earlier` are those of `recuse`. Findings are numbered as those of
    `replay`: 1 the bytes, 3 the matcher, 4 the odds that can not be made again, 6 the commitment, 7
    seeds and teams.
    """
    try:
        stage = record if isinstance(record, StageRecord) else StageRecord.from_bytes(record)
        stated = stage.to_json()
        bound = stated["commitment"]
    except RandcheckError as error:
        return Report((_finding(1, "stage", "the record of a stage", str(error)),), UNCHECKED)
    given: dict[str, Any] = {
        "subjects": subjects,
        "catalog": catalog,
        "inspectors": inspectors,
        "history": history,
        "source": _Source(bound["source"]),
        "nonce": bound["nonce"],
    }
    try:
        given["matcher"] = matcher or rebuild(bound["matcher"], STRATEGIES)
    except (RandcheckError, KeyError, TypeError, AttributeError) as error:
        finding = _finding(3, "commitment.matcher", "a matcher that can be rebuilt", str(error))
        return Report((finding,), UNCHECKED)
    try:
        day = date.fromisoformat(bound["task"]["as_of"])
        if bound["kind"] == "teams" and isinstance(drawn, DrawRecord):
            again = commit_teams(drawn, as_of=day, **given)
        else:
            told = bound["recusal"]
            again = recuse(
                drawn,
                bound["visits"][0],
                leaving=told["leaving"],
                reason=told["reason"],
                decided=day,
                odds=odds,
                record=before,
                earlier=earlier,
                **given,
            )
        expected = again.draw(stated["randomness"]).record.to_json()
    except Exception as error:  # whatever the record says, the answer is a finding
        return Report((_finding(4, "odds", "can be made again", f"{error}"),), UNCHECKED)
    findings = [
        _finding(6, f"commitment.{key}", expected["commitment"][key], bound[key])
        for key in bound
        if key != "matcher" and _differ(expected["commitment"][key], bound[key])
    ]
    findings += [
        _finding(7, key, expected[key], stated[key])
        for key in stated
        if key != "commitment" and not findings and _differ(expected[key], stated[key])
    ]
    return Report(tuple(findings), UNCHECKED)


def _differ(one: Any, other: Any) -> bool:
    """Whether two values have other canonical bytes: true is not 1."""
    return canonical.dumps(one) != canonical.dumps(other)


def _finding(number: int, where: str, expected: object, found: object) -> Finding:
    shown = [each if isinstance(each, str) else shorten(each) for each in (expected, found)]
    return Finding(number, "error", where, shown[0], shown[1])


def _read(record: DrawRecord | bytes | str | os.PathLike[str]) -> DrawRecord:
    if isinstance(record, DrawRecord):
        return record
    if isinstance(record, bytes):
        return DrawRecord.from_bytes(record)
    if isinstance(record, str | os.PathLike):
        return DrawRecord.from_bytes(Path(record).read_bytes())
    raise RecordError("record", f"is {type(record).__name__}, not bytes or a path")


def _compare_inputs(record: DrawRecord, given: Mapping[str, Any]) -> list[Finding]:
    committed = record.commitment["inputs"]
    if not isinstance(committed, dict) or committed.keys() != given.keys():
        return [_finding(2, "commitment.inputs", sorted(given), committed)]
    findings = []
    for name, registry in given.items():
        digest = None if registry is None else registry.digest
        if committed[name] is None and name == "inspectors":
            continue  # a draw without teams looks at no inspectors, whoever has them
        if digest != committed[name]:
            findings.append(
                _finding(
                    2, f"commitment.inputs.{name}", committed[name] or "none", digest or "none"
                )
            )
    return findings


def _rebuild(record: DrawRecord, sampler: Sampler | None, matcher: Matcher | None) -> Task:
    commitment = record.commitment.to_json()
    described = {"sampler": commitment["sampler"], "matcher": commitment["matcher"]}
    task = Task.from_json({**commitment["task"], **described}, sampler=sampler, matcher=matcher)
    for role, strategy in (("sampler", task.sampler), ("matcher", task.matcher)):
        if described[role] is None:
            continue
        own = describe(strategy)
        for key in ("name", "parameters"):
            if own[key] != described[role][key]:
                raise DataError(
                    f"the {role}'s {key} {shorten(own[key])} is not the recorded one", ()
                )
    return task


def _again(
    record: DrawRecord,
    task: Task,
    subjects: SubjectRegistry,
    catalog: ItemCatalog,
    inspectors: InspectorRegistry | None,
    history: History | None,
    sheet: bytes | str | os.PathLike[str] | None,
) -> list[Finding]:
    """The checks from the frame on."""
    recorded = record.commitment.to_json()
    try:
        opened = commit(
            task,
            subjects=subjects,
            catalog=catalog,
            inspectors=inspectors,
            history=history,
            source=_Source(recorded["source"]),
            nonce=recorded["nonce"],
        )
    except Exception as error:
        return [_finding(4, "frame and design", "can be made again", f"{error}")]
    findings = [
        _finding(4, f"commitment.excluded.{reason}", before, now)
        for reason, before, now in _differing(recorded["excluded"], opened.frame.counts)
    ]
    if opened.design.digest != recorded["sheet_sha256"]:
        version = recorded["sampler"]["version"]
        expected = f"sheet {recorded['sheet_sha256']} (sampler version {version})"
        findings.append(_finding(5, "commitment.sheet_sha256", expected, opened.design.digest))
        if sheet is not None:
            findings += _compare_sheets(sheet, opened.design.to_bytes())
        return findings
    now = opened.commitment.to_json()
    findings += [
        _finding(6, f"commitment.{key}", recorded[key], now[key])
        for key in recorded
        if key not in ("inputs", "excluded", "sampler", "matcher", "parent")
        and _differ(recorded[key], now[key])
    ]
    return findings + _compare_draws(record, opened)


def _compare_draws(record: DrawRecord, opened: OpenDraw) -> list[Finding]:
    bound = OpenDraw(
        opened.task,
        record.commitment,
        opened.frame,
        opened.design,
        opened._subjects,
        opened._catalog,
        opened._inspectors,
        opened._history,
    )
    try:
        again = bound.draw(record.randomness).record.to_json()
    except Exception as error:
        return [_finding(7, "visits", "can be drawn again", f"{error}")]
    findings: list[Finding] = []
    before = record.to_json()
    for key in before:
        if key == "commitment" or not _differ(before[key], again[key]):
            continue
        if not isinstance(before[key], list) or len(before[key]) != len(again[key]):
            findings.append(_finding(7, key, again[key], before[key]))
            continue
        findings += [
            _finding(7, f"{key}[{row}].{part}", right[part], mine[part])
            for row, (mine, right) in enumerate(zip(before[key], again[key], strict=True))
            for part in mine
            if _differ(mine[part], right[part])
        ]
    return findings


def _differing(before: Any, now: Mapping[str, int]) -> list[tuple[str, object, object]]:
    if not isinstance(before, dict):
        return [("*", before, dict(now))]
    reasons = dict.fromkeys([*before, *now])
    return [
        (reason, before.get(reason, 0), now.get(reason, 0))
        for reason in reasons
        if before.get(reason, 0) != now.get(reason, 0)
    ]


def _compare_sheets(sheet: bytes | str | os.PathLike[str], now: bytes) -> list[Finding]:
    """The lines of the published sheet that the registries do not give, and the other way."""
    try:
        published = sheet if isinstance(sheet, bytes) else Path(sheet).read_bytes()
    except OSError as error:
        return [_finding(5, "sheet", "a file", str(error))]
    old, new = _lines(published), _lines(now)
    changed = [key for key in sorted(old.keys() | new.keys()) if old.get(key) != new.get(key)]
    findings = [
        _finding(5, f"sheet {key}", old.get(key, "not on it"), new.get(key, "not on it"))
        for key in changed[:SHOWN]
    ]
    if len(changed) > SHOWN:
        findings.append(_finding(5, "sheet", "no further lines", f"{len(changed) - SHOWN} more"))
    return findings


def _lines(sheet: bytes) -> dict[str, str]:
    """Each line of a sheet under the id it begins with."""
    header, *lines = sheet.decode(errors="replace").split("\n")
    found = {"header": header}
    for line in lines:
        name, _, cells = line.rpartition(",[")
        found[name.removeprefix("[")] = f"[{cells.removesuffix(']')}"
    return found
