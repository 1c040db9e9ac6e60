"""What the values of a draw's life say in the ledger: a kind and a body for each.

>>> from randcheck.ledger import Ledger, entries
>>> import randcheck as rc
>>> plan = rc.Plan(id="plan-2026", year=2026, authority="made up")
>>> ledger = Ledger.open("sqlite://")
>>> ledger.append(*entries.plan(plan), actor="bureau").kind
'plan'

Rules enforced here:
1. A body is made of the values themselves, so that no digest is copied by hand.
2. Pure functions; the order is the ledger's to refuse.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from randcheck import canonical
from randcheck.draw import OpenDraw
from randcheck.errors import ParameterError, shorten
from randcheck.ledger.check import Head
from randcheck.plan import Plan
from randcheck.record import DrawRecord
from randcheck.replacement import SubstitutionRecord
from randcheck.stage import OpenStage, StageRecord


class Entry(NamedTuple):
    """What `Ledger.append(*entry, actor=…)` stores."""

    kind: str
    body: dict[str, Any]


def plan(value: Plan, version: int = 1, reason: str | None = None) -> Entry:
    """A version of the year's plan; `reason` from version 2 on."""
    digest = canonical.sha256(canonical.dumps(value.to_json()))
    return Entry("plan", {"id": value.id, "version": version, "sha256": digest, "reason": reason})


def commitment(
    opened: OpenDraw | OpenStage,
    *,
    plan: tuple[str, int] | None = None,
    root: str | None = None,
    sheet: bool = False,
    repeats: str | None = None,
    reason: str | None = None,
) -> Entry:
    """The commitment of a draw or a stage, to be appended before its randomness exists.

    `plan` is the plan's id and version; `root` that of the proofs over the sheet; with `sheet` the
    sheet's digest stands there too, which a small frame can be guessed from. `repeats` is the
    digest of the commitment before for the same task, or on the same record, with its `reason`.
    """
    bound: Any = opened.commitment
    source = {key: bound["source"][key] for key in ("grade", "kind")}
    body: dict[str, Any] = {"commitment_sha256": opened.digest, "source": source}
    body |= {"repeats": repeats, "reason": reason}
    if isinstance(opened, OpenStage):
        if plan is not None or root is not None:
            remedy = "leave them out: a stage has those of its draw"
            raise ParameterError("commitment", shorten((plan, root)), "is a draw's", remedy)
        return Entry("stage commitment", body | {"parent": bound["parent"]})
    body |= {
        "plan": None if plan is None else {"id": plan[0], "version": plan[1]},
        "root": root,
        "sheet_sha256": bound["sheet_sha256"] if sheet else None,
        "task": bound["task"]["id"],
    }
    return Entry("commitment", body)


def randomness(
    opened: OpenDraw | OpenStage | DrawRecord | StageRecord,
    text: str,
    evidence: Mapping[str, Any] | None = None,
) -> Entry:
    """What the source said, for the draw or stage that waits for it, or its record.

    `evidence` is any object; `{"round": 512}` for a source that has rounds.
    """
    body = {"commitment_sha256": _committed(opened), "text": text}
    told = None if evidence is None else dict(evidence)
    return Entry(_prefix(opened) + "randomness", body | {"evidence": told})


def record(value: DrawRecord | StageRecord) -> Entry:
    """The record of a draw or a stage."""
    body = {"commitment_sha256": _committed(value), "record_sha256": value.digest}
    return Entry(_prefix(value) + "record", body)


def confirmation(value: DrawRecord | StageRecord, by: Iterable[str]) -> Entry:
    """That these people confirmed a record."""
    people = sorted(by, key=str.encode)
    return Entry("confirmation", {"record_sha256": value.digest, "by": people})


def substitution(before: DrawRecord | SubstitutionRecord, successor: SubstitutionRecord) -> Entry:
    """A successor of a draw's record, or of the successor before."""
    body = {"parent": before.digest, "successor_sha256": successor.digest}
    return Entry("substitution", body)


def abandoned(opened: OpenDraw | OpenStage | DrawRecord | StageRecord, reason: str) -> Entry:
    """That a draw or a stage goes no further, and why."""
    return Entry("abandoned", {"commitment_sha256": _committed(opened), "reason": reason})


def witness(head: Head, by: str, signature: bytes | None = None) -> Entry:
    """That an outsider saw a head, with the signature that `randcheck.evidence.witness` gave."""
    body = {"head": head.digest, "sequence": head.sequence, "by": by}
    return Entry("witness", body | {"signature": None if signature is None else signature.decode()})


def _committed(value: OpenDraw | OpenStage | DrawRecord | StageRecord) -> str:
    if isinstance(value, DrawRecord):
        return value.commitment.digest
    if isinstance(value, StageRecord):
        return canonical.sha256(canonical.dumps(value.commitment))
    return value.digest


def _prefix(value: OpenDraw | OpenStage | DrawRecord | StageRecord) -> str:
    return "stage " if isinstance(value, OpenStage | StageRecord) else ""
